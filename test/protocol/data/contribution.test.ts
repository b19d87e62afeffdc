import assert from 'node:assert/strict'
import {
  checkStatements,
  contributionState,
  decide,
  expire,
  openVote,
  reveal,
  tally
} from '../../../protocol/data/index.ts'
import type { Certificate, ContributionState, StateName } from '../../../protocol/data/index.ts'
import { jsonl, network, rules, statementsOf, voteOf } from './make.ts'

const statements = statementsOf('ann', jsonl([['a b', 'c']]))
const id = statements.reveal.message.contribution
const certificateOf = (accept: boolean): Certificate => {
  const result = tally(
    id,
    rules.validators,
    ['v1', 'v2', 'v3'].map(name => voteOf(name, id, accept))
  )
  assert.ok(result.state === 'decided')
  return result.certificate
}
const committed: ContributionState = { name: 'committed', at: 1 }
const revealed = reveal(committed, statements, 2)
const voting = openVote(revealed, 3)
const all: Record<StateName, ContributionState> = {
  committed,
  revealed,
  voting,
  accepted: decide(voting, certificateOf(true), statements),
  rejected: decide(voting, certificateOf(false), statements),
  expired: expire(voting)
}
const moves: Record<string, (state: ContributionState) => ContributionState> = {
  reveal: state => reveal(state, statements, 9),
  openVote: state => openVote(state, 9),
  expire,
  accept: state => decide(state, certificateOf(true), statements),
  reject: state => decide(state, certificateOf(false), statements)
}
const allowed: Record<StateName, Record<string, StateName>> = {
  committed: { reveal: 'revealed', expire: 'expired', accept: 'accepted', reject: 'rejected' },
  revealed: { openVote: 'voting', expire: 'expired', accept: 'accepted', reject: 'rejected' },
  voting: { expire: 'expired', accept: 'accepted', reject: 'rejected' },
  accepted: {},
  rejected: { accept: 'accepted' },
  expired: { accept: 'accepted', reject: 'rejected' }
}

describe("data: a contribution's states", () => {
  for (const [from, state] of Object.entries(all)) {
    for (const [move, make] of Object.entries(moves)) {
      const to = allowed[state.name][move]
      it(to === undefined ? `${from} refuses to ${move}` : `${from} becomes ${to} by ${move}`, () => {
        if (to === undefined) assert.throws(() => make(state), { code: 'contribution.state' })
        else assert.equal(make(state).name, to)
      })
    }
  }

  it('says why it expired', () => {
    assert.deepEqual(expire(committed), { name: 'expired', reason: 'not-revealed' })
    assert.equal(expire(revealed).reason, 'no-quorum')
  })

  it('is read from disk as it was written', () => {
    const text = (state: ContributionState): string =>
      JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    for (const state of Object.values(all)) assert.deepEqual(contributionState.parse(JSON.parse(text(state))), state)
    // An older version did not say when a reveal had come.
    const { shown: _, ...older } = voting
    assert.deepEqual(contributionState.parse(JSON.parse(text(older))), older)
    assert.equal(expire(older).name, 'expired')
  })

  it('statements of two people, or for another content, do not belong together', () => {
    assert.equal(checkStatements(network, statements), id)
    const other = statementsOf('bob', jsonl([['a b', 'c']]))
    assert.throws(() => checkStatements(network, { commitment: other.commitment, reveal: statements.reveal }), {
      code: 'signature.mismatch'
    })
    assert.throws(
      () =>
        checkStatements(network, {
          commitment: statementsOf('ann', jsonl([['x y', 'z']])).commitment,
          reveal: statements.reveal
        }),
      { code: 'commitment.mismatch' }
    )
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { commitMs, isSplit, showAt, voteCommitment } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { addressOf, keyOf, network, voteOf } from './make.ts'

const contribution = keccak('a contribution')
const rosterOf = (...weights: number[]) => weights.map((weight, i) => ({ address: addressOf(`v${i + 1}`), weight }))

/** What validators, in the order of the roster, have committed to and shown. */
function ballotOf(says: readonly (boolean | undefined)[], twice: readonly number[] = []) {
  const votes = says.flatMap((accept, i) => (accept === undefined ? [] : [voteOf(`v${i + 1}`, contribution, accept)]))
  const commitTo = (name: string, commitment: `0x${string}`) =>
    signStatement(network, 'VoteCommit', { contribution, validator: addressOf(name), commitment }, keyOf(name))
  const commits = votes.map((vote, i) => commitTo(`v${i + 1}`, voteCommitment(vote.message)))
  return { votes, commits: [...commits, ...twice.map(i => commitTo(`v${i + 1}`, keccak('another vote')))] }
}

describe('data: when votes are shown, and when they come to nothing', () => {
  it('not before two thirds have committed, some time after it, and with half of the window at the latest', () => {
    const voteSeconds = fc.integer({ min: 10, max: 1_000_000 })
    const time = fc.integer({ min: 0, max: 1_000_000_000 })
    fc.assert(
      fc.property(voteSeconds, time, time, time, (voteSeconds, since, took, later) => {
        const half = since + commitMs({ voteSeconds })
        const quorum = Math.min(half, since + took)
        const shown = showAt({ voteSeconds }, since, quorum)
        assert.ok(shown >= quorum && shown <= half)
        assert.ok(shown === half || shown - quorum >= Math.max(5_000, quorum - since))
        assert.ok(showAt({ voteSeconds }, since, quorum + later) >= shown)
      })
    )
  })

  it('they are split where everybody has spoken and neither side can have it', () => {
    const equal = rosterOf(1, 1, 1)
    assert.ok(isSplit(contribution, equal, ballotOf([true, true, false])))
    assert.ok(!isSplit(contribution, equal, ballotOf([true, true])), 'one has not spoken')
    assert.ok(!isSplit(contribution, equal, ballotOf([true, true, true])), 'accepted')
    assert.ok(!isSplit(contribution, equal, ballotOf([true, false, false])), 'rejected')
    assert.ok(isSplit(contribution, rosterOf(1, 1, 1, 0), ballotOf([true, true, false])), 'nobody waits for no weight')
    assert.ok(!isSplit(contribution, rosterOf(0, 0, 0), ballotOf([true, true, false])))
  })

  it('nor where somebody has committed to two votes: others may be shown the other one', () => {
    assert.ok(!isSplit(contribution, rosterOf(1, 1, 1), ballotOf([true, true, false], [2])))
  })
})

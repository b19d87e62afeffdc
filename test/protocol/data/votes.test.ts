import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  checkCertificate,
  checkVoter,
  isDoubleVote,
  opens,
  tally,
  voteCommitment
} from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { addressOf, network, rules, voteOf } from './make.ts'

const contribution = keccak('a contribution')
const roster = rules.validators
const names = ['v1', 'v2', 'v3']
const weighed = (...weights: number[]) => weights.map((weight, i) => ({ address: addressOf(`v${i + 1}`), weight }))

describe('data: votes and certificates', () => {
  it('accepts by more than two thirds of the whole roster, and no less', () => {
    assert.equal(
      tally(
        contribution,
        roster,
        names.slice(0, 2).map(name => voteOf(name, contribution, true))
      ).state,
      'open'
    )
    const full = tally(
      contribution,
      roster,
      names.map(name => voteOf(name, contribution, true))
    )
    assert.ok(full.state === 'decided' && full.certificate.accept)
    checkCertificate(network, roster, full.certificate)
    const heavy = tally(contribution, weighed(5, 2), [voteOf('v1', contribution, true)])
    assert.equal(heavy.state, 'decided')
  })

  it('rejects by more than one third, whatever for', () => {
    assert.equal(tally(contribution, roster, [voteOf('v1', contribution, false)]).state, 'open')
    const two = tally(contribution, roster, [voteOf('v1', contribution, false), voteOf('v2', contribution, false, [7])])
    assert.ok(two.state === 'decided' && !two.certificate.accept)
    checkCertificate(network, roster, two.certificate)
  })

  it('does not add up votes for different rows', () => {
    assert.equal(
      tally(contribution, roster, [
        voteOf('v1', contribution, true, [0]),
        voteOf('v2', contribution, true, [0]),
        voteOf('v3', contribution, true, [0, 1])
      ]).state,
      'open'
    )
  })

  it("counts a validator once, a stranger never, and another contribution's votes not at all", () => {
    assert.deepEqual(
      tally(contribution, roster, [
        voteOf('v1', contribution, true),
        voteOf('v1', contribution, true, [0], keccak('again')),
        voteOf('v1', contribution, true),
        voteOf('mallory', contribution, true),
        voteOf('v2', keccak('other'), true)
      ]),
      { state: 'open', voted: 1, total: 3 }
    )
  })

  it('comes to the same certificate in any order of votes, and never to both', () => {
    const votes = fc
      .array(fc.tuple(fc.constantFrom(1, 2, 3, 4, 5), fc.boolean(), fc.constantFrom([0], [1])), { maxLength: 5 })
      .map(all => new Map(all.map(([n, yes, own]) => [n, voteOf(`v${n}`, contribution, yes, own)])))
    fc.assert(
      fc.property(votes, fc.infiniteStream(fc.nat()), (byValidator, keys) => {
        const all = [...byValidator.values()]
        const shuffled = all
          .map(vote => ({ vote, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ vote }) => vote)
        const wide = weighed(1, 2, 1, 3, 1)
        const result = tally(contribution, wide, all)
        assert.deepEqual(tally(contribution, wide, shuffled), result)
        if (result.state === 'decided') checkCertificate(network, wide, result.certificate)
      }),
      { numRuns: 50 }
    )
  })

  it('refuses certificates that are none', () => {
    const full = tally(
      contribution,
      roster,
      names.map(name => voteOf(name, contribution, true))
    )
    assert.ok(full.state === 'decided')
    const { certificate } = full
    const [one, two, three] = certificate.votes
    assert.ok(one !== undefined && two !== undefined && three !== undefined)
    const refused = (changed: Partial<typeof certificate>, code: string): void => {
      assert.throws(
        () => {
          checkCertificate(network, roster, { ...certificate, ...changed })
        },
        { code }
      )
    }
    refused({ votes: [one, two] }, 'certificate.quorum')
    refused({ votes: [one, two, two] }, 'certificate.votes')
    refused({ votes: [one, two, voteOf('v3', contribution, true, [5])] }, 'certificate.votes')
    refused({ votes: [one, two, voteOf('v3', contribution, false)] }, 'certificate.votes')
    refused({ contribution: keccak('other') }, 'certificate.votes')
    refused({ accept: false }, 'certificate.votes')
    refused({ votes: [one, two, voteOf('mallory', contribution, true)] }, 'vote.not-validator')
    refused({ votes: [one, two, { ...three, signature: one.signature }] }, 'signature.mismatch')
    assert.throws(
      () => {
        checkCertificate({ ...network, chainId: 1 }, roster, certificate)
      },
      { code: 'signature.mismatch' }
    )
  })

  it('opens only the vote that was committed', () => {
    const vote = voteOf('v1', contribution, true)
    const commit = { contribution, validator: addressOf('v1'), commitment: voteCommitment(vote.message) }
    assert.ok(opens(commit, vote.message))
    assert.ok(!opens(commit, voteOf('v1', contribution, false).message))
    assert.ok(!opens(commit, voteOf('v1', contribution, true, [0], keccak('salt')).message))
  })

  it('is only for validators of the roster', () => {
    checkVoter(roster, addressOf('v1'))
    assert.throws(
      () => {
        checkVoter(roster, addressOf('mallory'))
      },
      { code: 'vote.not-validator', consequence: 'reject' }
    )
  })

  it('two verdicts of one validator are evidence, another salt is none', () => {
    const vote = voteOf('v1', contribution, true).message
    assert.ok(isDoubleVote(vote, voteOf('v1', contribution, false).message))
    assert.ok(isDoubleVote(vote, voteOf('v1', contribution, true, [1]).message))
    assert.ok(!isDoubleVote(vote, voteOf('v1', contribution, true, [0], keccak('salt')).message))
    assert.ok(!isDoubleVote(vote, voteOf('v2', contribution, false).message))
  })
})

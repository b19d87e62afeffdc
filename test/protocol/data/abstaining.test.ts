import assert from 'node:assert/strict'
import fc from 'fast-check'
import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  abstention,
  checkCertificate,
  isDoubleVote,
  saidBy,
  supersedes,
  tally,
  totalWeight,
  weightIn
} from '../../../protocol/data/index.ts'
import type { Certificate } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { addressOf, keyOf, network, voteOf } from './make.ts'

const contribution = keccak('a contribution')
const weighed = (...weights: number[]) => weights.map((weight, i) => ({ address: addressOf(`v${i + 1}`), weight }))
const abstain = (name: string, of = contribution) => {
  const message = { contribution: of, validator: addressOf(name), accept: false, outcome: abstention(of) }
  return signStatement(network, 'Vote', { ...message, salt: keccak(name) }, keyOf(name))
}
const accepts = (weights: number[], forIt: string[], abstaining: string[]): boolean => {
  const votes = [...forIt.map(name => voteOf(name, contribution, true)), ...abstaining.map(name => abstain(name))]
  const result = tally(contribution, weighed(...weights), votes)
  if (result.state === 'decided') checkCertificate(network, weighed(...weights), result.certificate)
  return result.state === 'decided' && result.certificate.accept
}

describe('data: abstention', () => {
  it('leaves it to the others, and never to half of the weight or less', () => {
    assert.equal(accepts([1, 1, 1], ['v1', 'v2'], []), false)
    assert.equal(accepts([1, 1, 1], ['v1', 'v2'], ['v3']), true)
    assert.equal(accepts([1, 1, 1], ['v1'], ['v2', 'v3']), false, 'one alone decides nothing')
    assert.equal(accepts([1, 1], ['v1'], ['v2']), false, 'nor does half')
    assert.equal(accepts([6, 1, 1, 1, 1], ['v1'], ['v2']), false, 'six of nine are no more than two thirds')
    assert.equal(accepts([6, 1, 1, 1, 1], ['v1'], ['v2', 'v3']), true)
    const silent = tally(contribution, weighed(1, 1), [abstain('v1'), abstain('v2')])
    assert.deepEqual(silent, { state: 'open', voted: 2, total: 2 })
    // Nor is it a word against anything, however many say it.
    const against = [voteOf('v1', contribution, false), abstain('v2'), abstain('v3')]
    assert.equal(tally(contribution, weighed(1, 1, 1), against).state, 'open')
  })

  it('is told from both sides, and contradicts them', () => {
    const { message } = abstain('v1')
    assert.equal(saidBy(message), 'abstain')
    for (const accept of [true, false]) {
      const other = voteOf('v1', contribution, accept).message
      assert.equal(saidBy(other), accept)
      assert.ok(isDoubleVote(message, other))
    }
    assert.equal(isDoubleVote(message, { ...message, salt: keccak('another') }), false)
    // Of another contribution it is a plain word against this one, as any outcome that nobody else finds.
    assert.equal(saidBy({ ...message, outcome: abstention(keccak('another')) }), false)
  })

  it('in a certificate is worth what was said, once, by validators', () => {
    const roster = weighed(1, 1, 1)
    const votes = ['v1', 'v2'].map(name => voteOf(name, contribution, true))
    const [first] = votes
    assert.ok(first !== undefined)
    const { outcome } = first.message
    const certificate = (beside: Certificate['votes']): Certificate => ({
      contribution,
      accept: true,
      outcome,
      votes: [...votes, ...beside]
    })
    const refused = (beside: Certificate['votes'], code: string): void => {
      assert.throws(() => checkCertificate(network, roster, certificate(beside)), { code })
    }
    checkCertificate(network, roster, certificate([abstain('v3')]))
    refused([], 'certificate.quorum')
    refused([abstain('v2')], 'certificate.votes')
    refused([abstain('v3'), abstain('v3')], 'certificate.votes')
    refused([abstain('v3', keccak('another'))], 'certificate.votes')
    refused([voteOf('v3', contribution, false)], 'certificate.votes')
    refused([abstain('mallory')], 'vote.not-validator')
    const rejecting = [voteOf('v1', contribution, false), abstain('v2')]
    const no: Certificate = { contribution, accept: false, outcome, votes: rejecting }
    assert.throws(() => checkCertificate(network, roster, no), { code: 'certificate.votes' })
  })

  it('comes to the same in any order, more words never undo it, and honest ones never make two of it', () => {
    const vote = fc.constantFrom('for', 'other rows', 'against', 'abstain', 'silent')
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), vote), { minLength: 1, maxLength: 7 }),
        fc.infiniteStream(fc.nat()),
        (voters, keys) => {
          const roster = weighed(...voters.map(([weight]) => weight))
          const votes = voters.flatMap(([, says], i) => {
            const name = `v${i + 1}`
            if (says === 'silent') return []
            if (says === 'abstain') return [abstain(name)]
            return [voteOf(name, contribution, says !== 'against', says === 'for' ? [0] : [0, 1])]
          })
          const shuffled = votes
            .map(one => ({ one, key: keys.next().value }))
            .sort((a, b) => a.key - b.key)
            .map(({ one }) => one)
          const all = tally(contribution, roster, votes)
          assert.deepEqual(tally(contribution, roster, shuffled), all)
          let known: Certificate | undefined
          for (let heard = 1; heard <= shuffled.length; heard++) {
            const now = tally(contribution, roster, shuffled.slice(0, heard))
            if (now.state === 'open') assert.equal(known, undefined, 'what was decided stays so')
            else {
              checkCertificate(network, roster, now.certificate)
              if (known !== undefined) assert.equal(supersedes(now.certificate, known), false)
              known ??= now.certificate
              const forIt = now.certificate.votes.filter(({ message }) => message.accept)
              const weight = weightIn(
                roster,
                forIt.map(({ message }) => message.validator)
              )
              if (now.certificate.accept) assert.ok(weight * 2 > totalWeight(roster))
            }
          }
        }
      ),
      { numRuns: 60 }
    )
  })
})

import { z } from 'zod'
import { signerOf, signedSchema } from '../crypto/index.ts'
import type { Message, Network, Signed } from '../crypto/index.ts'
import { contentHash } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { DataError } from './errors.ts'
import type { Certificate, DatanetRules } from './types.ts'

type Roster = DatanetRules['validators']

const commitments = new WeakMap<Message<'Vote'>, Hex>()

/**
 * What a validator commits to before it sees another's vote. Hashed once for each message, which cannot be changed from
 * then on: with every vote that comes, all that came before are weighed again.
 */
export function voteCommitment(vote: Message<'Vote'>): Hex {
  const known = commitments.get(vote)
  if (known !== undefined) return known
  const hash = contentHash({ ...vote })
  commitments.set(Object.freeze(vote), hash)
  return hash
}

export function weightOf(roster: Roster, validator: Address): number {
  return roster.find(({ address }) => address === validator)?.weight ?? 0
}
export const totalWeight = (roster: Roster): number => roster.reduce((sum, { weight }) => sum + weight, 0)

/** What some accounts weigh in a roster together, each once. */
export const weightIn = (roster: Roster, accounts: Iterable<Address>): number =>
  [...new Set(accounts)].reduce((sum, account) => sum + weightOf(roster, account), 0)

/** Over two thirds of the whole roster's weight: what accepts, seals, and takes down. */
export const isQuorum = (roster: Roster, accounts: Iterable<Address>): boolean =>
  weightIn(roster, accounts) * 3 > totalWeight(roster) * 2

/** All of the roster's weight: nobody waits for a seat whose stake has left. */
export const isEverybody = (roster: Roster, accounts: Iterable<Address>): boolean =>
  weightIn(roster, accounts) === totalWeight(roster)

/** Over one third of it: what no quorum can be had without, and so rejects. */
export const canOppose = (roster: Roster, accounts: Iterable<Address>): boolean =>
  weightIn(roster, accounts) * 3 > totalWeight(roster)

/** What a validator says of a contribution: for it, against it, or that others shall decide. */
export type Said = boolean | 'abstain'
export const said = z.union([z.boolean(), z.literal('abstain')])

/** The outcome of a vote for neither side: it can be told from every other, and contradicts them. */
export const abstention = (contribution: Hex): Hex => contentHash({ contribution, abstains: true })

/** What a vote says. */
export const saidBy = ({ contribution, accept, outcome }: Message<'Vote'>): Said =>
  !accept && outcome === abstention(contribution) ? 'abstain' : accept

/**
 * Over two thirds of the weight that did not abstain, and over half of all there is: who abstains leaves it to the
 * others, and never to a few of them.
 */
export function accepts(roster: Roster, forIt: Iterable<Address>, abstaining: Iterable<Address>): boolean {
  const [weight, total] = [weightIn(roster, forIt), totalWeight(roster)]
  return weight * 3 > (total - weightIn(roster, abstaining)) * 2 && weight * 2 > total
}

/** [reject] A vote, committed or revealed, is a validator's of the roster. @throws DataError `vote.not-validator` */
export function checkVoter(roster: Roster, validator: Address): void {
  if (weightOf(roster, validator) === 0) throw new DataError('vote.not-validator', `${validator} has no vote here`)
}

/** Whether a revealed vote is the one that was committed. */
export const opens = (commit: Message<'VoteCommit'>, vote: Message<'Vote'>): boolean =>
  commit.contribution === vote.contribution &&
  commit.validator === vote.validator &&
  commit.commitment === voteCommitment(vote)

/**
 * Two votes of one validator on one contribution that say different things: evidence that costs its stake. The salt
 * alone is no difference.
 */
export function isDoubleVote(a: Message<'Vote'>, b: Message<'Vote'>): boolean {
  return (
    a.contribution === b.contribution &&
    a.validator === b.validator &&
    (a.accept !== b.accept || a.outcome !== b.outcome)
  )
}

/** Two contradicting votes with their signatures; kept, and shown to the chain. */
export const doubleVote = z.strictObject({ first: signedSchema('Vote'), second: signedSchema('Vote') })
export type DoubleVote = z.infer<typeof doubleVote>

export type Tally =
  | { readonly state: 'open'; readonly voted: number; readonly total: number }
  | { readonly state: 'decided'; readonly certificate: Certificate }

const byValidator = (a: Signed<'Vote'>, b: Signed<'Vote'>): number =>
  a.message.validator < b.message.validator ? -1 : a.message.validator > b.message.validator ? 1 : 0

/** Which of two votes that say the same of one validator stands in a certificate: whichever was heard first. */
const isLess = ({ message: a }: Signed<'Vote'>, { message: b }: Signed<'Vote'>): boolean =>
  a.outcome === b.outcome ? a.salt < b.salt : a.outcome < b.outcome

/**
 * Weighs verified votes on one contribution. Accepted: over two thirds of the weight that did not abstain for one
 * outcome, and over half of all. Rejected: over one third of all against, whatever for. A validator that says different
 * things counts for each of them, once: who hears only one of its votes counts that one, so only so does everybody come
 * to the same, in whatever order votes are heard. With less than a third of the weight that did not abstain it moves
 * nothing, and it costs the stake.
 */
export function tally(contribution: Hex, roster: Roster, votes: readonly Signed<'Vote'>[]): Tally {
  const against = new Map<Address, Signed<'Vote'>>()
  const abstaining = new Map<Address, Signed<'Vote'>>()
  const outcomes = new Map<Hex, Map<Address, Signed<'Vote'>>>()
  const voted = new Set<Address>()
  for (const vote of votes) {
    const { validator, outcome } = vote.message
    if (vote.message.contribution !== contribution || weightOf(roster, validator) === 0) continue
    voted.add(validator)
    const says = saidBy(vote.message)
    const forIt = outcomes.get(outcome) ?? new Map<Address, Signed<'Vote'>>()
    const group = says === 'abstain' ? abstaining : says ? forIt : against
    if (says === true) outcomes.set(outcome, group)
    const known = group.get(validator)
    if (known === undefined || isLess(vote, known)) group.set(validator, vote)
  }
  const certificateOf = (
    accept: boolean,
    group: ReadonlyMap<Address, Signed<'Vote'>>,
    beside: readonly Signed<'Vote'>[] = []
  ): Certificate => {
    const sorted = [...group.values()].sort(byValidator)
    const votes = [...sorted, ...beside].sort(byValidator)
    return { contribution, accept, outcome: sorted[0]?.message.outcome ?? contribution, votes }
  }
  for (const outcome of [...outcomes.keys()].sort()) {
    const group = outcomes.get(outcome)
    if (group === undefined) continue
    if (isQuorum(roster, group.keys())) return { state: 'decided', certificate: certificateOf(true, group) }
    // Who says both counts for it, as whoever has heard only that would count it.
    const beside = [...abstaining.values()].filter(({ message }) => !group.has(message.validator))
    if (
      accepts(
        roster,
        group.keys(),
        beside.map(({ message }) => message.validator)
      )
    )
      return { state: 'decided', certificate: certificateOf(true, group, beside) }
  }
  if (canOppose(roster, against.keys())) return { state: 'decided', certificate: certificateOf(false, against) }
  return { state: 'open', voted: weightIn(roster, voted), total: totalWeight(roster) }
}

/** Weighs what opens its commitment. */
export const tallyOpened = (
  contribution: Hex,
  roster: Roster,
  { commits, votes }: { readonly commits: readonly Signed<'VoteCommit'>[]; readonly votes: readonly Signed<'Vote'>[] }
): Tally =>
  tally(
    contribution,
    roster,
    votes.filter(vote => commits.some(commit => opens(commit.message, vote.message)))
  )

/**
 * Whether everybody has voted and it is a quorum neither way: nothing that may still come decides it. Who has committed
 * to two votes may show others the other one, so where somebody has, the window is waited for.
 */
export function isSplit(
  contribution: Hex,
  roster: Roster,
  ballot: { readonly commits: readonly Signed<'VoteCommit'>[]; readonly votes: readonly Signed<'Vote'>[] }
): boolean {
  const found = tallyOpened(contribution, roster, ballot)
  const committed = ballot.commits.map(({ message }) => message.validator)
  const isOnce = new Set(committed).size === committed.length
  return isOnce && found.state === 'open' && found.total > 0 && found.voted === found.total
}

/**
 * Whether a certificate is one, from nothing but the rules and the votes in it.
 * @throws DataError `certificate.votes` (a vote on something else, or a validator twice), `certificate.quorum`,
 * `vote.not-validator` · InvalidError `signature.mismatch`
 */
export function checkCertificate(network: Network, roster: Roster, certificate: Certificate): void {
  const { contribution, accept, outcome, votes } = certificate
  const seen = new Set<Address>()
  const abstaining = new Set<Address>()
  for (const vote of votes) {
    const { message } = vote
    const says = saidBy(message)
    // [reject] Every vote is on this contribution and says what the certificate says, or abstains where it accepts;
    // against, each may have its own grounds.
    const isMeant = says === 'abstain' ? accept : says === accept && (!accept || message.outcome === outcome)
    if (message.contribution !== contribution || !isMeant)
      throw new DataError('certificate.votes', 'a vote in the certificate is on something else')
    // [reject] A validator is counted once.
    if (seen.has(message.validator) || abstaining.has(message.validator))
      throw new DataError('certificate.votes', `${message.validator} stands in the certificate twice`)
    if (says === 'abstain') abstaining.add(message.validator)
    else seen.add(message.validator)
    // [reject] Every vote is signed by a validator of the roster.
    checkVoter(roster, message.validator)
    if (signerOf(network, vote) !== message.validator)
      throw new InvalidError('signature.mismatch', `a vote is not signed by ${message.validator}`)
  }
  // [reject] Over two thirds of what did not abstain, and over half of all, accept; over one third of all reject.
  if (!(accept ? accepts(roster, seen, abstaining) : canOppose(roster, seen)))
    throw new DataError(
      'certificate.quorum',
      `a weight of ${weightIn(roster, seen)} of ${totalWeight(roster)} is no quorum`
    )
}

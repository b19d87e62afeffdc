import { floorDiv } from './rational.ts'

// Who leads. A rank is a lower confidence bound of what an account's rows were good for, less what was refused of
// them; how many there are is in it nowhere. Two things it has to keep: over however many accounts uploads are spread,
// the sum of their ranks is no higher; nor is it if rows are added that are accepted and add nothing. A number that is
// never negative and keeps both cannot heed refusals at all, since whatever was refused would be another account's. So
// what was refused is taken off, and a rank may be below zero; and the bound is that of answers, not of a rate, since
// rates of two accounts come to twice as much.

/** What is known of an account in one Datanet: rows of its decided contributions, and what they are worth. */
export interface Offered {
  readonly rows: number
  /** Of them those that were accepted as its own. */
  readonly taken: number
  /** Held-out value in 1e-6: what its rows add to a true answer, a mean over the questions; null: not measured yet. */
  readonly value: bigint | null
}

const unit = 1_000_000n
/** z² of the bounds: two standard deviations, so that one in fifty is worse. */
const zSquared = 4n
/** Answers of a hundred that as many refused rows cost as one contribution may have. */
const refusedCost = 10n

/** The least whole number whose square is no smaller. */
function rootUp(value: bigint): bigint {
  if (value < 2n) return value
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1)
  for (;;) {
    const next = (root + value / root) >> 1n
    if (next >= root) break
    root = next
  }
  return root * root < value ? root + 1n : root
}

/**
 * The lower end of Wilson's interval (1927) for a share of which `good` of `of` trials were good, in 1e-6, rounded
 * down: few trials say little, and none nothing.
 */
export function leastShare(good: number, of: number): bigint {
  if (of === 0) return 0n
  const [s, n] = [BigInt(good), BigInt(of)]
  // (s + z²/2 − z·√(s(n − s)/n + z²/4)) / (n + z²), with z² = 4
  const spread = rootUp((zSquared * (s * (n - s) + n) * unit * unit + n - 1n) / n)
  const bound = floorDiv((s + zSquared / 2n) * unit - spread, n + zSquared)
  return bound < 0n ? 0n : bound
}

/** Right answers that are owed to the rows, of each hundred held-out questions, in 1e-6. */
export const answersOf = ({ value }: Pick<Offered, 'value'>): bigint => (value ?? 0n) * 100n

/**
 * An account's rank in one Datanet, in 1e-6 of an answer: a² ÷ (a + 4) − 10·r ÷ m, with a the right answers owed to
 * its rows of each hundred held-out questions, r its refused rows, and m the most that one contribution may have.
 * a ÷ (a + 4) is Wilson's bound where a of a trials were good; what makes answers worse counts as it is.
 */
export function rankOf(offered: Offered, maxRows: number): bigint {
  const answers = answersOf(offered)
  const sure = answers > 0n ? (answers * answers) / (answers + zSquared * unit) : answers
  const most = BigInt(maxRows)
  const cost = (refusedCost * unit * BigInt(offered.rows - offered.taken) + most - 1n) / most
  return sure - cost
}

export interface Ranked extends Offered {
  readonly account: string
  readonly rank: bigint
}

/**
 * The highest rank first; where ranks are equal, as before anything was measured, whose rows are accepted most surely.
 */
export function byRank(a: Ranked, b: Ranked): number {
  if (a.rank !== b.rank) return a.rank < b.rank ? 1 : -1
  const [left, right] = [leastShare(a.taken, a.rows), leastShare(b.taken, b.rows)]
  if (left !== right) return left < right ? 1 : -1
  return a.account < b.account ? -1 : a.account > b.account ? 1 : 0
}

/** A number of millionths with two digits after the point. */
export const hundredths = (millionths: bigint): string => (Number(millionths) / 1e6).toFixed(2)

/** The arithmetic of a rank, as it stands beside the number. */
export function rankInWords(offered: Offered, maxRows: number): string {
  const answers = answersOf(offered)
  const refused = offered.rows - offered.taken
  const worth =
    offered.value === null
      ? '0 (not measured yet)'
      : answers > 0n
        ? `${hundredths(answers)}² ÷ (${hundredths(answers)} + ${zSquared})`
        : hundredths(answers)
  const cost = refused === 0 ? '' : ` − ${refusedCost} × ${refused} ÷ ${maxRows}`
  return `${worth}${cost} = ${hundredths(rankOf(offered, maxRows))}`
}

/** What the letters of that arithmetic are, once for all of a list. */
export const rankRule =
  'rank = a² ÷ (a + 4) − 10 × r ÷ m: a are right answers owed to the rows, of each hundred held-out questions ' +
  '(below zero as it is), r refused rows, m the most rows of one contribution; how many rows were accepted is not in it'

/** What became later of what a validator said; trials are contributions. */
export interface Judgement {
  /** Its vote, and what the rows of that contributor turned out to be worth, go the same way, or do not. */
  readonly borneOut: number
  readonly refuted: number
  /** It did not vote on, while it sat. */
  readonly missed: number
  readonly doubleVotes: number
}

/** A validator's rank in 1e-6: how surely later evidence bears its votes out. Two votes on one thing are worth none. */
export const validatorRank = ({ borneOut, refuted, missed, doubleVotes }: Judgement): bigint =>
  doubleVotes > 0 ? 0n : leastShare(borneOut, borneOut + refuted + missed)

export const validatorRule =
  'rank = how surely (Wilson, two standard deviations) a vote is borne out: of votes on contributions that were ' +
  'accepted, those for rows that add to right held-out answers and against rows that take from them; votes that ' +
  'were missed count as wrong, and who voted twice has none'

/** Whether a vote on what was accepted is borne out by the value of its contributor's rows; undefined: nobody knows. */
export const isBorneOut = (accept: boolean, value: bigint | null): boolean | undefined =>
  value === null || value === 0n ? undefined : accept === value > 0n

import { coalitionsWith } from './coalitions.ts'

// What an answer owes to whom, from its weights: the numbers that the credit bar and its panels show.

export interface CreditInput {
  readonly players: readonly string[]
  readonly coalitions: readonly string[]
  /** Of each coalition, in 1e-4. */
  readonly utilities: readonly number[]
  /** φ of each account, in 1e-6. */
  readonly weights: Readonly<Record<string, string>>
}

export interface Credit {
  readonly account: string
  /** φ, of one. */
  readonly weight: number
  /** Of the whole answer, the base model's own part included; 0 for who made it less likely. */
  readonly share: number
  /** Of what contributors added, and so of the data's part of the fee. */
  readonly ofData: number
  /** How likely the answer is with everybody's rows, and without this account's; null where that was not measured. */
  readonly without: number | null
}

export interface Credits {
  /** The largest first. */
  readonly credits: readonly Credit[]
  /** How likely the answer is by the base model alone, and by the model. */
  readonly base: number
  readonly full: number
  /** What the base model would have said anyhow, as a share of the answer. */
  readonly baseShare: number
  /** What contributors added whose rows do not seem to be about it, all of them together. */
  readonly othersShare: number
}

const utilityUnit = 1e4
const weightUnit = 1e6

/** Parts of an answer: the base model's own, and what each contributor's rows added. */
export function creditsOf({ players, coalitions, utilities, weights }: CreditInput): Credits {
  const { empty, full, without } = coalitionsWith(players.length, coalitions)
  const likely = (at: number | undefined): number | null =>
    at === undefined ? null : (utilities[at] ?? 0) / utilityUnit
  const [base, all] = [likely(empty) ?? 0, likely(full) ?? 0]
  const added = players.map(account => Number(weights[account] ?? 0) / weightUnit)
  // Weights and what nobody in particular adds are all that the model says more than the base.
  const others = Math.round((all - base - added.reduce((sum, weight) => sum + weight, 0)) * weightUnit) / weightUnit
  const data = [...added, others].reduce((sum, weight) => sum + Math.max(0, weight), 0)
  const whole = base + data
  const credits = players.map((account, player): Credit => {
    const weight = added[player] ?? 0
    const counts = Math.max(0, weight)
    return {
      account,
      weight,
      share: whole === 0 ? 0 : counts / whole,
      ofData: data === 0 ? 0 : counts / data,
      without: likely(without(player))
    }
  })
  return {
    credits: credits.sort((a, b) => b.weight - a.weight),
    base,
    full: all,
    baseShare: whole === 0 ? 1 : base / whole,
    othersShare: whole === 0 ? 0 : Math.max(0, others) / whole
  }
}

/** A part of an amount, rounded down: about what of the data's part of a fee is somebody's. */
export const partOf = (amount: string, share: number): bigint =>
  (BigInt(amount) * BigInt(Math.round(share * 1e9))) / 1_000_000_000n

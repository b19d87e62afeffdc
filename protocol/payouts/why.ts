import type { Network } from '../crypto/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import { measureOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { scoringsOf } from './check.ts'
import { earningOf, partsOf } from './epoch.ts'
import { receiptId } from './leaves.ts'
import { heldOutValues } from './held-out.ts'
import type { EpochBundle, Measured, PayoutLine } from './types.ts'
import { divisionOf, foundBy } from './weighing.ts'
import type { Division } from './weighing.ts'

// Why an epoch pays an account what it pays: the same arithmetic as in epoch.ts, told for one account. Nothing here
// decides anything; whoever has the bundle finds the same.

/** What decided that an account got nothing, or that it got something. */
export type ShareRule =
  /** Its rows made answers better, and held-out ones too. */
  | 'paid'
  /** It is no player of the models that answered: none of its rows was in the version that they learnt. */
  | 'no-player'
  /** Held-out answers are no better for its rows. */
  | 'gate'
  /** Its rows made the answers of this epoch no better. */
  | 'value'
  /** Nobody's rows made them better, or nobody asked: all is shared out with the next epoch. */
  | 'nobody'

export function shareRule({ value, gate, share }: PayoutLine, held: boolean): ShareRule {
  if (share > 0n) return 'paid'
  if (gate === null) return 'no-player'
  if (gate <= 0n) return 'gate'
  if (value <= 0n) return 'value'
  return held ? 'nobody' : 'paid' // a share below the smallest unit
}

/** A utility with all rows, without one player's, and with nobody's (the base alone); in 1e-4, or sums of such. */
export interface WithAndWithout {
  readonly full: number
  /** Null where the coalition without just this player was not drawn to be measured. */
  readonly without: number | null
  readonly empty: number
}

/** What a model's answers to the held-out questions owe to a player. */
export interface GateReason extends WithAndWithout {
  readonly model: Hex
  readonly questions: number
  /** In 1e-6, summed over the questions. */
  readonly value: bigint
}

/** What one answer brought an account. */
export interface AnswerReason {
  readonly receipt: Hex
  readonly model: Hex
  readonly division: Division
  readonly fee: bigint
  /** What of the fee is the data's, in 1e-4 of the token's smallest unit. */
  readonly dataFee: bigint
  /** φ in 1e-6; null where the answer is not weighed, or the account is no player of the model. */
  readonly weight: bigint | null
  /** What was measured of it; null as `weight`. */
  readonly utilities: WithAndWithout | null
  /** About what of the account's share this answer brought: negative where its rows made it worse. */
  readonly money: bigint
}

/** An epoch that was looked through once: asked for one account or many. */
export interface EpochReasons {
  readonly bundle: EpochBundle
  /** What the weighed answers share out together; and the ones that nobody may see, by model. */
  readonly weighed: bigint
  readonly heldOut: ReadonlyMap<Hex, bigint>
  /** Σ of the values that count: of who passes the gate. */
  readonly values: bigint
  readonly answers: { readonly weighed: number; readonly heldOut: number; readonly none: number }
  gates(account: Address): GateReason[]
  /** In the bundle's order, from a position on. */
  answersOf(account: Address, from: number, limit: number): AnswerReason[]
}

/** @param texts whose utilities are summed */
const withAndWithout = (
  { players, coalitions, matrix }: Measure,
  account: Address,
  texts: readonly Measured[]
): WithAndWithout | undefined => {
  const sum = (at: number): number => texts.reduce((total, { utilities }) => total + (utilities[at] ?? 0), 0)
  const player = players.indexOf(account)
  if (player < 0) return undefined
  const others = (1n << BigInt(players.length)) - 1n - (1n << BigInt(player))
  const at = coalitions.indexOf(String(others))
  return {
    full: sum(matrix.full),
    without: at < 0 ? null : sum(at),
    empty: sum(matrix.empty)
  }
}

/** @throws InvalidError as earningOf, measureOf: where the bundle is none that follows the rules */
export function reasonsOf(network: Network, bundle: EpochBundle): EpochReasons {
  const { receipts, payouts, dataFees } = bundle
  const named = new Map(bundle.models.map(model => [model.model, measureOf(model)]))
  const measures = new Map(
    receipts.map(({ receipt: { message } }) => [message.model, named.get(message.model) ?? null] as const)
  )
  const input = { network, measures, scorings: scoringsOf(network, bundle) }
  const earnings = receipts.map(receipt => earningOf(receipt, input))
  const parts = partsOf(
    dataFees,
    earnings.flatMap(earning => earning ?? [])
  )
  const counts = (line: PayoutLine): boolean => line.value > 0n && (line.gate ?? 0n) > 0n
  const lines = new Map(payouts.map(line => [line.account, line]))
  const divisions = receipts.map(receipt => divisionOf(receipt, measures.get(receipt.receipt.message.model) ?? null))
  const count = (kind: Division): number => divisions.filter(division => division === kind).length

  function answer(index: number, account: Address): AnswerReason[] {
    const receipt = receipts[index]
    if (receipt === undefined) return []
    const { model, fee } = receipt.receipt.message
    const id = receiptId(network, receipt)
    const earning = earnings[index]
    const line = lines.get(account)
    const player = earning?.measure.players.indexOf(account) ?? -1
    const weight = player < 0 ? null : (earning?.weights?.[player] ?? null)
    const found = weight === null ? undefined : foundBy(input.scorings.get(id) ?? [])?.measured
    const dataFee = earning?.dataFee ?? 0n
    const money =
      line !== undefined && weight !== null && counts(line)
        ? ((line.share - line.heldOutShare) * dataFee * weight) / line.value
        : 0n
    return [
      {
        receipt: id,
        model,
        division: divisions[index] ?? 'none',
        fee,
        dataFee,
        weight,
        utilities:
          earning === undefined || found === undefined
            ? null
            : (withAndWithout(earning.measure, account, [found]) ?? null),
        money
      }
    ]
  }

  return {
    bundle,
    weighed: parts.weighed,
    heldOut: new Map([...parts.heldOut].map(([{ model }, money]) => [model, money])),
    values: payouts.reduce((sum, line) => (counts(line) ? sum + line.value : sum), 0n),
    answers: { weighed: count('weighed'), heldOut: count('held-out'), none: count('none') },
    gates: account =>
      bundle.heldOut.flatMap((document): GateReason[] => {
        const { model, questions } = document
        const measure = named.get(model)
        const truths = questions.map(({ truth }) => truth)
        const found = measure && withAndWithout(measure, account, truths)
        if (measure === undefined || found === undefined) return []
        const value = heldOutValues(document, measure).truth[measure.players.indexOf(account)] ?? 0n
        return [{ model, questions: questions.length, value, ...found }]
      }),
    answersOf: (account, from, limit) =>
      Array.from({ length: Math.max(0, Math.min(limit, receipts.length - from)) }, (_, i) => from + i).flatMap(index =>
        answer(index, account)
      )
  }
}

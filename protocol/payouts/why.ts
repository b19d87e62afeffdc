import type { Network } from '../crypto/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { Measure } from './attribution.ts'
import { buildersOf, measuresOf, scoringsOf } from './check.ts'
import { assignedOf, earningOf } from './epoch.ts'
import { calibrationUnit } from './bounds.ts'
import { divideAnswer } from './division.ts'
import type { Part } from './division.ts'
import { heldOutValues } from './held-out.ts'
import type { HeldOutValues } from './held-out.ts'
import { receiptId } from './leaves.ts'
import { payOfWord } from './scoring.ts'
import { dividedBy } from './sharing.ts'
import type { EpochBundle, Measured, PayoutLine } from './types.ts'
import { keptOf, partKept } from './vesting.ts'
import { divisionOf, foundBy } from './weighing.ts'
import type { Division } from './weighing.ts'

// Why an epoch pays an account what it pays: the same arithmetic as in epoch.ts, told for one account. Nothing here
// decides anything; whoever has the bundle finds the same.

/** What decided that an account got nothing, or that it got something. */
export type ShareRule =
  /** Its rows made answers better, and held-out ones too. */
  | 'paid'
  /** It has weighed answers, and its words counted; its rows brought it nothing. */
  | 'scoring'
  /** It is no player of the models that answered: none of its rows was in the version that they learnt. */
  | 'no-player'
  /** Held-out answers are no better for its rows: nothing that it adds to others is believed. */
  | 'gate'
  /** Its rows made the answers of this epoch no better, and what goes by held-out values came to nothing. */
  | 'value'
  /** Nobody's rows are worth anything on held-out questions, or nothing came in: it is held. */
  | 'nobody'

export function shareRule(
  { value, gate, share, scoringShare }: Pick<PayoutLine, 'value' | 'gate' | 'share' | 'scoringShare'>,
  held: boolean
): ShareRule {
  if (share > scoringShare) return 'paid'
  if (share > 0n) return 'scoring'
  if (gate === null) return 'no-player'
  if (gate <= 0n) return 'gate'
  if (held) return 'nobody'
  return value <= 0n ? 'value' : 'paid' // a share below the smallest unit
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
  /** H in 1e-6, summed over the questions: of their true answers. */
  readonly value: bigint
  /** O in 1e-6, summed: of the model's own answers, where its rows made them likelier. */
  readonly own: bigint
  /** cal in 1e-6: how far what its rows add to answers is believed. */
  readonly calibration: bigint
  /** b in 1e-6: the most that counts of what its rows add to an answer. */
  readonly most: bigint
  /** h in 1e-6: its part of what goes by held-out values. */
  readonly part: bigint
}

/** What one answer brought an account. */
export interface AnswerReason {
  readonly receipt: Hex
  readonly model: Hex
  readonly division: Division
  readonly fee: bigint
  /** What the answer brought the pool. */
  readonly dataFee: bigint
  /** φ in 1e-6; null where the answer is not weighed, or the account is no player of the model. */
  readonly weight: bigint | null
  /**
   * φ in 1e-6 of what would have been answered without those to whom it is not believed to owe: what of the answer does
   * not count goes by that. Null where all of it goes by `weight` and held-out values.
   */
  readonly counterfactual: bigint | null
  /** What was measured of it; null as `weight`. */
  readonly utilities: WithAndWithout | null
  /** What of the account's share this answer brought; what of that by held-out values, and for its word on it. */
  readonly money: bigint
  readonly heldOut: bigint
  readonly scoring: bigint
  /** What comes on top later, if no later version says otherwise. */
  readonly keptBack: bigint
}

/** An epoch that was looked through once: asked for one account or many. */
export interface EpochReasons {
  readonly bundle: EpochBundle
  /** What went to scorers for words that counted. */
  readonly scoring: bigint
  /** What weighed answers brought besides; and what unseen answers and fees without a receipt did, by model. */
  readonly weighed: bigint
  readonly heldOut: ReadonlyMap<Hex, bigint>
  /** What was held before, or given, and is divided now by held-out values. */
  readonly released: bigint
  /** What of weighed answers', unseen answers' and fees' money is kept back for later evidence. */
  readonly keptBack: bigint
  /** What earlier epochs had kept back and this one pays; and how much of that goes to others than they would have. */
  readonly vested: bigint
  readonly resettled: bigint
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
  const { receipts, data } = bundle
  const measures = measuresOf(bundle)
  const values = new Map<Hex, HeldOutValues>()
  for (const document of bundle.heldOut) {
    const measure = measures.get(document.model)
    if (measure !== null && measure !== undefined) values.set(document.model, heldOutValues(document, measure))
  }
  const input = { ...bundle, network, measures, builders: buildersOf(bundle), scorings: scoringsOf(network, bundle) }
  const assigned = assignedOf(input)
  const { money } = assigned
  const earnings = receipts.map((_, i) => (money[i]?.length === 0 ? undefined : earningOf(i, input, assigned)))
  const divisions = receipts.map(receipt => divisionOf(receipt, measures.get(receipt.receipt.message.model) ?? null))
  const count = (kind: Division): number => divisions.filter(division => division === kind).length
  const models = new Map(bundle.settled.map(({ channel, model }) => [channel, model]))

  let [weighed, scoring] = [0n, 0n]
  const heldOut = new Map<Hex, bigint>()
  // What nobody has a held-out value for is held.
  const isDivided = (model: Hex | undefined): model is Hex =>
    model !== undefined && (values.get(model)?.total ?? 0n) > 0n
  const unseen = (model: Hex | undefined, money: bigint): void => {
    if (isDivided(model)) heldOut.set(model, (heldOut.get(model) ?? 0n) + money)
  }
  receipts.forEach(({ receipt }, i) => {
    const [{ model }, own] = [receipt.message, (money[i] ?? []).reduce((sum, piece) => sum + piece, 0n)]
    const paid = (money[i] ?? []).reduce((sum, piece) => sum + payOfWord(piece), 0n)
    const words = BigInt(earnings[i]?.words.length ?? 0) * paid
    scoring += words
    // What is drawn, and nobody knows the weights of, is held.
    if ((assigned.scorers[i] ?? []).length === 0) unseen(model, own)
    else if (isDivided(model) && earnings[i]?.weights !== null) weighed += own - words
  })
  for (const { channel, data: money } of bundle.unreceipted) unseen(models.get(channel), money)
  const added = bundle.kept.rows.filter(({ epoch }) => epoch === bundle.epoch)
  const keptBack = keptOf({ rows: added })
  const keeps = new Set(added.map(({ model }) => model))
  const keptPart = (model: Hex, money: bigint): bigint =>
    keeps.has(model) ? partKept(money, bundle.keeping?.share ?? 0) : 0n
  const shared = bundle.payouts.reduce(
    (sum, { share, scoringShare, vestedShare }) => sum + share - scoringShare - vestedShare,
    keptBack
  )
  const brought = [...heldOut.values()].reduce((sum, money) => sum + money, weighed)

  function answer(index: number, account: Address): AnswerReason[] {
    const receipt = receipts[index]
    if (receipt === undefined) return []
    const { model, fee } = receipt.receipt.message
    const id = receiptId(network, receipt)
    const earning = earnings[index]
    const known = values.get(model)
    const player = earning?.measure.players.indexOf(account) ?? -1
    const weights = earning?.weights
    const weight = player < 0 ? null : (weights?.players[player] ?? null)
    const found = weight === null ? undefined : foundBy(input.scorings.get(id) ?? [])?.measured
    const words = earning?.words ?? []
    const by = earning === undefined || known === undefined ? undefined : dividedBy(earning, known)
    const divided = (of: (left: bigint) => bigint): (Part[] | null)[] =>
      (money[index] ?? []).map(piece =>
        known === undefined || weights === null
          ? null
          : divideAnswer(of(piece - BigInt(words.length) * payOfWord(piece)), by, known)
      )
    const [parts, later] = [divided(left => left - keptPart(model, left)), divided(left => keptPart(model, left))]
    const scoring = words.includes(account)
      ? (money[index] ?? []).reduce((sum, piece) => sum + payOfWord(piece), 0n)
      : 0n
    const sumOf = (list: typeof parts, of: (part: Part | undefined) => bigint): bigint =>
      list.reduce((sum, players) => sum + of(players?.[player]), 0n)
    return [
      {
        receipt: id,
        model,
        division: divisions[index] ?? 'none',
        fee,
        dataFee: data[index] ?? 0n,
        weight,
        counterfactual: by === undefined || by === weights ? null : (earning?.counterfactual?.players[player] ?? null),
        utilities:
          earning === undefined || found === undefined
            ? null
            : (withAndWithout(earning.measure, account, [found]) ?? null),
        money: sumOf(parts, part => part?.share ?? 0n) + scoring,
        heldOut: sumOf(parts, part => part?.heldOut ?? 0n),
        scoring,
        keptBack: sumOf(later, part => part?.share ?? 0n)
      }
    ]
  }

  return {
    bundle,
    scoring,
    weighed,
    heldOut,
    released: shared > brought ? shared - brought : 0n,
    keptBack,
    vested: bundle.payouts.reduce((sum, { vestedShare }) => sum + vestedShare, 0n),
    resettled: bundle.payouts.reduce((sum, { resettled }) => (resettled > 0n ? sum + resettled : sum), 0n),
    answers: { weighed: count('weighed'), heldOut: count('held-out'), none: count('none') },
    gates: account =>
      bundle.heldOut.flatMap(({ model, questions }): GateReason[] => {
        const [measure, known] = [measures.get(model), values.get(model)]
        if (measure === undefined || measure === null || known === undefined) return []
        const truths = questions.map(({ truth }) => truth)
        const found = withAndWithout(measure, account, truths)
        const player = measure.players.indexOf(account)
        if (found === undefined) return []
        return [
          {
            model,
            questions: questions.length,
            value: known.truth[player] ?? 0n,
            own: known.own[player] ?? 0n,
            calibration: known.calibration[player] ?? 0n,
            most: known.most[player] ?? 0n,
            part: known.total === 0n ? 0n : ((known.positive[player] ?? 0n) * calibrationUnit) / known.total,
            ...found
          }
        ]
      }),
    answersOf: (account, from, limit) =>
      Array.from({ length: Math.max(0, Math.min(limit, receipts.length - from)) }, (_, i) => from + i).flatMap(index =>
        answer(index, account)
      )
  }
}

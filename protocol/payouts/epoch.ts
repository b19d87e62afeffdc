import { InvalidError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { Network } from '../crypto/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { weightsOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import { heldOutValues } from './held-out.ts'
import { payoutsTree, receiptId, receiptsTree } from './leaves.ts'
import { settle, settledLines, settledOf } from './settled.ts'
import { divide } from './shares.ts'
import type { EpochBundle, HeldOutDocument, PayoutLine, Scored } from './types.ts'
import { divisionOf, foundBy } from './weighing.ts'

// What an epoch pays: the pool's undistributed money (every data share that channels have paid in and no epoch before
// has given to anybody). Sharing out what the pool got, rather than what receipts predict, makes every smallest unit of
// the contract's rounding somebody's. It is divided twice: among weighed answers together and the unseen ones of each
// model, in proportion to their data fees; then each part among players, the first in proportion to what each player's
// data added to the answers, the others in proportion to what it is worth on held-out questions.

export interface EpochInput {
  readonly network: Network
  readonly pool: Hex
  readonly epoch: number
  /** As selected: ordered, each place once. */
  readonly receipts: readonly CosignedReceipt[]
  /** What scorers found, by receipt; of every receipt that is divided by its own weights. */
  readonly scorings: ReadonlyMap<Hex, readonly Scored[]>
  readonly measures: ReadonlyMap<Hex, Measure | null>
  readonly heldOut: ReadonlyMap<Hex, HeldOutDocument>
  /** All that ever came into the pool. */
  readonly deposited: bigint
  /** The epoch's time, chain seconds. */
  readonly at: bigint
  /** When the channels of its receipts end. */
  readonly expiries: ReadonlyMap<Hex, bigint>
  readonly previous: PreviousEpoch | undefined
}

/** The epoch before, with the CID of its bundle: what the next one is made on top of. */
export interface PreviousEpoch {
  readonly cid: string
  readonly bundle: Pick<EpochBundle, 'payouts' | 'payoutsTotal' | 'settled' | 'at'>
}

/** An answer that earns something for its data. */
export interface Earning {
  readonly measure: Measure
  /** Its fee times its model's data points: data fees in 1e-4 of the token's smallest unit. */
  readonly dataFee: bigint
  /** φ of each player; undefined where held-out values take their place. */
  readonly weights: readonly bigint[] | undefined
}

type EarningInput = Pick<EpochInput, 'network' | 'measures' | 'scorings'>

/**
 * What one answer earns; undefined where its model has no siblings, or it has no tokens.
 * @throws InvalidError `epoch.measure`, `epoch.scoring` · as weightsOf
 */
export function earningOf(receipt: CosignedReceipt, input: EarningInput): Earning | undefined {
  const { model, fee } = receipt.receipt.message
  const measure = input.measures.get(model)
  if (measure === undefined) throw new InvalidError('epoch.measure', `the measure of model ${model} is missing`)
  if (measure === null) return undefined
  const dataFee = fee * BigInt(measure.dataPoints)
  switch (divisionOf(receipt, measure)) {
    case 'none':
      return undefined
    case 'held-out':
      return { measure, dataFee, weights: undefined }
    case 'weighed': {
      const id = receiptId(input.network, receipt)
      const found = foundBy(input.scorings.get(id) ?? [])
      if (found === undefined) throw new InvalidError('epoch.scoring', `nobody has weighed the receipt ${id}`)
      return { measure, dataFee, weights: weightsOf(measure, found.measured).players }
    }
  }
}

/** V_c = Σ_a d(a)·φ_c(a), in 1e-10 of the token's smallest unit; of all players of the answers, in their order. */
function valuesOf(earnings: readonly Earning[]): Map<Address, bigint> {
  const values = new Map<Address, bigint>()
  for (const { measure, dataFee, weights } of earnings) {
    measure.players.forEach((player, i) => {
      values.set(player, (values.get(player) ?? 0n) + dataFee * (weights?.[i] ?? 0n))
    })
  }
  return values
}

/** Sums of data fees by model, in the order in which answers name them. */
function feesOf(earnings: readonly Earning[]): Map<Measure, bigint> {
  const fees = new Map<Measure, bigint>()
  for (const { measure, dataFee } of earnings) fees.set(measure, (fees.get(measure) ?? 0n) + dataFee)
  return fees
}

/**
 * Held-out values over the epoch's models: Σ_m d(m)·value_m / (questions_m·Σ_m d(m)), in 1e-6 and rounded away from
 * zero so that the sign is kept. With one model it is that model's mean.
 */
function gatesOf(earnings: readonly Earning[], gates: ReadonlyMap<Hex, HeldOutDocument>): Map<Address, bigint> {
  const weighed = [...feesOf(earnings)].map(([measure, fee]) => {
    const document = gates.get(measure.model)
    const gate = document && heldOutValues(document, measure)
    if (gate === undefined)
      throw new InvalidError('epoch.held-out', `the held-out values of model ${measure.model} are missing`)
    return { gate, measure, fee }
  })
  const questions = weighed.reduce((product, { gate }) => product * BigInt(gate.questions || 1), 1n)
  const total = weighed.reduce((sum, { fee }) => sum + fee, 0n)
  const sums = new Map<Address, bigint>()
  for (const { gate, measure, fee } of weighed) {
    measure.players.forEach((player, i) => {
      sums.set(
        player,
        (sums.get(player) ?? 0n) + fee * (gate.truth[i] ?? 0n) * (questions / BigInt(gate.questions || 1))
      )
    })
  }
  return new Map([...sums].map(([player, sum]) => [player, awayFromZero(sum, questions * total)]))
}

function awayFromZero(value: bigint, divisor: bigint): bigint {
  if (divisor === 0n || value === 0n) return 0n
  const rest = value % divisor === 0n ? 0n : 1n
  return value < 0n ? value / divisor - rest : value / divisor + rest
}

/**
 * Shares of an amount: max(0, V), nothing for who does not pass the gate, by largest remainder; all of it is held when
 * nobody earned.
 */
export function sharesOf(
  amount: bigint,
  values: readonly bigint[],
  gates: readonly (bigint | null)[]
): { shares: bigint[]; held: bigint } {
  const earned = values.map((value, i) => (value > 0n && (gates[i] ?? 0n) > 0n ? value : 0n))
  if (!earned.some(value => value > 0n)) return { shares: values.map(() => 0n), held: amount }
  return { shares: divide(amount, earned), held: 0n }
}

/** A part of the money by the positive held-out values of its model: all of it is held when nobody has one. */
function heldOutShares(amount: bigint, values: readonly bigint[]): { shares: bigint[]; held: bigint } {
  const positive = values.map(value => (value > 0n ? value : 0n))
  return sharesOf(amount, positive, positive)
}

/** The money as it belongs to the weighed answers together, and to the unseen ones of each model. */
export function partsOf(
  amount: bigint,
  earnings: readonly Earning[]
): { weighed: bigint; heldOut: Map<Measure, bigint>; held: bigint } {
  const weighed = earnings.reduce((sum, { dataFee, weights }) => (weights === undefined ? sum : sum + dataFee), 0n)
  const unseen = [...feesOf(earnings.filter(({ weights }) => weights === undefined))]
  const fees = [weighed, ...unseen.map(([, fee]) => fee)]
  if (!fees.some(fee => fee > 0n)) return { weighed: 0n, heldOut: new Map(), held: amount }
  const [first = 0n, ...others] = divide(amount, fees)
  return { weighed: first, heldOut: new Map(unseen.map(([measure], i) => [measure, others[i] ?? 0n])), held: 0n }
}

/**
 * An epoch from its receipts. Pure, so that whoever has the same receipts and reads the same chain makes the same
 * bundle.
 * @throws InvalidError `epoch.held-out`, `epoch.measure`, `epoch.scoring` (something is missing) · `epoch.deposited`
 * (the pool got less than was paid out) · `epoch.time` (it is before the last one) · `settled.*`
 */
export function buildEpoch(input: EpochInput): EpochBundle {
  const { network, pool, epoch, receipts, scorings, heldOut: gates, deposited, previous } = input
  const before = previous?.bundle.payoutsTotal ?? 0n
  if (deposited < before)
    throw new InvalidError('epoch.deposited', 'the pool got less than earlier epochs have given away')
  if (input.at < (previous?.bundle.at ?? 0n))
    throw new InvalidError('epoch.time', 'the epoch is of a time before the one before it')
  const settled = settle(
    settledOf(previous?.bundle.settled ?? []),
    receipts.map(({ receipt }) => receipt.message),
    input.expiries,
    input.at
  )
  const dataFees = deposited - before
  const earnings = receipts.flatMap(receipt => earningOf(receipt, input) ?? [])
  const values = valuesOf(earnings)
  const gate = gatesOf(earnings, gates)
  const parts = partsOf(dataFees, earnings)
  const cumulative = new Map(previous?.bundle.payouts.map(line => [line.account, line.cumulative]))
  const accounts = [...new Set([...cumulative.keys(), ...values.keys()])]
  const weighed = sharesOf(
    parts.weighed,
    accounts.map(account => values.get(account) ?? 0n),
    accounts.map(account => gate.get(account) ?? null)
  )
  let held = parts.held + weighed.held
  const heldOut = new Map<Address, bigint>()
  for (const [measure, amount] of parts.heldOut) {
    const { model, players } = measure
    const document = gates.get(model)
    const divided = heldOutShares(amount, document === undefined ? [] : heldOutValues(document, measure).truth)
    held += divided.held
    players.forEach((player, i) => {
      heldOut.set(player, (heldOut.get(player) ?? 0n) + (divided.shares[i] ?? 0n))
    })
  }
  const payouts = accounts.map((account, i): PayoutLine => {
    const heldOutShare = heldOut.get(account) ?? 0n
    const share = (weighed.shares[i] ?? 0n) + heldOutShare
    return {
      account,
      value: values.get(account) ?? 0n,
      gate: gate.get(account) ?? null,
      share,
      heldOutShare,
      cumulative: (cumulative.get(account) ?? 0n) + share
    }
  })
  const models = [...feesOf(earnings).keys()]
  const receiptsRoot = receiptsTree(network, receipts).root
  const payoutsRoot = payoutsTree(payouts).root
  return {
    pool,
    epoch,
    previous: previous?.cid ?? null,
    receipts: [...receipts],
    receiptsRoot: receiptsRoot.hash,
    receiptsTotal: receiptsRoot.sum,
    scorings: receipts.flatMap((receipt, at) =>
      (scorings.get(receiptId(network, receipt)) ?? []).map(({ scorer, signature, utilities, candidates }) => ({
        receipt: at,
        scorer,
        signature,
        utilities,
        candidates
      }))
    ),
    models: models.map(({ model, players, coalitions, dataPoints }) => ({ model, players, coalitions, dataPoints })),
    heldOut: models.flatMap(({ model }) => gates.get(model) ?? []),
    deposited,
    dataFees,
    payouts,
    payoutsRoot: payoutsRoot.hash,
    payoutsTotal: payoutsRoot.sum,
    held,
    at: input.at,
    settled: settledLines(settled)
  }
}

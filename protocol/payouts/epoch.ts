import { InvalidError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { Network } from '../crypto/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import type { Measure } from './attribution.ts'
import { payoutsTree, receiptsTree } from './leaves.ts'
import { divide } from './shares.ts'
import type { EpochBundle, GateDocument, PayoutLine } from './types.ts'

// What an epoch pays. The pool's undistributed money (every data share that channels have paid in and no epoch before
// has
// given to anybody) is divided in proportion to what each player's data added to the epoch's answers. Sharing out what
// the
// pool got, rather than what receipts predict, makes every smallest unit of the contract's rounding somebody's.

export interface EpochInput {
  readonly network: Network
  readonly pool: Hex
  readonly epoch: number
  /** As selected: ordered, each place once. */
  readonly receipts: readonly CosignedReceipt[]
  readonly measures: ReadonlyMap<Hex, Measure>
  readonly gates: ReadonlyMap<Hex, GateDocument>
  /** All that ever came into the pool. */
  readonly deposited: bigint
  /** The epoch before, with the CID of its bundle. */
  readonly previous:
    | { readonly cid: string; readonly bundle: Pick<EpochBundle, 'payouts' | 'payoutsTotal'> }
    | undefined
}

/**
 * V_c = Σ_a fee(a)·φ_c(a), in 1e-6 of the token's smallest unit; of the players of the receipts' models, in their
 * order.
 */
export function valuesOf(receipts: readonly CosignedReceipt[]): Map<Address, bigint> {
  const values = new Map<Address, bigint>()
  for (const { receipt, attribution } of receipts) {
    attribution?.players.forEach((player, i) => {
      values.set(player, (values.get(player) ?? 0n) + receipt.message.fee * (attribution.weights[i] ?? 0n))
    })
  }
  return values
}

/**
 * Held-out values over the epoch's models: Σ_m fees(m)·value_m / (questions_m·Σ_m fees(m)), in 1e-6 and rounded away
 * from
 * zero so that the sign is kept. With one model it is that model's mean.
 */
export function gatesOf(
  receipts: readonly CosignedReceipt[],
  gates: ReadonlyMap<Hex, GateDocument>,
  measures: ReadonlyMap<Hex, Measure>
): Map<Address, bigint> {
  const fees = new Map<Hex, bigint>()
  for (const {
    receipt: { message },
    attribution
  } of receipts) {
    if (attribution !== null) fees.set(message.model, (fees.get(message.model) ?? 0n) + message.fee)
  }
  const weighed = [...fees].map(([model, fee]) => {
    const [gate, measure] = [gates.get(model), measures.get(model)]
    if (gate === undefined || measure === undefined)
      throw new InvalidError('epoch.gate', `the held-out values of model ${model} are missing`)
    return { gate, measure, fee }
  })
  const questions = weighed.reduce((product, { gate }) => product * BigInt(gate.questions || 1), 1n)
  const total = weighed.reduce((sum, { fee }) => sum + fee, 0n)
  const sums = new Map<Address, bigint>()
  for (const { gate, measure, fee } of weighed) {
    measure.players.forEach((player, i) => {
      sums.set(
        player,
        (sums.get(player) ?? 0n) + fee * (gate.values[i] ?? 0n) * (questions / BigInt(gate.questions || 1))
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

/**
 * An epoch from its receipts. Pure, so that whoever has the same receipts and reads the same chain makes the same
 * bundle.
 * @throws InvalidError `epoch.gate` (a weighed model without gate) · `epoch.deposited` (the pool got less than was paid
 * out)
 */
export function buildEpoch({
  network,
  pool,
  epoch,
  receipts,
  measures,
  gates,
  deposited,
  previous
}: EpochInput): EpochBundle {
  const before = previous?.bundle.payoutsTotal ?? 0n
  if (deposited < before)
    throw new InvalidError('epoch.deposited', 'the pool got less than earlier epochs have given away')
  const dataFees = deposited - before
  const values = valuesOf(receipts)
  const gate = gatesOf(receipts, gates, measures)
  const cumulative = new Map(previous?.bundle.payouts.map(line => [line.account, line.cumulative]))
  const accounts = [...new Set([...cumulative.keys(), ...values.keys()])]
  const { shares, held } = sharesOf(
    dataFees,
    accounts.map(account => values.get(account) ?? 0n),
    accounts.map(account => gate.get(account) ?? null)
  )
  const payouts = accounts.map((account, i): PayoutLine => {
    const share = shares[i] ?? 0n
    return {
      account,
      value: values.get(account) ?? 0n,
      gate: gate.get(account) ?? null,
      share,
      cumulative: (cumulative.get(account) ?? 0n) + share
    }
  })
  const models = [
    ...new Set(receipts.filter(({ attribution }) => attribution !== null).map(({ receipt }) => receipt.message.model))
  ]
  const slim = receipts.map(slimReceipt)
  const receiptsRoot = receiptsTree(network, slim).root
  const payoutsRoot = payoutsTree(payouts).root
  return {
    pool,
    epoch,
    previous: previous?.cid ?? null,
    receipts: slim,
    receiptsRoot: receiptsRoot.hash,
    receiptsTotal: receiptsRoot.sum,
    models: models.flatMap(model => {
      const measure = measures.get(model)
      return measure === undefined ? [] : [{ model, players: measure.players, coalitions: measure.coalitions }]
    }),
    gates: models.flatMap(model => gates.get(model) ?? []),
    deposited,
    dataFees,
    payouts,
    payoutsRoot: payoutsRoot.hash,
    payoutsTotal: payoutsRoot.sum,
    held
  }
}

/** A receipt without what was asked and answered. */
export function slimReceipt({
  receipt,
  clientSignature,
  client,
  worker,
  attribution
}: CosignedReceipt): CosignedReceipt {
  return { receipt, clientSignature, client, worker, attribution }
}

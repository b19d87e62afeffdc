import { InvalidError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { Network } from '../crypto/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { counterfactualWeights, weightsOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import type { KeptBackRule } from '../data/types.ts'
import { heldOutValues } from './held-out.ts'
import type { MeasuredModel } from './held-out.ts'
import { nothingKept } from './kept.ts'
import type { ModelStanding } from './kept.ts'
import { payoutsTree, receiptId, receiptsTree } from './leaves.ts'
import { assign } from './round.ts'
import type { Assigned } from './round.ts'
import { noGain, pieceOf, shareOut } from './sharing.ts'
import type { Due } from './sharing.ts'
import type { Weights } from './shapley.ts'
import { linesOf, settle, settledLines, settledOf } from './settled.ts'
import type { ChannelLine, Settled, Unreceipted } from './settled.ts'
import { lengthOf } from './paid.ts'
import { bundleFormat } from './types.ts'
import type { EpochBundle, HeldOutDocument, LeadingModel, PayoutLine, Scored } from './types.ts'
import { keptOf, ledgerAfter, released, rowsAdded, standingFrom } from './vesting.ts'
import type { Divided } from './vesting.ts'
import { foundBy, keptScorings } from './weighing.ts'

// What an epoch pays. Each answer's money is what its channel really paid into the pool for it, and is divided by that
// answer alone, after those who have weighed it were paid a small part of it (see scoring.ts); so whoever signs
// receipts with friends, or leaves others' out, moves nothing of what others' pay to whom, and gets back at most what
// was paid in. Fees that never find a receipt go by the held-out values of the model
// that they paid for.
//
// What neither divides is held: what was given to the pool outside of channels, and what models have brought that
// nothing good is known of. The next epoch divides it by the held-out values of the model whose rows add most to right
// answers of all that were divided by then. No receipt moves that, whatever it pays: to turn it one needs a better
// model of the same questions. It waits for one epoch, so that a settler who leaves receipts out turns nothing either.

export interface EpochInput {
  readonly network: Network
  readonly pool: Hex
  readonly epoch: number
  /** As selected: ordered, each place once. */
  readonly receipts: readonly CosignedReceipt[]
  /** What each brought the pool. */
  readonly data: readonly bigint[]
  /** What fees without a receipt brought it. */
  readonly dataOf: (fees: Unreceipted) => bigint
  /** Of the pool's channels. */
  readonly channels: ReadonlyMap<Hex, ChannelLine>
  /** What scorers found, by receipt: words that count of those who were drawn. */
  readonly scorings: ReadonlyMap<Hex, readonly Scored[]>
  /** Of the models whose fees are divided: null for those that nothing is measured of. The fees of others wait. */
  readonly measures: ReadonlyMap<Hex, Measure | null>
  readonly heldOut: ReadonlyMap<Hex, HeldOutDocument>
  /** All that ever came into the pool, and what of it came out of no channel. */
  readonly deposited: bigint
  readonly donated: bigint
  /** The epoch's time, chain seconds. */
  readonly at: bigint
  readonly previous: PreviousEpoch | undefined
  /** What chance has said once the receipts stood on chain. */
  readonly seed: Hex
  readonly panel: readonly Address[]
  /** Who built the models, and of which version of the Datanet each is. */
  readonly builders: ReadonlyMap<Hex, Address>
  readonly versions: ReadonlyMap<Hex, number>
  /** What the Datanet keeps back of data fees. */
  readonly keeping: KeptBackRule | null
}

/** The epoch before, with the CID of its bundle: what the next one is made on top of. */
export interface PreviousEpoch {
  readonly cid: string
  readonly bundle: Pick<EpochBundle, 'payouts' | 'settled' | 'at' | 'held' | 'donated' | 'leading' | 'kept'>
}

/** An answer of a model that something is measured of. */
export interface Earning {
  readonly measure: Measure
  /**
   * φ of each player; undefined where held-out values take their place; null where nobody knows: neither worker nor
   * client gave the content, or most of its scorers do not agree. Then it is nobody's, and what its worker's answer
   * brought is held.
   */
  readonly weights: Weights | undefined | null
  /** φ of what would have been answered without those whom nobody believes; undefined where it was not measured. */
  readonly counterfactual?: Weights | undefined
  /** Whose words on it count: drawn, committed, shown, and within one unit of the median. */
  readonly words: readonly Address[]
}

/** Who weighs which of an epoch's answers. */
export const assignedOf = (
  input: Pick<EpochInput, 'network' | 'receipts' | 'data' | 'measures' | 'builders' | 'seed' | 'panel'>
): Assigned =>
  assign(input.network, input.receipts, {
    seed: input.seed,
    panel: input.panel,
    data: input.data,
    parties: new Map(
      [...input.measures].map(([model, measure]) => {
        const builder = input.builders.get(model)
        return [model, measure === null || builder === undefined ? null : { builder, players: measure.players }]
      })
    )
  })

/**
 * How one answer is divided; undefined where nothing is measured of its model.
 * @throws InvalidError `epoch.measure` · as weightsOf
 */
export function earningOf(
  at: number,
  input: Pick<EpochInput, 'network' | 'receipts' | 'measures' | 'scorings'>,
  { scorers }: Pick<Assigned, 'scorers'>
): Earning | undefined {
  const receipt = input.receipts[at]
  const model = receipt?.receipt.message.model
  const measure = model === undefined ? undefined : input.measures.get(model)
  if (receipt === undefined || measure === undefined)
    throw new InvalidError('epoch.measure', `the measure of model ${model} is missing`)
  if (measure === null) return undefined
  if ((scorers[at] ?? []).length === 0) return { measure, weights: undefined, words: [] }
  const said = input.scorings.get(receiptId(input.network, receipt)) ?? []
  const found = foundBy(said)
  if (found?.settled !== true) return { measure, weights: null, words: [] }
  return {
    measure,
    weights: weightsOf(measure, found.measured),
    counterfactual: counterfactualWeights(measure, found.measured),
    words: said.flatMap(({ scorer }, i) => (found.counts[i] === true ? [scorer] : [])).slice(0, keptScorings)
  }
}

/** What each model has brought. */
function sumsOf(dues: readonly Due[]): Map<Hex, bigint> {
  const sums = new Map<Hex, bigint>()
  for (const { model, money } of dues) sums.set(model, (sums.get(model) ?? 0n) + money)
  return sums
}

/**
 * Held-out values over the epoch's models: Σ_m d(m)·H_m / (questions_m·Σ_m d(m)), in 1e-6 and rounded away from zero so
 * that the sign is kept. With one model it is that model's mean. Told, not paid by.
 */
function gatesOf(measured: readonly MeasuredModel[], brought: ReadonlyMap<Hex, bigint>): Map<Address, bigint> {
  const asked = ({ values }: MeasuredModel): bigint => BigInt(values.questions || 1)
  const moneyOf = ({ measure }: MeasuredModel): bigint => brought.get(measure.model) ?? 0n
  const questions = measured.reduce((product, one) => product * asked(one), 1n)
  const total = measured.reduce((sum, one) => sum + moneyOf(one), 0n)
  const sums = new Map<Address, bigint>()
  for (const one of measured) {
    const scale = total === 0n ? 1n : moneyOf(one)
    one.measure.players.forEach((player, i) => {
      const part = scale * (one.values.truth[i] ?? 0n) * (questions / asked(one))
      sums.set(player, (sums.get(player) ?? 0n) + part)
    })
  }
  return new Map([...sums].map(([player, sum]) => [player, awayFromZero(sum, questions * (total || 1n))]))
}

function awayFromZero(value: bigint, divisor: bigint): bigint {
  const rest = value % divisor === 0n ? 0n : 1n
  return value < 0n ? value / divisor - rest : value / divisor + rest
}

/**
 * What an epoch divides, in the order of its receipts, then fees without one. A model's weighed money goes by the
 * answers that were drawn: by the mean of their shares, cut into whole units.
 */
function duesOf(input: EpochInput, unreceipted: readonly Unreceipted[]): Due[] {
  const assigned = assignedOf(input)
  return [
    ...input.receipts.flatMap((receipt, i) => {
      const pieces = assigned.money[i] ?? []
      const earning = pieces.length === 0 ? undefined : earningOf(i, input, assigned)
      return pieces.map(money => ({
        model: receipt.receipt.message.model,
        money,
        weights: earning?.weights,
        counterfactual: earning?.counterfactual,
        words: earning?.words ?? []
      }))
    }),
    ...unreceipted.map(fees => ({ model: fees.model, money: input.dataOf(fees), weights: undefined }))
  ]
}

/** The models that are named, in this order; null for those that nothing is measured of. */
function modelsOf(names: Iterable<Hex>, { measures, heldOut }: EpochInput): Map<Hex, MeasuredModel | null> {
  const models = new Map<Hex, MeasuredModel | null>()
  for (const model of new Set(names)) {
    const measure = measures.get(model)
    if (measure === undefined) throw new InvalidError('epoch.measure', `the measure of model ${model} is missing`)
    const document = heldOut.get(model)
    if (measure !== null && document === undefined)
      throw new InvalidError('epoch.held-out', `the held-out values of model ${model} are missing`)
    models.set(
      model,
      measure === null || document === undefined ? null : { measure, values: heldOutValues(document, measure) }
    )
  }
  return models
}

/** What of dues is divided among players, by the models that brought it. */
function piecesBy(
  dues: readonly Due[],
  models: ReadonlyMap<Hex, MeasuredModel | null>,
  versions: EpochInput['versions']
): Map<Hex, { standing: ModelStanding; pieces: Divided[] }> {
  const found = new Map<Hex, { standing: ModelStanding; pieces: Divided[] }>()
  for (const due of dues) {
    const known = models.get(due.model) ?? null
    const piece = pieceOf(due, known)
    if (known === null || piece === null) continue
    const one = found.get(due.model) ?? { standing: standingIn(known, versions), pieces: [] }
    one.pieces.push(piece)
    found.set(due.model, one)
  }
  return found
}

/** [reject] It is known of which version a model is. */
function standingIn(known: MeasuredModel, versions: EpochInput['versions']): ModelStanding {
  const { model } = known.measure
  const version = versions.get(model)
  if (version === undefined) throw new InvalidError('epoch.measure', `the version of model ${model} is missing`)
  return standingFrom(known, version)
}

/** The model that leads after an epoch: whose rows add most to right answers; of equal ones the earlier. */
function leadingAfter(before: LeadingModel | null, measured: readonly MeasuredModel[]): LeadingModel | null {
  return measured.reduce<LeadingModel | null>((leading, { measure: { model, players }, values }) => {
    if (values.total === 0n || values.gain <= (leading?.gain ?? 0n)) return leading
    const worth = players.flatMap((account, i) => {
      const own = values.positive[i] ?? 0n
      return own > 0n ? [{ account, worth: own }] : []
    })
    return { model, gain: values.gain, worth }
  }, before)
}

/**
 * An epoch from its receipts. Pure, so that whoever has the same receipts and reads the same chain makes the same
 * bundle.
 * @throws InvalidError `epoch.held-out`, `epoch.measure` (something is missing) · `epoch.deposited`
 * (the pool got less than was shared out) · `epoch.time` (it is before the last one) · `settled.*`
 */
export function buildEpoch(input: EpochInput): EpochBundle {
  const { network, pool, epoch, receipts, scorings, deposited, donated, previous, at, versions } = input
  if (at < (previous?.bundle.at ?? 0n))
    throw new InvalidError('epoch.time', 'the epoch is of a time before the one before it')
  const before: Settled = settledOf(previous?.bundle.settled ?? [])
  const { settled, unreceipted } = settle(
    before,
    linesOf(before, input.channels, at),
    receipts.map(({ receipt }) => receipt.message),
    model => input.measures.has(model),
    at
  )
  const given = donated - (previous?.bundle.donated ?? 0n)
  const dues = duesOf(input, unreceipted)
  const models = modelsOf(
    [...receipts.map(({ receipt }) => receipt.message), ...unreceipted].map(({ model }) => model),
    input
  )
  // Only what an epoch before has held, by who led after it: by then its receipts and those before it were counted.
  const money = previous?.bundle.held ?? 0n
  const measured = [...models.values()].flatMap(model => model ?? [])
  const keeping = { rule: input.keeping, epoch, at, before: previous?.bundle.kept ?? nothingKept }
  const added = rowsAdded(piecesBy(dues, models, versions), keeping)
  const vested = released(keeping)
  const { gains, held: unowned } = shareOut(
    dues,
    models,
    { money, by: previous?.bundle.leading?.worth ?? [] },
    { share: input.keeping?.share ?? 0, models: new Set(added.map(({ model }) => model)) },
    vested.parts
  )
  const held = unowned + given + vested.undivided
  const standings = measured.map(one => standingIn(one, versions))
  const kept = ledgerAfter(keeping, added, standings)
  const keptBack = keptOf(kept)
  const gates = gatesOf(measured, sumsOf(dues))
  const lines = new Map(previous?.bundle.payouts.map(line => [line.account, line]))
  const payouts = [...new Set([...lines.keys(), ...gains.keys()])].map((account): PayoutLine => {
    const line = lines.get(account)
    const { value, share, heldOut, scoring, vested: vestedShare, resettled } = gains.get(account) ?? noGain
    return {
      account,
      value,
      gate: gates.get(account) ?? null,
      share,
      heldOutShare: heldOut,
      scoringShare: scoring,
      vestedShare,
      resettled,
      cumulative: (line?.cumulative ?? 0n) + share,
      scoringTotal: (line?.scoringTotal ?? 0n) + scoring
    }
  })
  const [receiptsRoot, payoutsRoot] = [receiptsTree(network, receipts).root, payoutsTree(payouts).root]
  const open = deposited - payoutsRoot.sum - held - keptBack
  if (open < 0n || given < 0n) throw new InvalidError('epoch.deposited', 'the pool got less than the epochs share out')
  return {
    format: bundleFormat,
    pool,
    epoch,
    previous: previous?.cid ?? null,
    seed: input.seed,
    panel: [...input.panel],
    receipts: [...receipts],
    receiptsRoot: receiptsRoot.hash,
    receiptsTotal: receiptsRoot.sum,
    scorings: receipts.flatMap((receipt, i) =>
      (scorings.get(receiptId(network, receipt)) ?? []).map(word => ({ receipt: i, ...word }))
    ),
    models: measured.map(({ measure: { model, players, coalitions, dataPoints } }) => ({
      model,
      players,
      coalitions,
      dataPoints
    })),
    builders: measured.flatMap(({ measure }) => input.builders.get(measure.model) ?? []),
    versions: standings.map(({ version }) => version),
    heldOut: measured.flatMap(({ measure }) => input.heldOut.get(measure.model) ?? []),
    data: receipts.map((_, i) => input.data[i] ?? 0n),
    unreceipted: unreceipted.map(fees => ({
      channel: fees.channel,
      fees: lengthOf(fees.stretches),
      data: input.dataOf(fees)
    })),
    unmeasured: [...models].flatMap(([model, known]) => (known === null ? [model] : [])),
    deposited,
    donated,
    dataFees: payouts.reduce(
      (sum, { share, vestedShare }) => sum + share - vestedShare,
      held + keptOf({ rows: added })
    ),
    payouts,
    payoutsRoot: payoutsRoot.hash,
    payoutsTotal: payoutsRoot.sum,
    held,
    keeping: input.keeping,
    kept,
    keptBack,
    open,
    leading: leadingAfter(previous?.bundle.leading ?? null, measured),
    at,
    settled: settledLines(settled)
  }
}

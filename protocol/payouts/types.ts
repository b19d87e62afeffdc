import { z } from 'zod'
import { address, amount, bytes32, cidText, int, signature, uint } from '../primitives/hex.ts'
import { signedSchema } from '../crypto/schema.ts'
import { coalitionText, maxCoalitions, maxPlayers } from '../jobs/types.ts'
import { cosignedReceipt, opening } from '../models/types.ts'
import { keptBackRule } from '../data/types.ts'
import { maxAccounts, maxCandidates, maxEpochModels } from './bounds.ts'
import { keptLedger, nothingKept } from './kept.ts'
import { maxSettledChannels, settledChannel } from './settled.ts'

/**
 * How a model's answers are weighed: whose data it is made of (bit i of a coalition is player i), and which coalitions
 * have an adapter.
 */
export const modelMeasure = z.strictObject({
  model: bytes32,
  players: z.array(address).min(1).max(maxPlayers),
  coalitions: z.array(coalitionText).min(2).max(maxCoalitions),
  /** What of its fees goes to the data, in basis points, as it is registered. */
  dataPoints: z.int().min(0).max(10_000)
})
export type ModelMeasure = z.infer<typeof modelMeasure>

/** u_S of each coalition in the job's order, rounded to 1e-4. */
const utilities = z.array(z.int().min(0).max(10_000)).max(maxCoalitions)

/** What is measured of one text under one model; its weights follow from it (`weightsOf`). */
const measuredFields = {
  utilities,
  /**
   * Players whose rows are about the text, by their places in the measure, ascending. Stated, since whoever checks
   * weights later does not have the text.
   */
  candidates: z
    .array(
      z
        .int()
        .min(0)
        .max(maxPlayers - 1)
    )
    .max(maxCandidates)
}
export const measured = z.strictObject(measuredFields)
export type Measured = z.infer<typeof measured>

/** What is measured of one answer. */
const weighedFields = {
  ...measuredFields,
  /** u_S of what would have been answered without those to whom it is not believed to owe (counterfactual.ts). */
  counterfactual: utilities.optional()
}
export interface MeasuredAnswer extends Measured {
  counterfactual?: number[] | undefined
}

/**
 * Utilities and weights of one answer (see attribution.ts): utilities in 1e-4, weights in 1e-6, decimal on the wire.
 */
export const attribution = z.strictObject({
  model: bytes32,
  /** The candidates, by their accounts: nobody else has a weight. */
  players: z.array(address).max(maxCandidates),
  ...weighedFields,
  /** φ of each of them, in 1e-6, and of all who are no candidates together; they sum to u_N − u_∅ exactly. */
  weights: z.array(int(64)).max(maxCandidates),
  others: int(64)
})
export type Attribution = z.infer<typeof attribution>

/** Held-out questions that a model is measured on; of more, so many in equal steps. */
export const maxHeldOutQuestions = 256

/**
 * What a model's players are worth on its Datanet's held-out questions (see held-out.ts): for each question, what is
 * measured of its true answer and of the model's own. It belongs to the model version; no receipt moves it.
 */
export const heldOutDocument = z.strictObject({
  model: bytes32,
  questions: z
    .array(
      z.strictObject({
        truth: measured,
        own: measured,
        /** Who has written it; nobody of whom it would have to be said where it is the founder's. */
        writer: address.optional()
      })
    )
    .max(maxHeldOutQuestions)
})
export type HeldOutDocument = z.infer<typeof heldOutDocument>

/**
 * A model by what its rows add to the true answers of held-out questions, all together, a mean in 1e-6; and what each
 * player's do, where it is good.
 */
export const leadingModel = z.strictObject({
  model: bytes32,
  gain: amount,
  worth: z
    .array(z.strictObject({ account: address, worth: amount }))
    .min(1)
    .max(maxPlayers)
})
export type LeadingModel = z.infer<typeof leadingModel>

/**
 * One account's line of an epoch. `value` is Σ d·φ over the weighed answers, d being what an answer brought the pool,
 * in 1e-6 of the token's smallest unit: what its rows did to them, for better and worse; `gate` its held-out value
 * (null: no player of this epoch's models), a mean over questions and models in 1e-6, rounded away from zero; `share`
 * what this epoch adds to `cumulative`, which is all it may claim from this pool, `heldOutShare` what of it goes by
 * held-out values, and `scoringShare` what of it is for words on answers that counted; `scoringTotal` is what of
 * `cumulative` is. Epochs of before words were paid for say nothing of it. `vestedShare` is what of `share` earlier
 * epochs had kept back, and `resettled` by how much that is more, or less, than their own division would have given.
 */
export const payoutLine = z.strictObject({
  account: address,
  value: int(256),
  gate: int(256).nullable(),
  share: amount,
  heldOutShare: amount,
  scoringShare: amount.default(0n),
  vestedShare: amount.default(0n),
  resettled: int(256).default(0n),
  cumulative: amount,
  scoringTotal: amount.default(0n)
})
export type PayoutLine = z.infer<typeof payoutLine>

/** Scorers that answer for one epoch, as the contract bounds them. */
export const mostPanel = 9
/** Hashes from a word up to what its scorer has committed to. */
const path = z.array(bytes32).max(20)

/** What a scorer found for one receipt, as far as it does not follow from the model's measure. */
export const scored = z.strictObject({ scorer: address, signature, path, ...weighedFields })
export type Scored = z.infer<typeof scored>

/** The form of bundles as they are made now. */
export const bundleFormat = 2

const bundleFields = z.strictObject({
  /** Of a bundle's form. One that says none is of before anything was kept back: it keeps nothing. */
  format: z.union([z.literal(1), z.literal(bundleFormat)]).default(1),
  pool: bytes32,
  epoch: z.int().min(1),
  /** CID of the epoch before; null for the first. */
  previous: cidText.nullable(),
  /** What chance has said after the receipts stood on chain: which answers are weighed, by whom of the panel. */
  seed: bytes32,
  panel: z.array(address).max(mostPanel),
  /** Ordered by (channel, sequence). */
  receipts: z.array(cosignedReceipt).max(100_000),
  receiptsRoot: bytes32,
  receiptsTotal: amount,
  /** By receipt, then by scorer; `receipt` is its position. */
  scorings: z.array(scored.extend({ receipt: z.int().min(0).max(100_000) })).max(300_000),
  /** Measures of the models whose answers earn something, in the order in which receipts name them … */
  models: z.array(modelMeasure).max(maxEpochModels),
  /** … who built each, and weighs none of its answers … */
  builders: z.array(address).max(maxEpochModels),
  /** … of which version of the Datanet each is … */
  versions: z.array(z.int().min(1)).max(maxEpochModels).default([]),
  /** … and what their players are worth on held-out questions. */
  heldOut: z.array(heldOutDocument).max(maxEpochModels),
  /** What each receipt brought the pool on chain. */
  data: z.array(amount).max(100_000),
  /** Fees for which two epochs have found no receipt: by channel, with what they brought the pool. */
  unreceipted: z.array(z.strictObject({ channel: bytes32, fees: amount, data: amount })).max(maxSettledChannels),
  /** Models whose fees are held, since nothing is measured of them: no siblings, or too little for the data. */
  unmeasured: z.array(bytes32).max(maxEpochModels),
  /** All that ever came into the pool when this epoch was made, as the chain said; and what of it out of no channel. */
  deposited: amount,
  donated: amount,
  /**
   * What this epoch divides: what its fees brought, what was given, and what the epoch before held. What is paid
   * of what earlier epochs kept back comes on top.
   */
  dataFees: amount,
  /**
   * Every account of this pool that ever earned or was a player: those of the epoch before in their order, then new
   * ones in the order of players, then scorers in the order of what they weighed.
   */
  payouts: z.array(payoutLine).max(maxAccounts),
  payoutsRoot: bytes32,
  payoutsTotal: amount,
  /** What of dataFees no answer and no model of its own divides: held for the next epoch (see epoch.ts). */
  held: amount,
  /** What the pool's Datanet keeps back of data fees; null where it keeps back nothing. */
  keeping: keptBackRule.nullable().default(null),
  /** What waits of this epoch's data fees and earlier ones', and how it will be divided (see vesting.ts). */
  kept: keptLedger.default(nothingKept),
  keptBack: amount.default(0n),
  /** In the pool beyond that and all payouts: waits for receipts, or for their weights. */
  open: amount,
  /** The model whose rows have added most to right answers so far: what is held later goes by its held-out values. */
  leading: leadingModel.nullable(),
  /** The epoch's time: the chain's when it was made. Channels that were over by then count no more. */
  at: uint(64),
  /** All that this epoch and those before it have counted, by channel: with the bundle, all that the next one needs. */
  settled: z.array(settledChannel).max(maxSettledChannels)
})
/**
 * Everything behind an epoch's two roots: anyone computes them again from this and the bundle before. On IPFS under the
 * CID that stands on chain. Receipts are without what was asked and answered: that is for scorers, not for ever.
 */
export const epochBundle = bundleFields.refine(
  ({ format, kept, keptBack, keeping }) =>
    format === bundleFormat || (kept.rows.length === 0 && keptBack === 0n && keeping === null),
  'a bundle of before keeps nothing back'
)
export type EpochBundle = z.infer<typeof epochBundle>

/**
 * A scorer's word on one receipt's weights: the statement signs `attributionHash(attribution)`, and the path leads to
 * what the scorer has committed to.
 */
export const scoringDocument = z.strictObject({ statement: signedSchema('Scoring'), attribution, path })
export type ScoringDocument = z.infer<typeof scoringDocument>

/** Topic `tilth/payouts/1`. All of it is signed by its author and means the same whoever forwards it. */
export const payoutMessage = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('receipt'), receipt: cosignedReceipt }),
  z.strictObject({ kind: z.literal('scoring'), scoring: scoringDocument }),
  z.strictObject({ kind: z.literal('closing'), closing: signedSchema('EpochClosing') })
])
export type PayoutMessage = z.infer<typeof payoutMessage>

/**
 * Frames of `/tilth/payouts/content/1`: a scorer asks client or worker of a receipt for what was asked and answered;
 * and of `/tilth/payouts/explain/1`: a client asks its worker what its answer owes to whom, which pays nobody.
 */
export const contentRequest = z.strictObject({
  kind: z.literal('request'),
  statement: signedSchema('ContentRequest')
})
export const contentReply = z.strictObject({ kind: z.literal('content'), opening })
export const explainRequest = z.strictObject({
  kind: z.literal('request'),
  statement: signedSchema('ExplainRequest')
})
export const explainReply = z.strictObject({ kind: z.literal('explanation'), attribution })

/** Frames of `/tilth/payouts/scorings/1`: receipts are named, and what scorers said of them comes page by page. */
export const scoringsRequest = z.strictObject({ kind: z.literal('request'), receipts: z.array(bytes32).max(256) })
export const scoringsPage = z.strictObject({
  kind: z.literal('scorings'),
  scorings: z.array(scoringDocument).min(1).max(64)
})

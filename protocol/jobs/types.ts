import { z } from 'zod'
import { address, bytes32, cidText } from '../primitives/hex.ts'
import { signedSchema } from '../crypto/schema.ts'
import { committedStates } from './segments.ts'
import { mostUntrained, untrained } from './untrained.ts'

export const loraTargets = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const

/** How to train; the same for the adapter and for every sibling. Field names follow the engine's. */
export const trainSettings = z.strictObject({
  /** full: the weights of every linear layer themselves, instead of an adapter beside them; for small bases. */
  method: z.enum(['lora', 'qlora', 'full']),
  /** Of the methods lora and qlora. */
  lora: z
    .strictObject({
      rank: z.int().min(1).max(256),
      alpha: z.number().positive().max(1024),
      targets: z.array(z.enum(loraTargets)).min(1).max(7),
      dropout: z.number().min(0).max(0.9),
      rslora: z.boolean().optional()
    })
    .optional(),
  epochs: z.number().positive().max(1000),
  batch: z.int().min(1).max(1024),
  accumulation: z.int().min(1).max(1024),
  lr: z.number().positive().max(1),
  schedule: z.enum(['cosine', 'constant', 'linear']),
  warmupRatio: z.number().min(0).max(1),
  weightDecay: z.number().min(0).max(1),
  clip: z.number().min(0).max(1000),
  seed: z.int().min(0).max(0x7fffffff),
  cutoff: z.int().min(8).max(131072),
  /** Decay of the exponential moving average of the iterates that is kept; 0 keeps the last iterate. */
  ema: z.number().min(0).max(0.9999),
  responseOnly: z.boolean()
})
export type TrainSettings = z.infer<typeof trainSettings>

/** [reject] An adapter has its settings, and full training has none. */
export const wholeSettings = trainSettings.refine(({ method, lora }) => (method === 'full') === (lora === undefined), {
  path: ['lora'],
  error: 'must be given for the methods lora and qlora, and left away for full, which trains no adapter'
})

/** Contributors of one version. */
export const maxPlayers = 2048
/** A coalition as a bitmask in decimal, bit i being player i. */
export const coalitionText = z.string().regex(/^(0|[1-9][0-9]{0,616})$/)

/** Coalitions of one job: all of six players, or fewer of more. */
export const maxCoalitions = 64

/** What a builder asks for; its hash stands in the `TuneJob` statement. */
export const tuneSpec = z.strictObject({
  /** CID of the base model's folder (Hugging Face form). */
  base: cidText,
  datanet: bytes32,
  version: z.int().min(1),
  /** CID of the version's manifest. */
  manifest: cidText,
  settings: wholeSettings,
  /** How many coalitions of players are measured for attribution, the empty and the full one included. */
  coalitions: z.int().min(2).max(maxCoalitions)
})
export type TuneSpec = z.infer<typeof tuneSpec>

export const tuneJobDocument = z.strictObject({ statement: signedSchema('TuneJob'), spec: tuneSpec })
export type TuneJobDocument = z.infer<typeof tuneJobDocument>

/**
 * What one award covers: the deployed adapter, or some of the siblings (indices into the job's coalition list,
 * ascending).
 */
export const lot = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('adapter') }),
  z.strictObject({
    kind: z.literal('siblings'),
    coalitions: z
      .array(
        z
          .int()
          .min(0)
          .max(maxCoalitions - 1)
      )
      .min(1)
      .max(maxCoalitions)
  })
])
export type Lot = z.infer<typeof lot>

/** How many adapters a lot yields. */
export const adaptersIn = (lot: Lot): number => (lot.kind === 'adapter' ? 1 : lot.coalitions.length)

export const awardDocument = z.strictObject({ statement: signedSchema('Award'), lot })
export type AwardDocument = z.infer<typeof awardDocument>

/** How one adapter was trained: what the job's builder and auditors look at. */
export const trainingLog = z.strictObject({
  steps: z.int().min(0),
  seconds: z.number().min(0),
  tokens: z.int().min(0),
  /** Loss of each step, before it. */
  loss: z.array(z.number()).max(1_000_000)
})
export type TrainingLog = z.infer<typeof trainingLog>

/**
 * What a worker hands over for a lot: PEFT folders by CID with a log each, one per adapter or sibling in the lot's
 * order.
 * On IPFS as canonical JSON under `Delivery.cid`; its hash is `Delivery.log`.
 */
export const deliveryContent = z.strictObject({
  adapters: z.array(cidText).min(1).max(maxCoalitions),
  logs: z.array(trainingLog).min(1).max(maxCoalitions),
  /** Of each adapter where it stood after each segment; a worker whose trainer is not the engine commits none. */
  states: z.array(committedStates).min(1).max(maxCoalitions).optional(),
  /** Rows of the version that no worker can train on with this base and these settings, where there are some. */
  untrained: z.array(untrained).min(1).max(mostUntrained).optional()
})
export type DeliveryContent = z.infer<typeof deliveryContent>

/** The finished product of a job, kept on IPFS and named by the model's registration: everything attribution needs. */
export const jobResult = z.strictObject({
  job: bytes32,
  /** The builder's word, whose digest the job's id is. */
  statement: signedSchema('TuneJob'),
  spec: tuneSpec,
  /** What drew the coalitions: chain randomness that no builder chooses. */
  draw: bytes32,
  /** Contributor addresses in the order that coalition bitmasks use (bit i = player i). */
  players: z.array(address).min(1).max(maxPlayers),
  /** Decimal bitmask of each coalition (bigint), in the job's drawn order; first the empty one, last the full one. */
  coalitions: z.array(coalitionText).min(2).max(maxCoalitions),
  /** Adapter folder per coalition; null for the empty one (the base model), the deployed adapter for the full one. */
  adapters: z.array(cidText.nullable()).min(2).max(maxCoalitions),
  /** Who trained what: each award has an escrow on chain, each delivery names the adapters. */
  lots: z
    .array(z.strictObject({ award: awardDocument, delivery: signedSchema('Delivery') }))
    .min(1)
    .max(maxCoalitions)
})
export type JobResult = z.infer<typeof jobResult>

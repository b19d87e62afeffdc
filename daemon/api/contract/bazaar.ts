import { z } from 'zod'
import { regionText } from '../../../protocol/models/region.ts'
import { named, nothing, paged, pageSchema, route, wanted } from './route.ts'
import {
  account,
  addressView,
  decimal,
  explainedAnswer,
  hash,
  modelView,
  receiptView,
  upstreamPartView,
  weights
} from './views.ts'

/** A day of a model's use as the date it is, in UTC. */
const date = z.string().regex(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/)

/**
 * How likely a model makes the known answers of its Datanet's held-out questions, mean over them and in 1e-6: without
 * anybody's data, and with everybody's; `values` is what each contributor's data adds. `epoch`: the final epoch that
 * says so; null: this node has measured it itself.
 */
export const qualityView = z.object({
  questions: z.int(),
  base: decimal,
  tuned: decimal,
  values: weights,
  epoch: z.int().nullable()
})
export type QualityView = z.infer<typeof qualityView>

/**
 * Exact match: to how many held-out questions the model, and its base alone, give the very answer of their author, but
 * for case, blanks, quotes around it and what ends its sentence. Counted by this daemon.
 */
export const matchesView = z.object({ questions: z.int(), base: z.int(), tuned: z.int() })
export type MatchesView = z.infer<typeof matchesView>

const useSums = z.object({
  answers: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  fees: decimal,
  /** Different clients, and those of them that had asked on an earlier day. */
  clients: z.int(),
  returning: z.int()
})
const useTotals = useSums.extend({ firstAt: z.int(), lastAt: z.int() })

/** A model as somebody who looks for one sees it. What is null is not known here. */
export const bazaarView = modelView.extend({
  retired: z.boolean(),
  /** What its Datanet and its base are called. */
  datanetName: z.string().nullable(),
  baseName: z.string().nullable(),
  quality: qualityView.nullable(),
  /** null where this daemon has not counted them: a builder's has, for its own models. */
  matches: matchesView.nullable(),
  /** Mean loss of an answer's token on the held-out questions, by the word of the builder, who measured it. */
  heldOutLoss: z.object({ base: z.number(), tuned: z.number() }).nullable(),
  /** Of each million of its fees, what goes to models that it was grown from, the nearest first. */
  upstreams: z.array(upstreamPartView).readonly(),
  /** From the receipts that this node has heard of. */
  use: useTotals.nullable()
})
export type BazaarView = z.infer<typeof bazaarView>

export const modelUseView = z.object({
  model: hash,
  all: useTotals.nullable(),
  /** Those on which it was used, the oldest first. */
  days: z.array(useSums.extend({ day: date })).readonly(),
  /** Who has served it. `seconds`: from the beginnings to the ends of the answers, added up. */
  workers: z
    .array(
      z.object({ worker: addressView, answers: z.int(), outputTokens: z.int(), seconds: z.int(), lastAt: z.int() })
    )
    .readonly()
})
export type ModelUseView = z.infer<typeof modelUseView>

/**
 * One of a family: `parent` is the place of what it was made from: the model that its registration names, its base or
 * the version before it; null for a base by itself. What a base was made of is its builder's
 * word.
 */
export const relativeView = z.object({
  /** Its place, from 0. */
  place: z.int(),
  id: hash.nullable(),
  name: z.string(),
  kind: z.enum(['base', 'tuned']),
  base: z.string(),
  datanet: hash.nullable(),
  datanetName: z.string().nullable(),
  version: z.int(),
  parent: z.int().nullable(),
  /** Of every fee of it, in basis points, what goes to the model that it names as its upstream. */
  upstreamShare: z.int(),
  retired: z.boolean(),
  served: z.boolean()
})
export type RelativeView = z.infer<typeof relativeView>

/** A statement as it was signed: wide integers as decimal text. `protocol/` reads and checks it. */
const signedView = z.object({
  type: z.string(),
  message: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  signature: z.string()
})
const sumNodeView = z.object({ hash, sum: decimal })

/** All that a receipt's weights and its place on chain follow from, so that whoever sees it can check it. */
export const receiptProofView = z.object({
  /** By which chain and registry statements are signed. */
  network: z.object({ chainId: z.int(), registry: addressView }),
  view: receiptView,
  modelName: z.string(),
  datanetName: z.string().nullable(),
  datanetVersion: z.int(),
  receipt: z.object({
    receipt: signedView,
    clientSignature: z.string(),
    client: addressView,
    worker: addressView
  }),
  /** How its data fee is divided: by its own weights, by held-out values, or not at all. */
  division: z.enum(['weighed', 'held-out', 'none']),
  /** What of the fee goes to the data, in the token's smallest unit. */
  dataFee: decimal,
  /** About what of the fee goes to models that its model was grown from: a claim is divided, of many answers. */
  upstream: z.array(upstreamPartView).readonly(),
  /** The players of the model's weights, and the coalitions that were trained (bit i is player i). */
  measure: z
    .object({
      model: hash,
      players: z.array(addressView).readonly(),
      coalitions: z.array(z.string()).readonly(),
      dataPoints: z.int()
    })
    .nullable(),
  /** What each scorer signed, with the utilities that its weights follow from, in 1e-4. */
  scorings: z
    .array(
      z.object({
        statement: signedView,
        attribution: z.object({
          model: hash,
          players: z.array(addressView).readonly(),
          utilities: z.array(z.int()).readonly(),
          /** Players whose rows the answer may be about, by their places. */
          candidates: z.array(z.int()).readonly(),
          /** The same of what would have been answered without those to whom it is not believed to owe. */
          counterfactual: z.array(z.int()).readonly().optional(),
          weights: z.array(decimal).readonly(),
          /** What all who are no candidates add together. */
          others: decimal
        }),
        agrees: z.boolean()
      })
    )
    .readonly(),
  quality: qualityView.nullable(),
  /** Its place in an epoch, up to the root on chain; null while none has taken it up. */
  place: z
    .object({
      pool: hash,
      epoch: z.int(),
      state: z.enum(['pending', 'final', 'voided']),
      transaction: z.string().nullable(),
      challengeEnds: z.int(),
      root: sumNodeView,
      proof: z.object({ index: decimal, siblings: z.array(sumNodeView).readonly() }).nullable()
    })
    .nullable()
})
export type ReceiptProofView = z.infer<typeof receiptProofView>

export const nearestRowView = z.object({
  contribution: hash,
  contributor: addressView,
  line: z.int(),
  /** How much of the words is shared, rare ones counting more, in thousandths. */
  overlap: z.int(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).readonly(),
  /** Validators whose votes for it stand in its certificate, of so many there are. */
  voters: z.int(),
  validators: z.int()
})
export type NearestRowView = z.infer<typeof nearestRowView>

/** The bazaar: models before one is chosen, and what stands behind an answer. */
export const bazaarRoutes = {
  bazaar: route({
    method: 'GET',
    path: '/api/bazaar',
    stage: 'registration',
    summary: 'Models with measured quality, price and use: searched, filtered and ordered',
    params: paged.extend({
      /** Words that stand in the name of the model, of its base or its Datanet, or in what that is about. */
      search: z.string().trim().max(200).optional(),
      datanet: wanted.optional(),
      /** Only what somebody serves now. */
      served: z.enum(['yes', 'no']).default('no'),
      /** Only what somebody offers who says that they are there, or that they answer from so many bits or more. */
      region: regionText.optional(),
      leastBits: z.coerce.number<string | number>().int().min(1).max(32).optional(),
      order: z.enum(['newest', 'used', 'quality', 'price']).default('newest')
    }),
    reply: pageSchema(bazaarView)
  }),
  bazaarModel: route({
    method: 'GET',
    path: '/api/bazaar/:id',
    stage: 'registration',
    summary: 'One model of the bazaar, by id or name, retired ones too',
    params: named,
    reply: bazaarView
  }),
  measureModel: route({
    method: 'POST',
    path: '/api/bazaar/:id/measure',
    stage: 'attribution',
    summary: 'Measure a model on its held-out questions here: fetches its siblings, takes seconds to minutes',
    params: named,
    body: nothing,
    reply: qualityView.extend({ matches: matchesView.nullable() })
  }),
  modelUse: route({
    method: 'GET',
    path: '/api/bazaar/:id/use',
    stage: 'receipt',
    summary: 'How much a model is used by day, whether clients come back, and who serves it',
    params: named.extend({ days: z.coerce.number<string | number>().int().min(1).max(400).default(30) }),
    reply: modelUseView
  }),
  lineage: route({
    method: 'GET',
    path: '/api/bazaar/:id/lineage',
    stage: 'registration',
    summary: 'The family of a model: its base, and all that was grown from it, as a tree',
    params: named.extend(paged.shape),
    reply: pageSchema(relativeView)
  }),
  receiptProof: route({
    method: 'GET',
    path: '/api/receipts/:id/proof',
    stage: 'attribution',
    summary: 'What a receipt pays to whom and why, with all that is needed to check it',
    params: named,
    reply: receiptProofView
  }),
  explainReceipt: route({
    method: 'POST',
    path: '/api/receipts/:id/explain',
    stage: 'attribution',
    summary: 'What an own answer owes to whom, by the word of its worker: unofficial, before scorers have weighed it',
    params: named,
    body: nothing,
    reply: explainedAnswer
  }),
  nearestRows: route({
    method: 'POST',
    path: '/api/receipts/:id/nearest',
    stage: 'attribution',
    summary: 'Rows of the model that are nearest to an answer, of one contributor or of all',
    params: named,
    body: z.strictObject({
      /** What was asked and answered; left away, what this node keeps of it is taken. */
      text: z.string().min(1).max(20_000).optional(),
      contributor: account.optional(),
      limit: z.int().min(1).max(20).default(5)
    }),
    reply: z.object({
      rows: z.array(nearestRowView).readonly(),
      /** Rows that were compared, of so many there are. */
      compared: z.int(),
      all: z.int()
    })
  })
} as const

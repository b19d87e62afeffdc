import { z } from 'zod'
import { modelAudit, ownModels } from './audits.ts'
import { offerMore } from './offered.ts'
import { automationView } from './events.ts'
import { hash } from './hash.ts'
import { wanted } from './route.ts'
import {
  bondRule,
  datanetKind,
  datanetRules,
  keptBackRule,
  privateRule,
  rowSchema,
  uploadLimits,
  weighing
} from '../../../protocol/data/types.ts'
import { productTerms } from '../../../protocol/jobs/job.ts'
import { lot, trainSettings, tuneSpec } from '../../../protocol/jobs/types.ts'
import { writtenAccount } from '../../../protocol/primitives/checksum.ts'
import { splitParts } from '../../../protocol/primitives/split.ts'

export { contributionView } from './contribution-view.ts'
export type { ContributionView } from './contribution-view.ts'

// What the API shows. Amounts are decimal strings of the token's smallest unit, weights decimal integers in 1e-6, times
// milliseconds since 1970, addresses and hashes lower-case hexadecimal.
export { hash } from './hash.ts'
export const account = writtenAccount
export const decimal = z.string().regex(/^-?[0-9]+$/)
export const addressView = z.string()

/** A job that this worker did not bid for. `again`: when it looks at it once more. */
export const declineView = z.object({
  job: hash,
  builder: addressView,
  code: z.string(),
  reason: z.string(),
  help: z.string(),
  at: z.int(),
  again: z.int().nullable()
})

/** The same of one job, whatever the reason: also that it is over, this node's own, or that it was bid for. */
export const whyView = declineView.omit({ at: true })
export type WhyView = z.infer<typeof whyView>

/** Whether others can dial this node, over what, how that is known, and what to do if they cannot. */
export const reachView = z.object({
  state: z.enum(['open', 'relayed', 'closed', 'unknown', 'local']),
  addresses: z
    .array(
      z.object({
        address: z.string(),
        over: z.string(),
        proof: z.enum(['dialled', 'inbound', 'relay', 'announced', 'failed', 'none']),
        by: z.string().optional(),
        at: z.number().optional()
      })
    )
    .readonly(),
  seenAt: z.array(z.string()).readonly(),
  asked: z.int(),
  help: z.string().optional()
})
export type ReachStatus = z.infer<typeof reachView>

/** Why a worker takes on no new work now, and until when (milliseconds since 1970); null while it does. */
export const awayView = z
  .object({
    reason: z.enum(['paused', 'hours', 'power']),
    trainings: z.boolean(),
    why: z.string(),
    until: z.number().nullable()
  })
  .nullable()

export const statusView = z.object({
  version: z.string(),
  peerId: z.string(),
  address: addressView,
  roles: z.array(z.string()),
  addresses: z.array(z.string()),
  peers: z.int(),
  reach: reachView,
  /** Seconds that peers' clocks are ahead of this machine's (their median), and how many peers that says. */
  clock: z.object({ secondsAhead: z.int(), peers: z.int() }),
  chain: z.object({
    id: z.int(),
    rpc: z.string(),
    /** Another that its owner has named, for pages to ask themselves. */
    consoleRpc: z.string().optional(),
    block: decimal,
    contracts: z.record(z.string(), z.string()),
    /** How the node's own reading stands, and the last block that it has read. */
    state: z.enum(['starting', 'reading', 'following', 'waiting', 'diverged']),
    read: decimal.optional(),
    error: z.string().optional(),
    confirmations: z.int(),
    /** What was found out about the RPC since the start. */
    provider: z.object({
      rangeCap: z.int().optional(),
      resultCap: z.int().optional(),
      refused: z.int(),
      short: z.int(),
      inconsistent: z.int(),
      missing: z.int(),
      answerMs: z.number()
    })
  }),
  balance: decimal,
  /** The chain's own coin, in wei: every transaction needs some. */
  gas: decimal,
  /** About how many of them it pays for at the present price. */
  transactions: z.int(),
  stake: decimal,
  /** What a settler or scorer must have at stake. */
  minStake: decimal,
  /** Models this node offers now. */
  serving: z.array(
    z.object({ model: hash, name: z.string(), inputPrice: decimal, outputPrice: decimal, tokensPerSecond: z.int() })
  ),
  /** Bases of which it offers every model, by one offer; each by a registered model over it. */
  servingAll: z
    .array(
      z.object({
        base: z.string(),
        model: hash,
        name: z.string(),
        inputPrice: decimal,
        outputPrice: decimal,
        tokensPerSecond: z.int()
      })
    )
    .optional(),
  ...ownModels,
  /** Answers given within the last hour (or since the start, if that was later), and what more could begin now. */
  activity: z.object({ seconds: z.int(), requests: z.int(), tokens: z.int(), fees: decimal, free: z.int() }),
  /** What clients have signed for and no transaction has brought yet; what data has earned and may be claimed. */
  owed: decimal,
  claimable: decimal,
  /** Jobs not bid for, the newest first, why, and what to do. */
  declined: z.array(declineView).readonly(),
  /** Why no new work is taken on now, if so. */
  away: awayView,
  /** What it does by itself, in the order of the flow. */
  automation: z.array(automationView).readonly(),
  uptimeSeconds: z.int()
})
export type StatusView = z.infer<typeof statusView>

export const peerView = z.object({ peerId: z.string(), address: addressView, way: z.enum(['direct', 'relay']) })

export const datanetView = z.object({
  id: hash,
  name: z.string(),
  description: z.string(),
  licence: z.string(),
  tags: z.array(z.string()),
  host: addressView,
  createdAt: z.int(),
  validators: z.array(z.object({ address: addressView, weight: z.int() })),
  /** What one contribution may hold, how many an account may make, and how long showing and voting last. */
  rules: z.object({
    maxRows: z.int(),
    maxBytes: z.int(),
    uploadsPerContributor: z.int(),
    /** What its rows are, where its rules say so. */
    languages: z.array(z.string()).optional(),
    kind: datanetKind.optional(),
    rows: rowSchema.optional(),
    /** What an account, and all newcomers together, may bring in an epoch, which is a run of blocks. */
    uploads: uploadLimits.optional(),
    bond: bondRule.optional(),
    /** In thousandths. */
    minOwnShare: z.int(),
    /** What of its fees a model must give to the data, in basis points. */
    leastDataShare: z.int(),
    /** Parts of a model's trainings that drawn auditors run again before it earns; 0 for none. */
    auditedSegments: z.int(),
    ...datanetRules.pick({ questionWriters: true, trainers: true }).shape,
    /** What of data fees waits for later evidence, in basis points, and how long at most, where the rules say so. */
    keptBack: keptBackRule.optional(),
    weights: weighing.optional(),
    nearDuplicate: z.int(),
    revealSeconds: z.int(),
    voteSeconds: z.int()
  }),
  contributions: z.int(),
  /** Accepted and still there; where this daemon does not follow it, as many as its latest version holds. */
  accepted: z.int(),
  /** Accepted and withdrawn or taken down since; null where this daemon does not follow it, or it is a mix. */
  left: z.int().nullable(),
  /** Accepted rows that are still there; null where this daemon does not follow it. */
  rows: z.int().nullable(),
  latestVersion: z.int(),
  /** What answers have brought its pool so far, what of it was claimed, and the latest final epoch. */
  pay: z.object({ deposited: decimal, claimed: decimal, epoch: z.int() }),
  /** Why this daemon follows it: host, validator, contributor, builder, worker, choice; none when it does not. */
  roles: z.array(z.string()),
  /** Of a mix: the Datanets that it is made of. Of a private one: what a worker must have at stake to read rows. */
  parents: z.array(hash).optional(),
  private: privateRule.optional()
})
export type DatanetView = z.infer<typeof datanetView>

export const versionView = z.object({
  datanet: hash,
  version: z.int(),
  root: hash,
  cid: z.string(),
  count: z.int(),
  transaction: z.string().optional()
})
export type VersionView = z.infer<typeof versionView>

export const bidView = z.object({ worker: addressView, price: decimal, siblingPrice: decimal, seconds: z.int() })
/** A worker that did not bid for an own job, by its own word; seconds and price where it found them out. */
export const refusalView = z.object({
  worker: addressView,
  code: z.string(),
  reason: z.string(),
  seconds: z.int().optional(),
  price: decimal.optional(),
  at: z.int()
})
export const awardView = z.object({
  worker: addressView,
  lot,
  price: decimal,
  attempt: z.int(),
  escrow: hash,
  state: z.string(),
  /** Why it came to nothing. */
  reason: z.string().optional(),
  progress: z
    .object({
      step: z.int(),
      steps: z.int(),
      loss: z.number(),
      secondsLeft: z.number(),
      tokensPerSecond: z.number(),
      /** Learning rate of the step, where its worker says so. */
      lr: z.number().optional()
    })
    .nullable(),
  /** By step so far; of long trainings means over equal stretches. */
  loss: z.array(z.number()),
  seconds: z.number().nullable()
})
/** Whether nothing comes of an award, wherever its money is or goes. */
export const isAwardLost = ({ state }: Pick<z.infer<typeof awardView>, 'state'>): boolean =>
  state === 'dead' || state === 'refunded' || state === 'burnt'
export const jobView = z.object({
  id: hash,
  builder: addressView,
  datanet: hash,
  version: z.int(),
  base: z.string(),
  settings: trainSettings,
  coalitions: tuneSpec.shape.coalitions,
  budget: decimal,
  createdAt: z.int(),
  deadline: z.int(),
  state: z.string(),
  reason: z.string().optional(),
  bids: z.array(bidView),
  /** Of an own job: who said why it does not bid. */
  refusals: z.array(refusalView),
  awards: z.array(awardView),
  result: z.string().nullable(),
  adapter: z.string().nullable(),
  heldOutLoss: z.object({ base: z.number(), tuned: z.number() }).nullable(),
  /**
   * Of an own job: how its model is registered by itself, if so; whether bids, and its trainings, wait for its builder.
   */
  product: productTerms.nullable(),
  byHand: z.boolean(),
  paused: z.boolean()
})
export type JobView = z.infer<typeof jobView>
/** States that a job does not leave: `completed` with a result, the others without. */
export const isJobEnded = ({ state }: Pick<JobView, 'state'>): boolean =>
  state === 'completed' || isJobFailed({ state })
export const isJobFailed = ({ state }: Pick<JobView, 'state'>): boolean => state === 'expired' || state === 'refunded'

export const planRequest = z.strictObject({
  base: z.string().min(1).max(100),
  /** Its id, as much of one as no other shares, or its name. */
  datanet: z.string().min(1).max(100),
  /** The latest unless given. */
  version: z.int().min(1).optional(),
  /** What is left away is recommended. */
  settings: trainSettings.partial().optional(),
  coalitions: tuneSpec.shape.coalitions.optional()
})
/** A tune job to be: its settings, why they are recommended, and what it may cost. */
export const planView = z.object({
  base: z.string(),
  bytes: z.int(),
  parameters: z.int(),
  version: z.int(),
  rows: z.int(),
  characters: z.int(),
  players: z.int(),
  /** Contributions of that version that have left since: what is grown from them is marked at once. */
  left: z.int(),
  settings: trainSettings,
  coalitions: z.int(),
  why: z.array(z.object({ setting: z.string(), value: z.string(), why: z.string() })),
  cost: z.object({
    /** By what workers asked for the same base and Datanet, or by sizes alone. */
    basis: z.enum(['bids', 'rough']),
    bids: z.int(),
    adapter: decimal,
    siblings: decimal,
    budget: decimal,
    seconds: z.int()
  })
})
export type PlanView = z.infer<typeof planView>

/** What is registered of a job when it is done; null: nothing by itself. `upstream`: id or name. */
const postedProduct = productTerms.extend({ upstream: wanted.optional() }).nullable()
export type PostedProduct = z.infer<typeof postedProduct>

export const jobRequest = planRequest.extend({
  settings: trainSettings,
  coalitions: planRequest.shape.coalitions.unwrap(),
  budget: z.string().regex(/^[0-9]{1,40}$/),
  deadlineSeconds: z
    .int()
    .min(10)
    .max(30 * 86400),
  expectedBids: z.int().min(1).max(1000).optional(),
  bidSeconds: z.number().min(0.1).max(86400).optional(),
  /** How the model is registered when the job is done: by a name and a split, or those of most; null: by hand. */
  product: postedProduct.default({}),
  /** Bids wait until `awardJob` chooses among them. */
  byHand: z.boolean().default(false),
  /** The draft that it was made up in: it is thrown away. */
  draft: z.string().max(40).optional()
})

export const offerView = z.object({
  model: hash,
  name: z.string(),
  worker: addressView,
  /** For a token of a prompt, and of an answer. */
  inputPrice: decimal,
  outputPrice: decimal,
  /** Answers that could begin now. */
  capacity: z.int(),
  tokensPerSecond: z.int(),
  /** Seconds since 1970. */
  expires: z.int(),
  /** Where it is and what weights it answers from, by its owner's word alone. */
  region: z.string().optional(),
  weights: z.string().optional(),
  ...offerMore
})
export type OfferView = z.infer<typeof offerView>

export const modelView = z.object({
  id: hash,
  name: z.string(),
  builder: addressView,
  worker: addressView,
  base: z.string(),
  adapter: z.string().nullable(),
  result: z.string().nullable(),
  datanet: z.string(),
  version: z.int(),
  split: splitParts,
  /** The registered model that it was grown from and passes the split's upstream part to. */
  upstream: hash.optional(),
  upstreamName: z.string().optional(),
  /** Contributions that it was grown from and that have left since, where its Datanet is followed and some have. */
  left: z.int().optional(),
  /** Basis points of every fee that its Datanet asks for its data, where its split gives less: it is never weighed. */
  leastDataShare: z.int().optional(),
  ...modelAudit,
  /** What it may be used under, by its builder's registration: an SPDX identifier, or any text of a stranger's. */
  licence: z.string().optional(),
  /** A composition of models, whose manifest stands in place of a base; offers are of its own fee. */
  agent: z.literal(true).optional(),
  offers: z.array(offerView.omit({ model: true, name: true }))
})
export type ModelView = z.infer<typeof modelView>

/** What of a fee goes to a model above the one that answers: to its builder, and to the pool of its Datanet. */
export const upstreamPartView = z.object({
  model: hash,
  name: z.string(),
  builder: addressView,
  datanet: hash.nullable(),
  toBuilder: decimal,
  toData: decimal
})
export type UpstreamPartView = z.infer<typeof upstreamPartView>

/** What each account's rows made of an answer, in 1e-6. */
export const weights = z.record(z.string(), decimal)
export const receiptView = z.object({
  id: hash,
  channel: hash,
  sequence: z.int(),
  model: hash,
  client: addressView,
  worker: addressView,
  inputTokens: z.int(),
  outputTokens: z.int(),
  fee: decimal,
  startedAt: z.int(),
  finishedAt: z.int(),
  private: z.boolean(),
  /** The model's Datanet; null for a model without one. */
  pool: hash.nullable(),
  /** The final epoch that has counted it. */
  epoch: z.int().nullable(),
  weights,
  scorings: z.array(z.object({ scorer: addressView, agrees: z.boolean() }))
})
export type ReceiptView = z.infer<typeof receiptView>
/** What a worker says one of its answers owes to whom. */
export const explainedAnswer = z.object({
  receipt: hash,
  by: addressView,
  weights,
  /** Of each coalition, in 1e-4: what the weights follow from. */
  utilities: z.array(z.int()).readonly()
})
export const unexplainedAnswer = z.object({ receipt: hash, code: z.string() })
/** What workers say their answers owe to whom; scorers' word pays. `failed`: who would not or could not say. */
export const explanation = z.object({
  unofficial: z.literal(true),
  answers: z.array(explainedAnswer),
  failed: z.array(unexplainedAnswer)
})
export type Explanation = z.infer<typeof explanation>
export const epochView = z.object({
  pool: hash,
  epoch: z.int(),
  state: z.string(),
  root: hash,
  payoutsRoot: hash,
  transaction: z.string().nullable(),
  bundle: z.string(),
  receipts: z.int(),
  receiptsTotal: decimal,
  dataFees: decimal,
  held: decimal,
  /** What waits of data fees, of this epoch and earlier ones, for what later versions show. */
  keptBack: decimal,
  /** Answers that chance drew and scorers have weighed, and how many each of them has. */
  weighed: z.int(),
  scorers: z.array(z.object({ scorer: addressView, answers: z.int() })),
  /** Whether `payouts` are all of them: of an old epoch whose bundle is not read again this node's own at most are. */
  whole: z.boolean(),
  payouts: z.array(
    z.object({
      account: addressView,
      value: decimal,
      share: decimal,
      heldOutShare: decimal,
      scoringShare: decimal,
      /** What of it earlier epochs had kept back, and by how much later evidence made that more or less. */
      vestedShare: decimal,
      resettled: decimal,
      cumulative: decimal,
      gate: decimal.nullable()
    })
  )
})
export type EpochView = z.infer<typeof epochView>

export const accountingView = z.object({
  feesPaid: decimal,
  workers: decimal,
  builders: decimal,
  dataPaid: decimal,
  dataHeld: decimal,
  heldReason: z.string()
})

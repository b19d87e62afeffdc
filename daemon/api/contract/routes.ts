import { z } from 'zod'
import { datanetRules } from '../../../protocol/data/types.ts'
import { signedSchema } from '../../../protocol/crypto/schema.ts'
import { availabilityRoutes } from './availability.ts'
import { offerRoutes, whyRoutes } from './offers.ts'
import { named, nothing, paged, pageSchema, route, wanted } from './route.ts'
import { walletRoutes } from './wallet.ts'
import { channelRoutes } from './channels.ts'
import {
  account,
  accountingView,
  askEvent,
  askRequest,
  cancelledView,
  contributionView,
  datanetView,
  decimal,
  declineView,
  earningsView,
  epochView,
  hash,
  jobRequest,
  jobView,
  modelView,
  paymentView,
  peerView,
  planRequest,
  planView,
  previewView,
  receiptView,
  reviewRowView,
  reviewView,
  rosterView,
  statusView,
  versionView,
  votePolicy
} from './views.ts'

const contribution = z
  .strictObject({
    /**
     * The JSONL file, as it is; the daemon's key contributes it. Left away when a prepared shard is signed by another
     * key.
     */
    file: z
      .string()
      .min(1)
      .max(16 << 20)
      .optional(),
    /** The contributor's own statements over a shard prepared before. */
    signed: z.strictObject({ commitment: signedSchema('Commitment'), reveal: signedSchema('Reveal') }).optional()
  })
  .refine(
    ({ file, signed }) => (file === undefined) !== (signed === undefined),
    'give either a file or signed statements'
  )
/** A file of 16 MiB as a JSON string, where every quote takes two bytes. */
const fileBody = 40 << 20
const rulesRequest = datanetRules.omit({ heldOut: true })

/** The daemon's HTTP API, in the order of the flow. Server, client and OpenAPI document are made from this table. */
export const routes = {
  health: route({
    method: 'GET',
    path: '/healthz',
    stage: 'node',
    summary: 'Alive, and whether peers and chain are reached',
    open: true,
    reply: z.object({ ok: z.boolean(), peers: z.int(), chain: z.boolean() })
  }),
  openapi: route({
    method: 'GET',
    path: '/openapi.json',
    stage: 'node',
    summary: 'This contract as an OpenAPI document',
    open: true,
    reply: z.record(z.string(), z.unknown())
  }),
  status: route({
    method: 'GET',
    path: '/api/status',
    stage: 'node',
    summary: 'Who this daemon is, and how it stands',
    reply: statusView
  }),
  peers: route({
    method: 'GET',
    path: '/api/peers',
    stage: 'node',
    summary: 'Connected peers',
    params: paged,
    reply: pageSchema(peerView)
  }),
  ...walletRoutes,
  ...availabilityRoutes,

  createDatanet: route({
    method: 'POST',
    path: '/api/datanets',
    stage: 'datanet',
    summary: 'Create a Datanet: rules and held-out questions',
    maxBody: 4 << 20,
    body: z.strictObject({
      rules: rulesRequest,
      heldOut: z
        .string()
        .min(1)
        .max(2 << 20)
    }),
    reply: datanetView
  }),
  datanets: route({
    method: 'GET',
    path: '/api/datanets',
    stage: 'datanet',
    summary: 'Known Datanets',
    params: paged,
    reply: pageSchema(datanetView)
  }),
  datanet: route({
    method: 'GET',
    path: '/api/datanets/:id',
    stage: 'datanet',
    summary: 'One Datanet',
    params: named,
    reply: datanetView
  }),
  followDatanet: route({
    method: 'POST',
    path: '/api/datanets/:id/follow',
    stage: 'datanet',
    summary: 'Follow a Datanet by choice, or follow it no more: hear, check and keep what is contributed there',
    params: named,
    body: z.strictObject({ follow: z.boolean() }),
    reply: datanetView
  }),
  roster: route({
    method: 'GET',
    path: '/api/datanets/:id/roster',
    stage: 'datanet',
    summary: 'Its validators, with what they have at stake and the double votes seen of them',
    params: named,
    reply: rosterView
  }),
  heldOut: route({
    method: 'GET',
    path: '/api/datanets/:id/held-out',
    stage: 'datanet',
    summary: 'Its held-out questions',
    params: named.extend(paged.shape),
    reply: pageSchema(z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) }))
  }),
  checkContribution: route({
    method: 'POST',
    path: '/api/datanets/:id/check',
    stage: 'contribution',
    summary: "What the validators' checks would say of a file: nothing is kept and no upload is spent",
    params: named,
    maxBody: fileBody,
    body: z.strictObject({
      file: z.string().max(16 << 20),
      /** Whose upload it would be; this daemon's unless given. */
      contributor: account.optional()
    }),
    reply: previewView
  }),
  prepareContribution: route({
    method: 'POST',
    path: '/api/datanets/:id/prepare',
    stage: 'contribution',
    summary: 'Store a shard and get the statements for its contributor to sign',
    params: named,
    maxBody: fileBody,
    body: z.strictObject({
      file: z
        .string()
        .min(1)
        .max(16 << 20),
      contributor: account
    }),
    reply: z.object({ cid: z.string(), rows: z.int(), bytes: z.int(), salt: hash, commitment: hash })
  }),
  contribute: route({
    method: 'POST',
    path: '/api/datanets/:id/contributions',
    stage: 'contribution',
    summary: 'Contribute a shard',
    params: named,
    maxBody: fileBody,
    body: contribution,
    reply: z.object({ id: hash })
  }),
  contributions: route({
    method: 'GET',
    path: '/api/datanets/:id/contributions',
    stage: 'checks',
    summary: 'Contributions in order of authorship, with their checks',
    params: named.extend(paged.shape),
    reply: pageSchema(contributionView)
  }),
  contribution: route({
    method: 'GET',
    path: '/api/contributions/:id',
    stage: 'checks',
    summary: 'One contribution, with its checks',
    params: named,
    reply: contributionView
  }),
  withdraw: route({
    method: 'POST',
    path: '/api/contributions/:id/withdraw',
    stage: 'contribution',
    summary: 'Take back what was brought in here and is not decided, as far as it can be',
    params: named,
    reply: z.object({ id: hash, state: z.enum(['unsent', 'committed', 'shown']) })
  }),
  review: route({
    method: 'GET',
    path: '/api/review',
    stage: 'votes',
    summary: 'What is voted on in the Datanets that this node validates',
    params: paged,
    reply: pageSchema(reviewView)
  }),
  reviewOf: route({
    method: 'GET',
    path: '/api/review/:id',
    stage: 'votes',
    summary: 'One contribution as a validator sees it',
    params: named,
    reply: reviewView
  }),
  reviewRows: route({
    method: 'GET',
    path: '/api/review/:id/rows',
    stage: 'votes',
    summary: 'Its rows, each with the accepted row nearest to it',
    params: named.extend(paged.shape),
    reply: pageSchema(reviewRowView)
  }),
  votePolicy: route({
    method: 'GET',
    path: '/api/vote-policy',
    stage: 'votes',
    summary: 'Whether this validator votes by its own checks or by hand',
    reply: z.object({ policy: votePolicy })
  }),
  setVotePolicy: route({
    method: 'POST',
    path: '/api/vote-policy',
    stage: 'votes',
    summary: 'Let this validator vote by its own checks, or by hand',
    body: z.strictObject({ policy: votePolicy }),
    reply: z.object({ policy: votePolicy })
  }),
  vote: route({
    method: 'POST',
    path: '/api/contributions/:id/vote',
    stage: 'votes',
    summary: 'Vote by hand (validators with automatic voting off)',
    params: named,
    body: z.strictObject({
      accept: z.boolean(),
      /** Kept here: a vote has no room for it. */
      reason: z.string().trim().min(1).max(500).optional()
    }),
    reply: z.object({ id: hash })
  }),
  anchorVersion: route({
    method: 'POST',
    path: '/api/datanets/:id/versions',
    stage: 'version',
    summary: 'Anchor the accepted set as a new version (host)',
    params: named,
    body: nothing,
    reply: versionView
  }),
  versions: route({
    method: 'GET',
    path: '/api/datanets/:id/versions',
    stage: 'version',
    summary: 'Anchored versions',
    params: named.extend(paged.shape),
    reply: pageSchema(versionView)
  }),

  planJob: route({
    method: 'POST',
    path: '/api/jobs/plan',
    stage: 'job',
    summary: 'What a tune job would be and cost, its settings recommended: nothing is posted',
    body: planRequest,
    reply: planView
  }),
  postJob: route({
    method: 'POST',
    path: '/api/jobs',
    stage: 'job',
    summary: 'Post a tune job',
    body: jobRequest,
    reply: z.object({ id: hash })
  }),
  jobs: route({
    method: 'GET',
    path: '/api/jobs',
    stage: 'job',
    summary: 'Known jobs',
    params: paged,
    reply: pageSchema(jobView)
  }),
  job: route({
    method: 'GET',
    path: '/api/jobs/:id',
    stage: 'job',
    summary: 'One job: bids, awards, progress, result',
    params: named,
    reply: jobView
  }),
  cancelJob: route({
    method: 'POST',
    path: '/api/jobs/:id/cancel',
    stage: 'job',
    summary: 'End an own job before its deadline: what was accepted is paid, the rest comes back',
    params: named,
    reply: cancelledView
  }),
  spent: route({
    method: 'GET',
    path: '/api/jobs/:id/spent',
    stage: 'job',
    summary: 'What an own job has cost, and what of it came back or will',
    params: named,
    reply: cancelledView
  }),
  declined: route({
    method: 'GET',
    path: '/api/declined-jobs',
    stage: 'bids',
    summary: 'Jobs that this worker did not bid for, and why',
    params: paged,
    reply: pageSchema(declineView)
  }),

  ...whyRoutes,

  importBase: route({
    method: 'POST',
    path: '/api/bases',
    stage: 'job',
    summary: "Publish a base model folder of the daemon's machine on IPFS",
    body: z.strictObject({ folder: z.string().min(1).max(1000) }),
    reply: z.object({ cid: z.string() })
  }),
  registerModel: route({
    method: 'POST',
    path: '/api/models',
    stage: 'registration',
    summary: 'Register a finished job, or a base model, on chain',
    body: z.strictObject({
      name: z.string().min(1).max(80),
      job: wanted.optional(),
      base: z.string().max(100).optional(),
      worker: account.optional(),
      split: z.strictObject({ worker: z.int(), builder: z.int(), data: z.int() })
    }),
    reply: modelView
  }),
  models: route({
    method: 'GET',
    path: '/api/models',
    stage: 'registration',
    summary: 'Registered models and who offers them',
    params: paged,
    reply: pageSchema(modelView)
  }),
  model: route({
    method: 'GET',
    path: '/api/models/:id',
    stage: 'registration',
    summary: 'One model, by id, or the newest of a name that somebody serves',
    params: named,
    reply: modelView
  }),
  serve: route({
    method: 'POST',
    path: '/api/models/:id/offer',
    stage: 'offer',
    summary: 'Serve a model for pay (worker)',
    params: named,
    body: z.strictObject({ inputPrice: decimal.optional(), outputPrice: decimal.optional() }),
    reply: z.object({ id: hash })
  }),
  ...offerRoutes,
  ask: route({
    method: 'POST',
    path: '/api/ask',
    stage: 'inference',
    summary: 'Ask a model over the network; the answer streams',
    stream: true,
    maxBody: 1 << 20,
    body: askRequest,
    reply: askEvent
  }),
  receipts: route({
    method: 'GET',
    path: '/api/receipts',
    stage: 'receipt',
    summary: 'Receipts this daemon holds, with their weights, by the time of their end',
    params: paged.extend({
      model: wanted.optional(),
      pool: wanted.optional(),
      order: z.enum(['oldest', 'newest']).default('oldest')
    }),
    reply: pageSchema(receiptView)
  }),
  receipt: route({
    method: 'GET',
    path: '/api/receipts/:id',
    stage: 'receipt',
    summary: 'One receipt',
    params: named,
    reply: receiptView
  }),
  ...channelRoutes,
  redeem: route({
    method: 'POST',
    path: '/api/channels/redeem',
    stage: 'receipt',
    summary: 'Redeem the vouchers of all channels on chain (worker)',
    body: nothing,
    reply: z.object({ channels: z.int(), amount: decimal })
  }),

  settle: route({
    method: 'POST',
    path: '/api/epochs',
    stage: 'settlement',
    summary: "Settle a Datanet's epoch: roots on chain, with a bond",
    body: z.strictObject({ pool: wanted }),
    reply: epochView
  }),
  epochs: route({
    method: 'GET',
    path: '/api/epochs',
    stage: 'settlement',
    summary: 'Epochs',
    params: paged,
    reply: pageSchema(epochView)
  }),
  finalize: route({
    method: 'POST',
    path: '/api/epochs/:id/finalize',
    stage: 'settlement',
    summary: "Finalize a pool's proposed epoch after its window",
    params: named,
    body: nothing,
    reply: epochView
  }),
  earnings: route({
    method: 'GET',
    path: '/api/earnings/:account',
    stage: 'claim',
    summary: 'What an account earned by each kind of work, and what it may claim',
    params: z.object({ account }),
    reply: earningsView
  }),
  income: route({
    method: 'GET',
    path: '/api/earnings/:account/income',
    stage: 'claim',
    summary: 'Payments to an account, the newest first',
    params: z.object({ account }).extend(paged.shape),
    reply: pageSchema(paymentView)
  }),
  claim: route({
    method: 'POST',
    path: '/api/earnings/:account/claim',
    stage: 'claim',
    summary: 'Claim for an account, to its payout address',
    params: z.object({ account }),
    body: nothing,
    reply: z.object({ amount: decimal, transactions: z.array(z.string()) })
  }),
  accounting: route({
    method: 'GET',
    path: '/api/accounting',
    stage: 'claim',
    summary: 'Where all fees went, from the chain',
    reply: accountingView
  })
} as const

export type Routes = typeof routes
export type RouteName = keyof Routes

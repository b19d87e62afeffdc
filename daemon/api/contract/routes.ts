import { z } from 'zod'
import { datanetRules } from '../../../protocol/data/types.ts'
import { signedSchema } from '../../../protocol/crypto/schema.ts'
import { nothing, route } from './route.ts'
import {
  account,
  accountingView,
  askEvent,
  askRequest,
  contributionView,
  datanetView,
  decimal,
  earningsView,
  epochView,
  hash,
  hashParam,
  jobRequest,
  jobView,
  modelView,
  peerView,
  receiptView,
  statusView,
  versionView
} from './views.ts'

const id = z.object({ id: hashParam })
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
const rulesRequest = datanetRules.omit({ heldOut: true })

/** The daemon's HTTP API, in the order of the flow. Server, client and OpenAPI document are made from this table. */
export const routes = {
  health: route({
    method: 'GET',
    path: '/healthz',
    phase: 'node',
    summary: 'Alive, and whether peers and chain are reached',
    open: true,
    reply: z.object({ ok: z.boolean(), peers: z.int(), chain: z.boolean() })
  }),
  openapi: route({
    method: 'GET',
    path: '/openapi.json',
    phase: 'node',
    summary: 'This contract as an OpenAPI document',
    open: true,
    reply: z.record(z.string(), z.unknown())
  }),
  status: route({
    method: 'GET',
    path: '/api/status',
    phase: 'node',
    summary: 'Who this daemon is, and how it stands',
    reply: statusView
  }),
  peers: route({
    method: 'GET',
    path: '/api/peers',
    phase: 'node',
    summary: 'Connected peers',
    reply: z.array(peerView)
  }),

  createDatanet: route({
    method: 'POST',
    path: '/api/datanets',
    phase: 'data',
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
    phase: 'data',
    summary: 'Known Datanets',
    reply: z.array(datanetView)
  }),
  datanet: route({
    method: 'GET',
    path: '/api/datanets/:id',
    phase: 'data',
    summary: 'One Datanet',
    params: id,
    reply: datanetView
  }),
  heldOut: route({
    method: 'GET',
    path: '/api/datanets/:id/held-out',
    phase: 'data',
    summary: 'Its held-out questions',
    params: id,
    reply: z.array(z.object({ messages: z.array(z.object({ role: z.string(), content: z.string() })) }))
  }),
  prepareContribution: route({
    method: 'POST',
    path: '/api/datanets/:id/prepare',
    phase: 'data',
    summary: 'Store a shard and get the statements for its contributor to sign',
    params: id,
    maxBody: 17 << 20,
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
    phase: 'data',
    summary: 'Contribute a shard',
    params: id,
    maxBody: 17 << 20,
    body: contribution,
    reply: z.object({ id: hash })
  }),
  contributions: route({
    method: 'GET',
    path: '/api/datanets/:id/contributions',
    phase: 'data',
    summary: 'Contributions in order of authorship, with their checks',
    params: id,
    reply: z.array(contributionView)
  }),
  vote: route({
    method: 'POST',
    path: '/api/contributions/:id/vote',
    phase: 'data',
    summary: 'Vote by hand (validators with automatic voting off)',
    params: id,
    body: z.strictObject({ accept: z.boolean() }),
    reply: z.object({ id: hash })
  }),
  anchorVersion: route({
    method: 'POST',
    path: '/api/datanets/:id/versions',
    phase: 'data',
    summary: 'Anchor the accepted set as a new version (host)',
    params: id,
    body: nothing,
    reply: versionView
  }),
  versions: route({
    method: 'GET',
    path: '/api/datanets/:id/versions',
    phase: 'data',
    summary: 'Anchored versions',
    params: id,
    reply: z.array(versionView)
  }),

  postJob: route({
    method: 'POST',
    path: '/api/jobs',
    phase: 'jobs',
    summary: 'Post a tune job',
    body: jobRequest,
    reply: z.object({ id: hash })
  }),
  jobs: route({ method: 'GET', path: '/api/jobs', phase: 'jobs', summary: 'Known jobs', reply: z.array(jobView) }),
  job: route({
    method: 'GET',
    path: '/api/jobs/:id',
    phase: 'jobs',
    summary: 'One job: bids, awards, progress, result',
    params: id,
    reply: jobView
  }),

  importBase: route({
    method: 'POST',
    path: '/api/bases',
    phase: 'models',
    summary: "Publish a base model folder of the daemon's machine on IPFS",
    body: z.strictObject({ folder: z.string().min(1).max(1000) }),
    reply: z.object({ cid: z.string() })
  }),
  registerModel: route({
    method: 'POST',
    path: '/api/models',
    phase: 'models',
    summary: 'Register a finished job, or a base model, on chain',
    body: z.strictObject({
      name: z.string().min(1).max(80),
      job: hashParam.optional(),
      base: z.string().max(100).optional(),
      worker: account.optional(),
      split: z.strictObject({ worker: z.int(), builder: z.int(), data: z.int() })
    }),
    reply: modelView
  }),
  models: route({
    method: 'GET',
    path: '/api/models',
    phase: 'models',
    summary: 'Registered models and who offers them',
    reply: z.array(modelView)
  }),
  serve: route({
    method: 'POST',
    path: '/api/models/:id/offer',
    phase: 'models',
    summary: 'Serve a model for pay (worker)',
    params: id,
    body: z.strictObject({ inputPrice: decimal.optional(), outputPrice: decimal.optional() }),
    reply: z.object({ id: hash })
  }),
  ask: route({
    method: 'POST',
    path: '/api/ask',
    phase: 'models',
    summary: 'Ask a model over the network; the answer streams',
    stream: true,
    maxBody: 1 << 20,
    body: askRequest,
    reply: askEvent
  }),
  receipts: route({
    method: 'GET',
    path: '/api/receipts',
    phase: 'models',
    summary: 'Receipts this daemon holds, with their weights',
    reply: z.array(receiptView)
  }),
  redeem: route({
    method: 'POST',
    path: '/api/channels/redeem',
    phase: 'models',
    summary: 'Redeem the vouchers of all channels on chain (worker)',
    body: nothing,
    reply: z.object({ channels: z.int(), amount: decimal })
  }),

  settle: route({
    method: 'POST',
    path: '/api/epochs',
    phase: 'payouts',
    summary: "Settle a Datanet's epoch: roots on chain, with a bond",
    body: z.strictObject({ pool: hashParam }),
    reply: epochView
  }),
  epochs: route({ method: 'GET', path: '/api/epochs', phase: 'payouts', summary: 'Epochs', reply: z.array(epochView) }),
  finalize: route({
    method: 'POST',
    path: '/api/epochs/:id/finalize',
    phase: 'payouts',
    summary: "Finalize a pool's proposed epoch after its window",
    params: id,
    body: nothing,
    reply: epochView
  }),
  earnings: route({
    method: 'GET',
    path: '/api/earnings/:account',
    phase: 'payouts',
    summary: 'What an account may claim',
    params: z.object({ account }),
    reply: earningsView
  }),
  claim: route({
    method: 'POST',
    path: '/api/earnings/:account/claim',
    phase: 'payouts',
    summary: 'Claim for an account, to its payout address',
    params: z.object({ account }),
    body: nothing,
    reply: z.object({ amount: decimal, transactions: z.array(z.string()) })
  }),
  accounting: route({
    method: 'GET',
    path: '/api/accounting',
    phase: 'payouts',
    summary: 'Where all fees went, from the chain',
    reply: accountingView
  })
} as const

export type Routes = typeof routes
export type RouteName = keyof Routes

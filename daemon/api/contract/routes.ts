import { z } from 'zod'
import { licenceText } from '../../../protocol/primitives/licences.ts'
import { askName, askRequest } from './asking.ts'
import { agentRoutes } from './agents.ts'
import { askEvent } from './ask-events.ts'
import { availabilityRoutes } from './availability.ts'
import { backupRoutes } from './backup.ts'
import { backendRoutes } from './backends.ts'
import { bazaarRoutes } from './bazaar.ts'
import { offerRoutes, whyRoutes } from './offers.ts'
import { sessionRoutes } from './sessions.ts'
import { jsonFields } from './json.ts'
import { named, nothing, paged, pageSchema, route, wanted } from './route.ts'
import { dataRoutes } from './data.ts'
import { juryRoutes } from './juries.ts'
import { standingRoutes } from './standings.ts'
import { seatRoutes } from './seats.ts'
import { questionsRoutes } from './questions.ts'
import { termsRoutes } from './terms.ts'
import { privateRoutes } from './private.ts'
import { bondRoutes } from './bonds.ts'
import { flowRoutes } from './flow.ts'
import { machineRoutes } from './machine.ts'
import { keyRoutes } from './keys.ts'
import { nameRoutes } from './names.ts'
import { networkRoutes } from './network.ts'
import { settingRoutes } from './settings.ts'
import { walletRoutes } from './wallet.ts'
import { channelRoutes } from './channels.ts'
import { earningsRoutes } from './earnings.ts'
import { explorerRoutes } from './explorer.ts'
import { traceRoutes } from './trace.ts'
import { baseRoutes, draftRoutes, jobRoutes } from './jobs.ts'
import {
  account,
  accountingView,
  decimal,
  epochView,
  hash,
  modelView,
  peerView,
  receiptView,
  statusView
} from './views.ts'

/** Basis points of every fee; they sum to 10000. */
const splitRequest = z.strictObject({
  worker: z.int(),
  builder: z.int(),
  data: z.int(),
  upstream: z.int().optional()
})

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
    reply: jsonFields
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
  ...sessionRoutes,
  ...walletRoutes,
  ...availabilityRoutes,
  ...flowRoutes,
  ...networkRoutes,
  ...machineRoutes,
  ...backendRoutes,
  ...settingRoutes,
  ...backupRoutes,

  ...dataRoutes,
  ...termsRoutes,
  ...juryRoutes,
  ...standingRoutes,
  ...seatRoutes,
  ...questionsRoutes,
  ...bondRoutes,
  ...privateRoutes,

  ...jobRoutes,
  ...draftRoutes,
  ...whyRoutes,

  ...baseRoutes,
  ...agentRoutes,
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
      /** Its job's, or the usual one with as much for the data as the Datanet asks for, unless given. */
      split: splitRequest.optional(),
      /** The registered model that it was grown from, to which the split's upstream part goes: id or name. */
      upstream: wanted.optional(),
      licence: licenceText.optional()
    }),
    reply: modelView
  }),
  models: route({
    method: 'GET',
    path: '/api/models',
    stage: 'registration',
    summary: 'Registered models and who offers them',
    asking: true,
    params: paged,
    reply: pageSchema(modelView)
  }),
  model: route({
    method: 'GET',
    path: '/api/models/:id',
    stage: 'registration',
    summary: 'One model, by id or by name; `asked` refuses a name that would not be asked, since several use it',
    asking: true,
    params: named.extend({ asked: z.enum(['true', 'false']).default('false') }),
    reply: modelView
  }),
  retireModel: route({
    method: 'POST',
    path: '/api/models/:id/retire',
    stage: 'registration',
    summary: 'Retire an own model: no new channels for it, those that are open are paid as agreed',
    params: named,
    reply: z.object({ id: hash, transaction: z.string() })
  }),
  splitModel: route({
    method: 'POST',
    path: '/api/models/:id/split',
    stage: 'registration',
    summary: 'Register an own model anew with another split, and retire it as it was',
    params: named,
    body: z.strictObject({ split: splitRequest }),
    reply: modelView.extend({ retired: hash })
  }),
  serve: route({
    method: 'POST',
    path: '/api/models/:id/offer',
    stage: 'offer',
    summary: 'Serve a model for pay (worker)',
    params: named,
    body: z.strictObject({
      inputPrice: decimal.optional(),
      outputPrice: decimal.optional(),
      /** Every model over its base, by one offer: those that are asked for are fetched then. */
      all: z.boolean().optional()
    }),
    /** `base`: of which every model is offered. */
    reply: z.object({ id: hash, base: z.string().optional() })
  }),
  ...offerRoutes,
  ask: route({
    method: 'POST',
    path: '/api/ask',
    stage: 'inference',
    summary: 'Ask a model over the network; the answer streams',
    asking: true,
    stream: true,
    maxBody: 1 << 20,
    body: askRequest,
    reply: askEvent
  }),
  stopAsk: route({
    method: 'POST',
    path: '/api/ask/:name/stop',
    stage: 'inference',
    asking: true,
    summary:
      'Stop an answer by the name it was asked with: its stream still tells what came, what it cost, its receipt',
    params: z.object({ name: askName }),
    reply: z.object({ stopped: z.boolean() })
  }),
  ...nameRoutes,
  ...keyRoutes,
  receipts: route({
    method: 'GET',
    path: '/api/receipts',
    stage: 'receipt',
    summary: 'Receipts this daemon holds, with their weights, by the time of their end',
    params: paged.extend({
      model: wanted.optional(),
      pool: wanted.optional(),
      /** Of one channel, or one client or worker: looked for among so many in one call, so that a page may be short. */
      channel: hash.optional(),
      party: account.optional(),
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
  ...bazaarRoutes,
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
    summary: 'Epochs, the newest first, Datanet by Datanet',
    params: paged.extend({ pool: wanted.optional() }),
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
  ...earningsRoutes,
  accounting: route({
    method: 'GET',
    path: '/api/accounting',
    stage: 'claim',
    summary: 'Where all fees went, from the chain',
    reply: accountingView
  }),

  ...explorerRoutes,
  ...traceRoutes
} as const

export type Routes = typeof routes
export type RouteName = keyof Routes

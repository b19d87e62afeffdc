import { z } from 'zod'
import { nothing, paged, pageSchema, route } from './route.ts'
import { account, decimal, hash } from './views.ts'

/** A payment channel of this daemon, as its client or its worker. */
export const channelView = z.object({
  id: hash,
  role: z.enum(['client', 'worker']),
  client: account,
  worker: account,
  model: hash,
  modelName: z.string(),
  deposit: decimal,
  /** By the highest voucher; by receipts that both signed; paid out on chain. */
  promised: decimal,
  settled: decimal,
  claimed: decimal,
  receipts: z.int(),
  /** Client: answers, whole or cut off, that no receipt is signed for yet, and what has come of them costs. */
  unsigned: z.object({ answers: z.int(), fee: decimal }),
  /** closing: the worker may claim until `returnsAt`. disputed: the other side was found lying; it closes by itself. */
  state: z.enum(['open', 'closing', 'disputed', 'closed']),
  code: z.string().optional(),
  /** What goes back to the client, or went once it is closed, and from when; null when it is back. */
  left: decimal,
  returnsAt: z.int().nullable(),
  expiry: z.int()
})
export type ChannelView = z.infer<typeof channelView>

export const channelRoutes = {
  channels: route({
    method: 'GET',
    path: '/api/channels',
    stage: 'receipt',
    summary: 'Payment channels: deposited, promised, claimed, and what comes back when',
    params: paged.extend({ closed: z.enum(['true', 'false']).default('true') }),
    reply: pageSchema(channelView)
  }),
  closeChannel: route({
    method: 'POST',
    path: '/api/channels/:id/close',
    stage: 'receipt',
    summary:
      'Close a channel. Client: the first call asks the chain to, one after the window takes back what is left. ' +
      'Worker: claims what it owes and ends it at once',
    params: z.object({ id: z.string().min(1).max(100) }),
    body: nothing,
    reply: z.object({ channel: channelView, transaction: hash.nullable() })
  })
} as const

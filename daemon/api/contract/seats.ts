import { z } from 'zod'
import { named, paged, pageSchema, route } from './route.ts'
import { decimal, hash } from './views.ts'

/** A seat of this node's among the scorers of a Datanet's pool. */
export const seatView = z.object({
  datanet: hash,
  /** By its owner's word; else the node took it when it heard of answers there. */
  asked: z.boolean(),
  /** All data fees ever paid into the pool. */
  paid: decimal
})
export type SeatView = z.infer<typeof seatView>

export const seatRoutes = {
  seats: route({
    method: 'GET',
    path: '/api/seats',
    stage: 'settlement',
    summary: 'Where this node has a seat among scorers, for all of which one stake is locked',
    params: paged,
    reply: pageSchema(seatView)
  }),
  sit: route({
    method: 'POST',
    path: '/api/datanets/:id/seat',
    stage: 'settlement',
    summary:
      "Take a seat among the scorers of a Datanet's pool, for which stake is locked; or give it up, and take none " +
      'there again but by this call',
    params: named,
    body: z.strictObject({ sits: z.boolean() }),
    reply: z.object({ datanet: hash, sits: z.boolean(), transaction: hash.nullable() })
  })
} as const

import { z } from 'zod'
import { named, paged, pageSchema, route } from './route.ts'
import { account, decimal, hash } from './views.ts'

/**
 * A worker that stands for its answers in a Datanet's pool with its stake, or was found out there. Times are
 * milliseconds since 1970.
 */
export const standingView = z.object({
  datanet: hash,
  worker: account,
  since: z.int(),
  /** null while it stands. */
  until: z.int().nullable(),
  /** false where it never stood, and was found out all the same: both times say nothing then. */
  stood: z.boolean().optional(),
  /**
   * Drawn scorers' words that its answers by a model were not by the weights that it offered; where it never stood,
   * those that came once it was found out.
   */
  accusations: z.array(z.object({ scorer: account, model: hash, epoch: z.int(), receipts: hash, transaction: hash })),
  /**
   * By which answers scorers have found it out, and what they took of its stake (nothing where it did not stand); null
   * where they have not. Clients pass it over until then.
   */
  foundOut: z
    .object({
      model: hash,
      epoch: z.int(),
      receipts: hash,
      taken: decimal,
      transaction: hash,
      /** Of a daemon from before both are not told. */
      at: z.int().optional(),
      passedOverUntil: z.int().optional()
    })
    .nullable()
})
export type StandingView = z.infer<typeof standingView>

export const standingRoutes = {
  standings: route({
    method: 'GET',
    path: '/api/standings',
    stage: 'offer',
    summary: 'Workers that stand for their answers with stake, or did, and who was found out: of one worker, or all',
    params: paged.extend({ worker: account.optional() }),
    reply: pageSchema(standingView)
  }),
  stand: route({
    method: 'POST',
    path: '/api/datanets/:id/standing',
    stage: 'offer',
    summary:
      'Stand for the answers that this node gives by models of a Datanet: they are by the weights that it offers, or ' +
      'drawn scorers take a tenth of the least stake; or stand there no more',
    params: named,
    body: z.strictObject({ stands: z.boolean() }),
    reply: z.object({ datanet: hash, stands: z.boolean(), penalty: decimal, transaction: hash })
  })
} as const

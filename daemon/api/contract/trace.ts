import { z } from 'zod'
import { named, route, wanted } from './route.ts'
import { hash } from './views.ts'

// From an answer back to the rows that it owes to, and on to the transaction that paid: each link with what was checked
// of it on the machine that answers, by the same functions as everywhere.

/** Something that was looked at. `holds` is null where it could not be: `found` says why. */
export const traceCheck = z.object({ what: z.string(), holds: z.boolean().nullable(), found: z.string() })
export type TraceCheck = z.infer<typeof traceCheck>

/** One link of the way. */
export const traceStep = z.object({
  /** Of the flow (`protocol/flow.ts`). */
  stage: z.string(),
  title: z.string(),
  facts: z.array(z.object({ name: z.string(), value: z.string() })),
  checks: z.array(traceCheck)
})
export type TraceStep = z.infer<typeof traceStep>

export const traceView = z.object({
  /** What was traced or audited: a receipt, an epoch of a pool, a model. */
  kind: z.enum(['receipt', 'epoch', 'model']),
  id: hash,
  epoch: z.int().nullable(),
  network: z.object({ chainId: z.int(), registry: z.string() }),
  /** Checks that hold, that do not, and that could not be made. */
  held: z.int(),
  broken: z.int(),
  open: z.int(),
  steps: z.array(traceStep)
})
export type TraceView = z.infer<typeof traceView>

export const traceRoutes = {
  trace: route({
    method: 'GET',
    path: '/api/receipts/:id/trace',
    stage: 'claim',
    summary: 'From an answer to rows, votes, version, training, siblings, weights, epoch and transaction, each checked',
    params: named,
    reply: traceView
  }),
  audit: route({
    method: 'POST',
    path: '/api/audits',
    stage: 'settlement',
    summary: 'Repeats what stands behind a receipt, an epoch or a model, from CIDs, and says whether it agrees',
    body: z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('receipt'), id: wanted }),
      z.strictObject({ kind: z.literal('epoch'), id: wanted, epoch: z.int().min(1) }),
      z.strictObject({
        kind: z.literal('model'),
        id: wanted,
        /** Which sibling, by its place among the coalitions; drawn unless given. */
        sibling: z.int().min(1).max(4096).optional(),
        /** Which segment of a training is run again from the state before it; drawn unless given. */
        segment: z.int().min(0).max(64).optional(),
        /** Steps of its training that are run again, from the first. */
        steps: z.int().min(1).max(10_000).optional()
      })
    ]),
    reply: traceView
  })
} as const

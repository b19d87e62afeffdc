import { z } from 'zod'
import { named, nothing, paged, pageSchema, route, wanted } from './route.ts'
import { hash, offerView, whyView } from './views.ts'

/** What stands between a worker and a job. */
export const whyRoutes = {
  why: route({
    method: 'GET',
    path: '/api/jobs/:id/why',
    stage: 'bids',
    summary: 'Why this worker has not bid for a job, and what to do about it; or that it has',
    params: named,
    reply: whyView
  })
} as const

/** What is offered, and no more. */
export const offerRoutes = {
  unserve: route({
    method: 'POST',
    path: '/api/models/:id/withdraw',
    stage: 'offer',
    summary: 'Serve a model no more: its offer goes, answers under way are finished (worker)',
    params: named,
    /** Every model over its base is offered no more; those that are offered by themselves still are. */
    body: nothing.or(z.strictObject({ all: z.boolean() })),
    /** `served`: whether it was. It is not served by itself again either way. */
    reply: z.object({ id: hash, name: z.string(), served: z.boolean() })
  }),
  offers: route({
    method: 'GET',
    path: '/api/offers',
    stage: 'offer',
    summary: 'What is offered now by whom, at what price and speed; of one model, or of all',
    params: paged.extend({ model: wanted.optional() }),
    reply: pageSchema(offerView)
  })
} as const

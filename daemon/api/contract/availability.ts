import { z } from 'zod'
import { eventView } from './events.ts'
import { nothing, route } from './route.ts'
import { awayView } from './views.ts'

/** When a worker takes on work, and what happens at a node. */
export const availabilityRoutes = {
  pause: route({
    method: 'POST',
    path: '/api/pause',
    stage: 'node',
    summary: 'Take on no new work: no bids, no offers; answers and trainings under way are finished (worker)',
    body: z.strictObject({
      /** Until resumed unless given. */
      minutes: z
        .number()
        .positive()
        .max(366 * 1440)
        .optional(),
      /** Trainings under way wait, too, and go on from their checkpoint; their deadlines do not wait. */
      trainings: z.boolean().default(false)
    }),
    reply: z.object({ away: awayView })
  }),
  resume: route({
    method: 'POST',
    path: '/api/resume',
    stage: 'node',
    summary: 'Take on work again (worker); null: it does, otherwise why it still does not',
    body: nothing,
    reply: z.object({ away: awayView })
  }),
  events: route({
    method: 'GET',
    path: '/api/events',
    stage: 'node',
    summary: 'News of this node as they come: from now on, or from where a reader was (Last-Event-ID, or `after`)',
    stream: true,
    resumable: true,
    params: z.object({ after: z.string().max(100).optional() }),
    reply: eventView
  })
} as const

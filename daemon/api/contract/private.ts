import { z } from 'zod'
import { keysGivenView } from './data-views.ts'
import { named, paged, pageSchema, route } from './route.ts'
import { account } from './views.ts'

/** What only some may read: to whom it is encrypted, and who was given keys. */
export const privateRoutes = {
  readers: route({
    method: 'GET',
    path: '/api/datanets/:id/readers',
    stage: 'contribution',
    summary:
      'To whom a contribution to a private Datanet is encrypted, with the key of each as far as it is known here',
    params: named,
    reply: z.object({
      readers: z.array(z.object({ account, role: z.enum(['validator', 'host']), key: z.string().nullable() }))
    })
  }),
  keysGiven: route({
    method: 'GET',
    path: '/api/datanets/:id/keys',
    stage: 'version',
    summary: 'To whom this daemon gave keys to rows of a private Datanet, the last ones first',
    params: named.extend(paged.shape),
    reply: pageSchema(keysGivenView)
  })
} as const

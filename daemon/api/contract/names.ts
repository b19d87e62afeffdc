import { z } from 'zod'
import { nothing, paged, pageSchema, route, wanted } from './route.ts'
import { hash } from './views.ts'

const modelName = z.string().min(1).max(80)

/** A name that means one model, whoever registers another by it. */
export const pinView = z.object({ name: modelName, model: hash })
export type PinView = z.infer<typeof pinView>

export const nameRoutes = {
  pins: route({
    method: 'GET',
    path: '/api/pins',
    stage: 'inference',
    summary: 'Names of models that the owner of this daemon has settled',
    params: paged,
    reply: pageSchema(pinView)
  }),
  pin: route({
    method: 'POST',
    path: '/api/pins',
    stage: 'inference',
    summary: 'Settle which model a name means when it is asked by it, in place of what it meant before',
    body: z.strictObject({ name: modelName, model: wanted }),
    reply: pinView
  }),
  unpin: route({
    method: 'POST',
    path: '/api/pins/:name/remove',
    stage: 'inference',
    summary: 'Let a name mean what it means without a pin',
    params: z.object({ name: modelName }),
    body: nothing,
    reply: pinView
  })
} as const

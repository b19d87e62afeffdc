import { z } from 'zod'
import { nothing, paged, pageSchema, route } from './route.ts'
import { decimal } from './views.ts'

/**
 * What a key is for. `read`: all that the console shows, and changes nothing; `ask`: ask models, within its budget;
 * `operate`: what a node does that moves no money of its own; `money`: pay, within its budget of a day.
 */
export const keyScopes = ['read', 'ask', 'operate', 'money'] as const
export type KeyScope = (typeof keyScopes)[number]

const keyName = z.string().min(1).max(40)
const budget = z.string().regex(/^[0-9]{1,40}$/, "must be a whole number of the token's smallest unit")

/** A key of the API by which a program may do some things, and no others. Amounts in the token's smallest unit. */
export const keyView = z.object({
  name: z.string(),
  madeAt: z.int(),
  scopes: z.array(z.enum(keyScopes)).readonly(),
  /** The most that one answer may cost, and all answers of a day by UTC; null: as the daemon's own settings say. */
  perRequest: decimal.nullable(),
  perDay: decimal.nullable(),
  spentToday: decimal,
  /** Held for answers that are coming. */
  held: decimal,
  /** Ever. */
  spent: decimal
})
export type KeyView = z.infer<typeof keyView>

export const keyRoutes = {
  keys: route({
    method: 'GET',
    path: '/api/keys',
    stage: 'inference',
    summary: 'Keys of this API, what each may do, with their budgets and what was spent by each',
    params: paged,
    reply: pageSchema(keyView)
  }),
  addKey: route({
    method: 'POST',
    path: '/api/keys',
    stage: 'inference',
    summary: 'Make a key that may do some things, within a budget; the key itself is told this once and kept nowhere',
    body: z.strictObject({
      name: keyName,
      /** Asking alone unless said. */
      scopes: z.array(z.enum(keyScopes)).min(1).max(keyScopes.length).optional(),
      perRequest: budget.optional(),
      perDay: budget.optional()
    }),
    reply: keyView.extend({ key: z.string() })
  }),
  revokeKey: route({
    method: 'POST',
    path: '/api/keys/:name/revoke',
    stage: 'inference',
    summary: 'End a key: nobody does anything by it any more, and what is coming by it ends',
    params: z.object({ name: keyName }),
    body: nothing,
    reply: keyView
  })
} as const

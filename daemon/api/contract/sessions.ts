import { z } from 'zod'
import { address } from '../../../protocol/primitives/index.ts'
import { none, nothing, paged, pageSchema, route } from './route.ts'

/** Seconds that a sign-in token may be used within: ten minutes unless asked otherwise, a day at most. */
const tokenSeconds = z.int().min(10).max(86_400).default(600)

/** A way into the console for one browser, once. */
export const signInView = z.object({
  /** The console's address with the token in its fragment, which no server and no log ever sees. */
  url: z.string(),
  token: z.string(),
  /** Unix milliseconds after which it is of no use. */
  until: z.int()
})
export type SignInView = z.infer<typeof signInView>

/** Somebody whose console can be opened from here: a member of the local network, or this daemon alone. */
export const identityView = z.object({
  /** Of a member of a local network; null for a daemon that is in none. */
  name: z.string().nullable(),
  address,
  roles: z.array(z.string()).readonly(),
  /** Whether it is the daemon that was asked. */
  self: z.boolean(),
  /**
   * Somebody who has a key in the local network's folder and no daemon: the one that was asked signs by it what they
   * contribute.
   */
  person: z.boolean()
})
export type IdentityView = z.infer<typeof identityView>

/** What an account is called on this machine; nobody else knows it by that name. */
export const accountNameView = z.object({ address, name: z.string() })

/** How a browser signs in, and as whom. */
export const sessionRoutes = {
  createSession: route({
    method: 'POST',
    path: '/api/sessions',
    stage: 'node',
    summary: 'A sign-in token for the web console: it can be used once, within its time',
    body: z.strictObject({ seconds: tokenSeconds }),
    reply: signInView
  }),
  startSession: route({
    method: 'POST',
    path: '/api/session',
    stage: 'node',
    summary: 'Exchange a sign-in token for a session, kept in a cookie of the browser',
    open: true,
    body: z.strictObject({ token: z.string().min(1).max(200) }),
    reply: z.object({
      /** Unix milliseconds at which the session ends by itself. */
      until: z.int()
    })
  }),
  endSession: route({
    method: 'POST',
    path: '/api/session/end',
    stage: 'node',
    summary: 'Sign out: the session of the cookie ends, with its streams',
    body: nothing,
    reply: none
  }),
  identities: route({
    method: 'GET',
    path: '/api/identities',
    stage: 'node',
    summary: 'Who can be acted as from here: members of a local network and its people, or this daemon alone',
    params: paged,
    reply: pageSchema(identityView)
  }),
  accountNames: route({
    method: 'GET',
    path: '/api/names',
    stage: 'node',
    summary: 'What accounts are called here: the members and people of a local network, or nobody',
    params: paged,
    reply: pageSchema(accountNameView)
  }),
  identitySession: route({
    method: 'POST',
    path: '/api/identities/:name/session',
    stage: 'node',
    summary: "The address of another member's console, signed in (local network)",
    params: z.object({ name: z.string().min(1).max(60) }),
    body: nothing,
    reply: signInView
  })
} as const

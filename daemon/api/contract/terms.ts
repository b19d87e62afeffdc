import { z } from 'zod'
import { laterRules, rulesChange } from '../../../protocol/data/amendment.ts'
import { named, nothing, route } from './route.ts'
import { account, addressView, decimal, hash } from './views.ts'

/** One rule that is other than before; values as JSON, null where there is none. */
const differenceView = z.object({ rule: z.string(), from: z.string().nullable(), to: z.string().nullable() })
export type DifferenceView = z.infer<typeof differenceView>

/** A Datanet's rules, in force, earlier and put forward, and who hosts it. */
export const termsView = z.object({
  datanet: hash,
  /** Of the rules in force, from 1. */
  number: z.int(),
  host: addressView,
  founder: addressView,
  /** Whom the host has named to follow it, until that one accepts. */
  nextHost: addressView.nullable(),
  /** The newest last; `why` where those before stayed in force. */
  rules: z.array(
    z.object({
      number: z.int(),
      rules: laterRules,
      differences: z.array(differenceView),
      why: z.string().nullable(),
      /** Where they were set, by a word of whom; null of the first ones. */
      set: z
        .object({
          amendment: hash,
          block: decimal,
          transaction: hash,
          by: addressView.nullable(),
          roster: z.int(),
          spoke: z.array(addressView)
        })
        .nullable()
    })
  ),
  /** Those that were put forward to follow: weights of the sitting roster for and against, and of all of it. */
  next: z.array(
    z.object({
      amendment: hash,
      by: addressView,
      number: z.int(),
      rules: laterRules.nullable(),
      differences: z.array(differenceView),
      why: z.string().nullable(),
      consent: z.number(),
      against: z.number(),
      total: z.number(),
      spoke: z.array(addressView)
    })
  )
})
export type TermsView = z.infer<typeof termsView>

/** What of a Datanet can change: its rules, by its validators, and its host. */
export const termsRoutes = {
  terms: route({
    method: 'GET',
    path: '/api/datanets/:id/rules',
    stage: 'datanet',
    summary: 'Its rules, in force, earlier and put forward, with what differs; its host, and who may follow it',
    params: named.extend({ upTo: z.coerce.number().int().min(1).optional() }),
    reply: termsView
  }),
  proposeRules: route({
    method: 'POST',
    path: '/api/datanets/:id/rules',
    stage: 'datanet',
    summary: 'Put other rules forward: its host, or who sits now; over two thirds of the weight set them',
    params: named,
    body: z.strictObject({ change: rulesChange }),
    reply: z.object({
      amendment: hash,
      transaction: hash,
      differences: termsView.shape.rules.element.shape.differences
    })
  }),
  speakOnRules: route({
    method: 'POST',
    path: '/api/datanets/:id/rules/word',
    stage: 'datanet',
    summary: "This validator's word on rules that were put forward; the last one that was missing sets them",
    params: named,
    body: z.strictObject({ amendment: hash, consents: z.boolean() }),
    reply: z.object({ transaction: hash, set: z.int().nullable() })
  }),
  nameHost: route({
    method: 'POST',
    path: '/api/datanets/:id/host',
    stage: 'datanet',
    summary: 'Name who shall host it in place of this daemon; null takes it back',
    params: named,
    body: z.strictObject({ next: account.nullable() }),
    reply: z.object({ transaction: hash })
  }),
  acceptHost: route({
    method: 'POST',
    path: '/api/datanets/:id/host/accept',
    stage: 'datanet',
    summary: 'Host it from now on, as its host asks',
    params: named,
    body: nothing,
    reply: z.object({ transaction: hash })
  })
}

import { z } from 'zod'
import { jsonFields } from './json.ts'

/** News of a node, by phase, in the order of the flow. */
export const eventNames = [
  'data.datanet',
  'data.committed',
  'data.revealed',
  'data.checked',
  'data.voted',
  'data.decided',
  'data.double-vote',
  'data.challenged',
  'data.jury',
  'data.removed',
  'data.unsent',
  'data.version',
  'data.rules',
  'data.host',
  'data.questions',
  'jobs.posted',
  'jobs.bid',
  'jobs.awarded',
  'jobs.progress',
  'jobs.delivered',
  'jobs.accepted',
  'jobs.reoffered',
  'jobs.paused',
  'jobs.completed',
  'jobs.expired',
  'jobs.draft',
  'models.registered',
  'models.offered',
  'models.withdrawn',
  'models.answering',
  'models.receipt',
  'models.redeemed',
  'models.failed',
  'payouts.receipt',
  'payouts.scored',
  'payouts.disagreement',
  'payouts.closing',
  'payouts.anchored',
  'payouts.drawn',
  'payouts.audited',
  'payouts.proposed',
  'payouts.disputed',
  'payouts.challenged',
  'payouts.vetoed',
  'payouts.voided',
  'payouts.finalized',
  'payouts.claimed',
  'payouts.slashed',
  'automation.step',
  'node.peers',
  'node.logged',
  'node.away'
] as const
export type EventName = (typeof eventNames)[number]

/**
 * One piece of news. `alive` comes first, with where the reader stands, and when nothing else did for a while;
 * `missed`: so many (null where the daemon was started again, and nobody knows) are gone, so what they were about is
 * asked anew.
 */
export const eventView = z.object({
  /** Of this news, or of the newest before it: a reader that comes back gives it and gets what followed. */
  id: z.string().max(100),
  name: z.enum([...eventNames, 'alive', 'missed']),
  at: z.int(),
  /** As its phase says it; wide integers as decimal text. */
  data: jsonFields
})
export type EventView = z.infer<typeof eventView>

const waitingView = z.object({
  /** A name or an id of what it is about. */
  about: z.string(),
  what: z.string(),
  why: z.string(),
  /** null where no time says so. */
  at: z.number().nullable()
})
/** What a node does by itself: whether it is switched on, what comes next and when or why not, what was done last. */
export const automationView = z.object({
  name: z.string(),
  on: z.boolean(),
  next: z.array(waitingView).readonly(),
  last: z.object({ about: z.string(), what: z.string(), at: z.number(), failed: z.string().nullable() }).nullable()
})
export type AutomationView = z.infer<typeof automationView>

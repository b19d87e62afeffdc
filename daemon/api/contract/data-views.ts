import { z } from 'zod'
import { addressView, contributionView, decimal, hash } from './views.ts'

// What contributors see before and after, and validators while they vote.

/** What the validators' checks would say of a file that is not contributed yet. */
export const previewView = z.object({
  accept: z.boolean(),
  reason: z.string().optional(),
  checks: z.array(z.object({ check: z.string(), code: z.string(), note: z.string().optional() })),
  rows: z.int(),
  own: z.int(),
  /** Every line that is not blank: `own`, or what is wrong with it, and whose row it repeats. */
  lines: z.array(z.object({ line: z.int(), code: z.string(), of: hash.optional() })),
  /** Contributions this account has made, of how many. */
  uploads: z.int(),
  allowed: z.int(),
  /** Whether it was compared with what was accepted before: only a node that follows the Datanet has that. */
  compared: z.boolean()
})
export type PreviewView = z.infer<typeof previewView>

/**
 * What an account's contributions to a Datanet were worth together. `value` is in 1e-6, the mean over the held-out
 * questions; null where it was not measured here (a model), or the account is no player (an epoch).
 */
export const worthView = z.object({
  account: addressView,
  accepted: z.int(),
  own: z.int(),
  versions: z.array(z.object({ version: z.int(), model: hash, name: z.string(), value: decimal.nullable() })),
  epochs: z.array(z.object({ epoch: z.int(), state: z.string(), value: decimal.nullable(), share: decimal })),
  paid: decimal
})
export type WorthView = z.infer<typeof worthView>

/** A contribution that is voted on, as a validator sees it; weights are of the Datanet's roster. */
export const reviewView = contributionView.extend({
  datanetName: z.string(),
  /** What this node's own checks say; null before them. */
  advice: z.boolean().nullable(),
  /** How this node has voted; its reason is kept here and told to nobody. */
  vote: z.boolean().nullable(),
  voteReason: z.string().optional(),
  accepting: z.int(),
  rejecting: z.int(),
  committed: z.int(),
  total: z.int(),
  closesAt: z.int().nullable()
})
export type ReviewView = z.infer<typeof reviewView>
const messagesView = z.array(z.object({ role: z.string(), content: z.string() })).readonly()
export const reviewRowView = z.object({
  line: z.int(),
  /** `own`, or what is wrong with it; `unchecked` before the checks. */
  code: z.string(),
  messages: messagesView.nullable(),
  /** The accepted row that it shares most words with, and how many, in thousandths. */
  nearest: z.object({ contribution: hash, line: z.int(), overlap: z.int(), messages: messagesView }).nullable()
})
export type ReviewRowView = z.infer<typeof reviewRowView>
export const votePolicy = z.enum(['auto', 'manual'])

/** Validators of a Datanet: what each has at stake, which a double vote costs. */
export const rosterView = z.object({
  datanet: hash,
  validators: z.array(
    z.object({ address: addressView, weight: z.int(), stake: decimal, unbonding: decimal, doubleVotes: z.int() })
  )
})
export type RosterView = z.infer<typeof rosterView>

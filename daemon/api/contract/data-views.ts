import { z } from 'zod'
import { said } from '../../../protocol/data/votes.ts'
import { addressView, contributionView, decimal, hash } from './views.ts'

// What contributors see before and after, and validators while they vote.

/** What the validators' checks would say of a file that is not contributed yet. */
export const previewView = z.object({
  accept: z.boolean(),
  reason: z.string().optional(),
  checks: z.array(z.object({ check: z.string(), code: z.string(), note: z.string().optional() })),
  rows: z.int(),
  own: z.int(),
  /**
   * Every record of the file by its place there (its line, or its number where there are no lines): `own`, or what is
   * wrong with it, in words where it could not be read. Of a repeated row, whose it is (none: this file's) and its
   * index in that shard; of a held-out question, its index.
   */
  lines: z.array(
    z.object({
      line: z.int(),
      code: z.string(),
      says: z.string().optional(),
      of: hash.optional(),
      row: z.int().optional(),
      question: z.int().optional()
    })
  ),
  /** How the file was read: what it is, and which of its columns became what. */
  file: z
    .object({
      container: z.string(),
      columns: z.array(z.string()),
      notes: z.array(z.string()),
      mappings: z.array(z.object({ layout: z.string(), says: z.string(), unused: z.array(z.string()), rows: z.int() }))
    })
    .optional(),
  /** Contributions this account has made, of how many. */
  uploads: z.int(),
  allowed: z.int(),
  /** Whether it was compared with what was accepted before: only a node that follows the Datanet has that. */
  compared: z.boolean()
})
export type PreviewView = z.infer<typeof previewView>

/** That this daemon gave keys to rows of a private Datanet: once for each account and award, however often it asked. */
export const keysGivenView = z.object({
  asker: addressView,
  by: z.enum(['seat', 'author', 'award']),
  /** The award's digest, and the version that it is for. */
  ground: hash.nullable(),
  version: z.int().nullable(),
  keys: z.int(),
  times: z.int(),
  /** Milliseconds since 1970. */
  first: z.number(),
  last: z.number()
})
export type KeysGivenView = z.infer<typeof keysGivenView>

/**
 * What an account's contributions to a Datanet were worth together. `value` is in 1e-6, the mean over the held-out
 * questions; null where it was not measured here (a model), or the account is no player (an epoch).
 */
export const worthView = z.object({
  account: addressView,
  /** Contributions that were accepted and have not left since, and their rows; null where those are not known here. */
  accepted: z.int(),
  own: z.int().nullable(),
  versions: z.array(z.object({ version: z.int(), model: hash, name: z.string(), value: decimal.nullable() })),
  /**
   * Its part of each epoch. `share` is `weighed` times `earned` over `earnedByAll`, and besides `heldOutShare`, which
   * private answers pay by held-out values, and `vestedShare`, which earlier epochs had kept back. `value` is the
   * held-out value that has to be above zero; `earned` is in 1e-10 of the token's smallest unit: each answer's fee
   * times the data's part times what these rows made of it.
   */
  epochs: z.array(
    z.object({
      epoch: z.int(),
      state: z.string(),
      value: decimal.nullable(),
      share: decimal,
      earned: decimal,
      earnedByAll: decimal,
      weighed: decimal,
      heldOutShare: decimal,
      vestedShare: decimal
    })
  ),
  paid: decimal
})
export type WorthView = z.infer<typeof worthView>

/**
 * An account's rank, over one Datanet or over all that this daemon follows. `rank` and `answers` are in 1e-6 of an
 * answer of each hundred held-out questions, `acceptance` in 1e-6: the share of its rows that is surely accepted.
 */
export const rankView = z.object({
  account: addressView,
  /** From 1. */
  place: z.int(),
  rank: decimal,
  /** The arithmetic behind it; over all, the sum. */
  formula: z.string(),
  rows: z.int(),
  taken: z.int(),
  /** Of those that were taken: rows of contributions that have left since. What they were worth stays its account's. */
  left: z.int(),
  /** Rows of accepted contributions that are in no count: only who reads them knows which of them were taken. */
  unread: z.int(),
  acceptance: z.int(),
  /** null: not measured yet. */
  answers: decimal.nullable(),
  datanets: z.int()
})
export type RankView = z.infer<typeof rankView>

/** A validator's rank in 1e-6: how surely what came later bears its votes out. Counts are of contributions. */
export const validatorRankView = z.object({
  validator: addressView,
  place: z.int(),
  rank: decimal,
  formula: z.string(),
  borneOut: z.int(),
  refuted: z.int(),
  missed: z.int(),
  /** Its votes of which nobody knows yet. */
  open: z.int(),
  doubleVotes: z.int()
})
export type ValidatorRankView = z.infer<typeof validatorRankView>

/** What is known of a contribution's removal; words are validators' for a take-down, each of a roster by its number. */
export const removalView = z.object({
  contribution: hash,
  removed: z.enum(['withdrawn', 'taken-down']).nullable(),
  words: z.array(z.object({ validator: addressView, roster: z.int(), code: z.string(), text: z.string() }))
})
export type RemovalView = z.infer<typeof removalView>

const messagesView = z.array(z.object({ role: z.string(), content: z.string() })).readonly()

/** An accepted row; `row` is its index in its shard, `line` its place in the contributor's file. */
export const acceptedRowView = z.object({
  contribution: hash,
  contributor: addressView,
  row: z.int(),
  line: z.int(),
  messages: messagesView
})
export type AcceptedRowView = z.infer<typeof acceptedRowView>

/** A row of a contribution; `messages` null where nobody gives its shard now. */
export const namedRowView = z.object({
  contribution: hash,
  contributor: addressView.optional(),
  row: z.int(),
  line: z.int().optional(),
  messages: messagesView.nullable()
})
export type NamedRowView = z.infer<typeof namedRowView>

/** A line that brought nothing, the earlier row that it repeats or the held-out question that it asks. */
export const refusedRowView = z.object({
  line: z.int(),
  code: z.string(),
  messages: messagesView.nullable(),
  earlier: namedRowView.nullable(),
  question: messagesView.nullable()
})
export type RefusedRowView = z.infer<typeof refusedRowView>

/** Votes on a contribution by the validators of its Datanet. Times are null when it is not being voted on. */
export const votesView = z.object({
  contribution: hash,
  datanet: hash,
  /** Weight of the roster: over two thirds of it without who abstains, and over half, accept; over a third rejects. */
  total: z.int(),
  opensAt: z.int().nullable(),
  closesAt: z.int().nullable(),
  validators: z.array(
    z.object({
      validator: addressView,
      weight: z.int(),
      /** A vote is committed before it is shown, so that nobody copies another's. */
      step: z.enum(['waiting', 'committed', 'revealed']),
      accept: z.boolean().nullable(),
      /** It leaves it to the others: it was there, and counts for neither side. */
      abstains: z.boolean(),
      /** Whether it found the same rows as the checks of this daemon. */
      agrees: z.boolean().nullable(),
      /** In its owner's words, signed with the vote; null before the vote is shown, and where there is none. */
      reason: z.string().nullable(),
      /** The same by a code, of the checks or of those that people name. */
      code: z.string().nullable()
    })
  )
})
export type VotesView = z.infer<typeof votesView>

/** A contribution that is voted on, as a validator sees it; weights are of the Datanet's roster. */
export const reviewView = contributionView.extend({
  datanetName: z.string(),
  /** What this node's own checks say; null before them. */
  advice: z.boolean().nullable(),
  /** How this node has voted; its reason is told with the vote. */
  vote: said.nullable(),
  voteReason: z.string().optional(),
  voteCode: z.string().optional(),
  /** Until when the vote can be undone: nobody was told of it yet. null: there is none, or it was told. */
  undoUntil: z.number().nullable(),
  accepting: z.int(),
  rejecting: z.int(),
  abstaining: z.int(),
  committed: z.int(),
  total: z.int(),
  closesAt: z.int().nullable()
})
export type ReviewView = z.infer<typeof reviewView>
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
  /** Of the roster that sits; the first one stands in the Datanet's rules. */
  number: z.int(),
  /** Of so many of the newest decided contributions `reviewed` were looked at in time. */
  decided: z.int(),
  validators: z.array(
    z.object({
      address: addressView,
      weight: z.int(),
      stake: decimal,
      unbonding: decimal,
      doubleVotes: z.int(),
      reviewed: z.int()
    })
  ),
  /** What they would weigh if they were weighed by stake now, in their order, where that makes a difference. */
  due: z.array(z.int()).optional(),
  /** What was put forward to follow it. */
  next: z.array(
    z.object({
      id: hash,
      by: addressView,
      /** From when the silence of those who sit is enough, milliseconds since 1970; null where it takes consent. */
      silentAt: z.int().nullable(),
      /** Weight of those who sit that is for it, and against it. */
      consent: z.number(),
      against: z.number(),
      validators: z.array(z.object({ address: addressView, weight: z.number() }))
    })
  )
})
export type RosterView = z.infer<typeof rosterView>

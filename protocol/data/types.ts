import { z } from 'zod'
import { writtenAccount } from '../primitives/checksum.ts'
import { address, bytes32, cidText } from '../primitives/hex.ts'
import { signedSchema } from '../crypto/schema.ts'

export const chatRole = z.enum(['system', 'user', 'assistant'])
/** Of one text, in UTF-16 units. */
export const mostCharacters = 8000

/** One turn of a conversation. */
export const chatMessage = z.strictObject({ role: chatRole, content: z.string().min(1).max(mostCharacters) })
export type ChatMessage = z.infer<typeof chatMessage>

/** Turns of a row. */
export const mostMessages = 32

/** A training row as engines take it: ends with the assistant's turn, which is what is learnt. */
export const row = z
  .strictObject({ messages: z.array(chatMessage).min(2).max(mostMessages) })
  .refine(({ messages }) => messages.at(-1)?.role === 'assistant', "the last message must be the assistant's")
export type Row = z.infer<typeof row>

/** A line of a contributor's JSONL file: either form; `prompt`/`response` means one user and one assistant turn. */
export const fileRow = z.union([
  z
    .strictObject({ prompt: z.string().min(1).max(mostCharacters), response: z.string().min(1).max(mostCharacters) })
    .transform(({ prompt, response }): Row => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: response }
      ]
    })),
  row
])

export const datanetKind = z.enum(['qa', 'chat', 'text'])
export type DatanetKind = z.infer<typeof datanetKind>

/** Of every row: whether it may have a system's instructions, its turns, and its characters in all. */
export const rowSchema = z.strictObject({
  system: z.boolean().optional(),
  mostTurns: z
    .int()
    .min(1)
    .max(mostMessages / 2)
    .optional(),
  mostCharacters: z
    .int()
    .min(1)
    .max(mostCharacters * mostMessages)
    .optional()
})

/**
 * What an account may bring in one epoch, which is a run of blocks: so many rows and bytes as a newcomer, more with
 * what is accepted of it up to `mostRows`, less with each rejection. Rows that no accepted ones speak for come from a
 * pool for all (`protocol/data/allowance.ts`).
 */
export const uploadLimits = z.strictObject({
  epochBlocks: z.int().min(1).max(10_000_000),
  rows: z.int().min(1).max(100_000),
  bytes: z
    .int()
    .min(1)
    .max(64 << 20),
  mostRows: z.int().min(1).max(1_000_000),
  newcomerRows: z.int().min(1).max(10_000_000)
})
export type UploadLimits = z.infer<typeof uploadLimits>

export const mostKeptDays = 365
/**
 * What of its answers' data fees a Datanet's pool keeps back for a while, in basis points: it is divided when so many
 * epochs have passed, or so many seconds, by what later versions have shown of the same authors by then.
 */
export const keptBackRule = z.strictObject({
  share: z.int().min(1).max(5_000),
  epochs: z.int().min(1).max(12),
  seconds: z
    .int()
    .min(1)
    .max(mostKeptDays * 86_400)
})
export type KeptBackRule = z.infer<typeof keptBackRule>
/**
 * What a founder who wants some of it kept back begins from. Nothing is kept back unless the founder says so: in the
 * laboratory it brought shares no nearer to the truth, and whoever forges a later model takes what waits (SECURITY.md).
 * Three epochs: a settler who leaves receipts out can hide a better version for one, and what is known by the epoch
 * before counts; ninety days where hardly anybody asks.
 */
export const usualKeptBack: KeptBackRule = { share: 3_000, epochs: 3, seconds: 90 * 86_400 }

/** How the seats of a Datanet weigh; where the rules say nothing, as they are named. */
export const weighing = z.discriminatedUnion('by', [
  z.strictObject({ by: z.literal('seat') }),
  /** `cap`: what one seat has at most of what all weigh, in basis points. */
  z.strictObject({ by: z.literal('stake'), cap: z.int().min(1).max(10_000) })
])
export type Weighing = z.infer<typeof weighing>
/**
 * Of a private Datanet: what a worker must have at stake to be given its rows, besides an award that it has taken, in
 * the token's smallest units.
 */
export const privateRule = z.strictObject({
  leastStake: z
    .string()
    .max(78)
    .regex(/^[1-9][0-9]*$/)
    .optional()
})
export type PrivateRule = z.infer<typeof privateRule>
/**
 * Of a private Datanet: who may be given its rows for an award (`trainers.ts`): workers, workers of these builders'
 * choice, or the worker of any award. Where it says nothing, who sits there and whom those choose.
 */
export const trainersRule = z.strictObject({
  workers: z.array(writtenAccount).max(128).optional(),
  builders: z.array(writtenAccount).max(64).optional(),
  anybody: z.literal(true).optional()
})
export type TrainersRule = z.infer<typeof trainersRule>
export const mostBondDays = 30
/**
 * What a contributor locks with each contribution and gets back: so much of the token's smallest unit, as decimal text,
 * until its windows are over and so many seconds more. Nothing where the rules do not say.
 */
export const bondRule = z.strictObject({
  amount: z.string().regex(/^[1-9][0-9]{0,29}$/, "a bond is a whole number of the token's smallest unit"),
  seconds: z
    .int()
    .min(0)
    .max(mostBondDays * 86_400)
})
export type BondRule = z.infer<typeof bondRule>

/** Datanets that one mix is made of, at most. */
export const mostParents = 8

/**
 * The rules of a Datanet. The first are hashed into the `Datanet` statement and kept by every peer; those that
 * follow go through the chain (`amendment.ts`).
 */
export const datanetRules = z.strictObject({
  name: z.string().min(1).max(80),
  description: z.string().max(2000),
  licence: z.string().min(1).max(80),
  /** Words by which people find it. */
  tags: z
    .array(
      z
        .string()
        .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,29}$/u, 'a tag is a word of up to 30 letters, digits and hyphens')
    )
    .max(8)
    .optional(),
  /** Languages of its rows, as BCP 47 writes them: en, pt-BR. */
  languages: z
    .array(
      z
        .string()
        .max(35)
        .regex(/^[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*$/, 'a language is written as en or pt-BR')
    )
    .max(8)
    .optional(),
  /** What a row is: a question with its answer, a conversation, or a text under its title or beginning. */
  kind: datanetKind.optional(),
  /** What else a row must be like. */
  rows: rowSchema.optional(),
  /** Shard limits. */
  maxRows: z.int().min(1).max(100_000),
  maxBytes: z
    .int()
    .min(1)
    .max(64 << 20),
  /** How many contributions one account may commit in all. */
  uploadsPerContributor: z.int().min(1).max(1000),
  /** How much an account, and all newcomers together, may bring in an epoch; without it only shards are limited. */
  uploads: uploadLimits.optional(),
  /** What is locked with each contribution, and given back (`bond.ts`). */
  bond: bondRule.optional(),
  /** Near-duplicate threshold of MinHash similarity, in thousandths. */
  nearDuplicate: z.int().min(0).max(1000),
  /** A contribution is rejected unless at least this share of the rows that repeat nobody's is good, in thousandths. */
  minOwnShare: z.int().min(0).max(1000),
  /** What of its fees a model must give to the data for its answers to be weighed, in basis points. */
  leastDataShare: z.int().min(0).max(10_000).optional(),
  /**
   * How many segments of a job's trainings are run again by drawn auditors before a model of it earns; without it, or
   * with 0, a model is admitted by its papers alone.
   */
  auditedSegments: z.int().min(0).max(16).optional(),
  /**
   * That a writer of sealed held-out questions has a third of a set by who it is, and newcomers one together
   * (`question-set.ts`), from the versions on that are anchored under these rules; without it each account has one.
   */
  questionWriters: z.literal('by-standing').optional(),
  /** What of the data fees waits for later evidence; nothing where the rules do not say. */
  keptBack: keptBackRule.optional(),
  /** Accounts that vote first, with their weights; who follows them the chain says. */
  validators: z
    .array(z.strictObject({ address: writtenAccount, weight: z.int().min(1).max(1_000_000) }))
    .min(1)
    .max(100),
  /** How their seats weigh; as they are named where it is not said. */
  weights: weighing.optional(),
  /**
   * CID of the held-out questions (JSONL of rows): never trained on, used for contamination checks and the held-out
   * gate.
   */
  heldOut: cidText,
  /** Windows in seconds: from commitment to reveal, and from when it is its turn to be voted on to the vote's end. */
  revealSeconds: z
    .int()
    .min(1)
    .max(7 * 86400),
  voteSeconds: z
    .int()
    .min(1)
    .max(7 * 86400),
  /**
   * Of a mix (`mixes`): the Datanets it is made of, by id, in the order of their ids. Its own `heldOut` is a copy of
   * their questions for readers; whoever trains, measures or pays reads those of the parents.
   */
  parents: z.array(bytes32).min(2).max(mostParents).optional(),
  /** That its shards are encrypted (`private.ts`): fixed when it is founded. */
  private: privateRule.optional(),
  /** Of a private one: who may be given its rows for an award, besides who sits there. */
  trainers: trainersRule.optional()
})
export type DatanetRules = z.infer<typeof datanetRules>

/** What a founder begins from, who says nothing else. */
export const usualAuditedSegments = 4

/** Where the rules say nothing: a tenth. */
const usualLeastDataShare = 1_000
export const leastDataShareOf = ({ leastDataShare }: Pick<DatanetRules, 'leastDataShare'>): number =>
  leastDataShare ?? usualLeastDataShare

/**
 * A Datanet as it travels: the host's statement and the rules whose hash stands in it. Its id is the statement's
 * digest.
 */
export const datanetDocument = z.strictObject({ statement: signedSchema('Datanet'), rules: datanetRules })
export type DatanetDocument = z.infer<typeof datanetDocument>

/** What became of one row of a shard. `duplicate` rows are the earlier author's: they are not trained on twice. */
export const rowOutcome = z.discriminatedUnion('kind', [
  /** `like`: an earlier author's row that has its answer and no word that this one lacks. Validators look at it. */
  z.strictObject({
    kind: z.literal('own'),
    like: z.strictObject({ of: bytes32, row: z.int().min(0) }).optional()
  }),
  z.strictObject({ kind: z.literal('invalid'), code: z.string().max(60) }),
  z.strictObject({ kind: z.literal('duplicate'), of: bytes32, row: z.int().min(0), exact: z.boolean() }),
  /** Without its question where that is sealed. */
  z.strictObject({ kind: z.literal('held-out'), question: z.int().min(0).optional() })
])
export type RowOutcome = z.infer<typeof rowOutcome>

/**
 * Every check of a contribution, in order; each yields `ok`, `skipped` (an earlier one ended it), or a code for what it
 * found.
 */
export const checkNames = [
  'signature',
  'allowance',
  'size',
  'schema',
  'held-out',
  'exact-duplicate',
  'near-duplicate',
  'own-share'
] as const
export type CheckName = (typeof checkNames)[number]
export const checkResult = z.strictObject({
  check: z.enum(checkNames),
  code: z.string().max(60),
  note: z.string().max(200).optional()
})
export type CheckResult = Readonly<z.infer<typeof checkResult>>

/** A line of the contributor's file that brought no row of its own, and why. Lines count from 1, blank ones too. */
export const rowIssue = z.strictObject({ line: z.int().min(1), code: z.string().max(60) })
export type RowIssue = Readonly<z.infer<typeof rowIssue>>

/** What a validator's checks say: a pure function of the shard, the rules and what was committed before. */
export const verdict = z.strictObject({
  contribution: bytes32,
  accept: z.boolean(),
  /** The code that decided, when not accepted. */
  reason: z.string().max(60).optional(),
  checks: z.array(checkResult).max(checkNames.length),
  /** One for each line that is not blank, in order: a row's index is its place here. */
  rows: z.array(rowOutcome).max(100_000),
  issues: z.array(rowIssue).max(100_000)
})
export type Verdict = Readonly<z.infer<typeof verdict>>

/** Votes of one certificate. */
export const mostVotes = 100

/**
 * A quorum of reveals over one (accept, outcome): accept-weight over two thirds of the roster, less those who abstain
 * (whose votes stand in it too), or reject-weight over one third.
 */
export const certificate = z.strictObject({
  contribution: bytes32,
  accept: z.boolean(),
  outcome: bytes32,
  votes: z.array(signedSchema('Vote')).min(1).max(mostVotes)
})
export type Certificate = z.infer<typeof certificate>

/** One accepted contribution in a version: its author, shard, and which rows (indices into the shard) are its own. */
export const versionEntry = z.strictObject({
  contribution: bytes32,
  contributor: address,
  cid: cidText,
  own: z.array(z.int().min(0)).max(100_000),
  certificate,
  /** In a mix: the parent that has accepted it. */
  datanet: bytes32.optional()
})
export type VersionEntry = z.infer<typeof versionEntry>

/** Contributions in one version. */
export const mostEntries = 10_000

/** A Datanet version: entries ordered by their index of authorship. On IPFS; its Merkle root is anchored. */
export const versionManifest = z.strictObject({
  datanet: bytes32,
  version: z.int().min(1),
  root: bytes32,
  heldOut: cidText,
  entries: z.array(versionEntry).min(1).max(mostEntries),
  /** Of validators that sat when it was anchored: that it holds everything accepted. A mix has its parents'. */
  seals: z.array(signedSchema('VersionSeal')).max(mostVotes),
  /** Of a mix: which version of each parent it is the union of. */
  parents: z
    .array(z.strictObject({ datanet: bytes32, version: z.int().min(1) }))
    .max(mostParents)
    .optional()
})
export type VersionManifest = z.infer<typeof versionManifest>

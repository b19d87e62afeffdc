import { z } from 'zod'
import { signedSchema } from '../../../protocol/crypto/index.ts'
import {
  because,
  contributionState,
  contributionStatements,
  datanetDocument,
  doubleVote,
  mostReason,
  mostVotes,
  removalRecord,
  said,
  verdict,
  voteReason
} from '../../../protocol/data/index.ts'
import type { Because, RemovalRecord } from '../../../protocol/data/index.ts'
import { address, bytes32, uint } from '../../../protocol/primitives/index.ts'
import type { Collection, Store } from '../../store/index.ts'

// What this phase keeps on disk, a table each. Lists are ranges of keys, so that a page costs what it shows and a
// write what it changes.

/**
 * What the chain tells of every Datanet: so much is kept of those that this node has nothing to do with, and no more.
 */
export const listingRecord = z.strictObject({
  host: address,
  block: uint(64),
  /** Last index of authorship that was given. */
  commitments: z.int().min(0),
  /** Latest version, and how many contributions are in it. */
  version: z.int().min(0),
  count: z.int().min(0)
})
export type ListingRecord = z.infer<typeof listingRecord>

/** `name`: what it is called now, where later rules call it something else. */
export const datanetRecord = z.strictObject({
  document: datanetDocument,
  seenAt: z.int(),
  name: z.string().optional()
})
export type DatanetRecord = z.infer<typeof datanetRecord>

/** Why this node follows a Datanet. */
export const datanetRole = z.enum(['host', 'validator', 'contributor', 'builder', 'worker', 'juror', 'choice'])
export type DatanetRole = z.infer<typeof datanetRole>

/** A commitment as the chain told it, and what became of it here. */
export const contributionRecord = z.strictObject({
  id: bytes32,
  datanet: bytes32,
  index: z.int().min(1),
  contributor: address,
  commitment: bytes32,
  block: uint(64),
  seenAt: z.int(),
  state: contributionState,
  provider: address.optional()
})
export type ContributionRecord = z.infer<typeof contributionRecord>

/** Of a Datanet that is followed. */
export const progressRecord = z.strictObject({
  contributions: z.int().min(0),
  accepted: z.int().min(0),
  /** Highest index of authorship that a certificate decided: its quorum has gone past all before it. */
  decided: z.int().min(0),
  /** All up to this index are over and done with here. */
  passed: z.int().min(0)
})
export type ProgressRecord = z.infer<typeof progressRecord>
export const noProgress: ProgressRecord = { contributions: 0, accepted: 0, decided: 0, passed: 0 }

/** Different votes of one validator, and commitments of it, that are kept: one that says more is slashed for two. */
export const keptOfOne = 4

/** Votes on one contribution, and this node's own, which it has decided on and may not have told yet. */
export const ballotRecord = z.strictObject({
  commits: z.array(signedSchema('VoteCommit')).max(mostVotes * keptOfOne),
  votes: z.array(signedSchema('Vote')).max(mostVotes * keptOfOne),
  mine: signedSchema('Vote').optional()
})
export type BallotRecord = z.infer<typeof ballotRecord>

export const versionRecord = z.strictObject({
  datanet: bytes32,
  version: z.int().min(1),
  root: bytes32,
  count: z.int(),
  cid: z.string(),
  transaction: bytes32,
  block: uint(64)
})
export type VersionRecord = z.infer<typeof versionRecord>

export const evidenceRecord = z.strictObject({ evidence: doubleVote, reported: z.boolean() })
export type EvidenceRecord = z.infer<typeof evidenceRecord>

/** Milliseconds since 1970; older versions kept more beside it. */
const preparedRecord = z.object({ until: z.number() })

/** With its contributor's permit for the bond, where it takes one. */
const outboxRecord = contributionStatements.extend({ permit: signedSchema('Permit').optional() })
export type OutboxRecord = z.infer<typeof outboxRecord>

/** What waits for the chain to bring a contribution again, and who has its shard. */
const returningRecord = z.strictObject({ statements: contributionStatements, provider: address.optional() })
export type ReturningRecord = z.infer<typeof returningRecord>

/** What could not be sent as it was signed, why, and since when (milliseconds since 1970). */
const unsentRecord = z.strictObject({
  statements: contributionStatements,
  code: z.string(),
  says: z.string(),
  at: z.number()
})
export type UnsentRecord = z.infer<typeof unsentRecord>

/**
 * A vote by hand that nobody was told of yet: until when its owner can take it back (milliseconds since 1970), and
 * whether it is being told now.
 */
const chosenRecord = z.strictObject({ accept: said, until: z.number(), released: z.boolean() })

/** A juror's vote: what its owner says, where it was said by hand, and the signed one once it is made. */
const juryVoteRecord = z.strictObject({
  says: said.optional(),
  vote: signedSchema('Vote').optional(),
  /** The rows that it takes, for whoever finds others once the jury has decided. */
  taken: z.string().optional()
})

/** Words alone are those of an older version. */
const reasonRecord = z.union([z.string().max(mostReason), voteReason])

/** By its own checks, or by hand. */
const votePolicy = z.enum(['auto', 'manual'])

const key = z.string()
const mark = z.literal(true)

export interface Tables {
  /** Every Datanet on chain, by id. */
  readonly listings: Collection<ListingRecord>
  readonly documents: Collection<DatanetRecord>
  /** `NAME U+0001 ID` of every document, by what the Datanet is called now. */
  readonly names: Collection<true>
  /** `DATANET/ROLE`. */
  readonly roles: Collection<true>
  readonly progress: Collection<ProgressRecord>
  /** `DATANET/INDEX`. */
  readonly contributions: Collection<ContributionRecord>
  /** Where a contribution stands, by its id. */
  readonly places: Collection<string>
  /** `DATANET/INDEX` of what no certificate has decided. */
  readonly open: Collection<true>
  /** `DATANET/INDEX` of what was rejected: an acceptance that was not heard here would take its place. */
  readonly refused: Collection<true>
  /** `DATANET/CONTRIBUTOR/INDEX`. */
  readonly uploads: Collection<true>
  /**
   * `DATANET/CONTRIBUTION` of what the chain took back: it may have been decided where it stood before. With what had
   * been revealed of it, until it comes again.
   */
  readonly returning: Collection<true | ReturningRecord>
  /** Harm of earlier versions that was looked for in this folder, by name. */
  readonly mended: Collection<true>
  readonly ballots: Collection<BallotRecord>
  /** A vote's or its commitment's digest → the contribution that it is about. */
  readonly votePlaces: Collection<string>
  readonly verdicts: Collection<z.infer<typeof verdict>>
  /** Rows accepted so far, by Datanet: moved with the index of accepted rows. */
  readonly rowCounts: Collection<number>
  /** `DATANET/VERSION`. */
  readonly versions: Collection<VersionRecord>
  readonly evidence: Collection<EvidenceRecord>
  readonly unreported: Collection<true>
  /** Contributions that this node has promised to commit and reveal. */
  readonly outbox: Collection<z.infer<typeof outboxRecord>>
  /** Those that cannot be sent as they were signed, by their id. */
  readonly unsent: Collection<z.infer<typeof unsentRecord>>
  /** Contributions that were brought in here with a bond: the chain's seconds from which on it is looked for. */
  readonly bonded: Collection<number>
  /** Contributions whose owner took back here what was not decided. */
  readonly withdrawn: Collection<true>
  /** This node's own votes on juries, made before any is committed to. */
  readonly juryVotes: Collection<z.infer<typeof juryVoteRecord>>
  /** Why this node votes as it does, in its owner's words, until the vote is made. */
  readonly reasons: Collection<z.infer<typeof reasonRecord>>
  /** `DATANET/INDEX` of what was withdrawn or is to be taken down, and who says so. */
  readonly removals: Collection<RemovalRecord>
  /** `CONTRIBUTION/VALIDATOR`: why a validator voted as it did, as it told. */
  readonly told: Collection<Because>
  /** Votes by hand that can still be taken back. */
  readonly chosen: Collection<z.infer<typeof chosenRecord>>
  /** How this validator votes: under `votes`, where its owner has said so. */
  readonly policies: Collection<z.infer<typeof votePolicy>>
  /** Shards that were stored and not contributed yet, by CID: until when they are kept for it. */
  readonly prepared: Collection<z.infer<typeof preparedRecord>>
}

export function openTables(store: Pick<Store, 'collection'>): Tables {
  return {
    listings: store.collection('data/listings', listingRecord),
    documents: store.collection('data/documents', datanetRecord),
    names: store.collection('data/names', mark),
    roles: store.collection('data/roles', mark),
    progress: store.collection('data/progress', progressRecord),
    contributions: store.collection('data/contributions', contributionRecord),
    places: store.collection('data/places', key),
    open: store.collection('data/open', mark),
    refused: store.collection('data/refused', mark),
    uploads: store.collection('data/uploads', mark),
    returning: store.collection('data/returning', z.union([mark, returningRecord])),
    mended: store.collection('data/mended', mark),
    ballots: store.collection('data/ballots', ballotRecord),
    votePlaces: store.collection('data/vote-places', key),
    verdicts: store.collection('data/verdicts', verdict),
    rowCounts: store.collection('data/rows-count', z.int().min(0)),
    versions: store.collection('data/versions', versionRecord),
    evidence: store.collection('data/evidence', evidenceRecord),
    unreported: store.collection('data/unreported', mark),
    outbox: store.collection('data/outbox', outboxRecord),
    unsent: store.collection('data/unsent', unsentRecord),
    bonded: store.collection('data/bonded', z.number()),
    withdrawn: store.collection('data/withdrawn', mark),
    juryVotes: store.collection('data/jury-votes', juryVoteRecord),
    reasons: store.collection('data/reasons', reasonRecord),
    removals: store.collection('data/removals', removalRecord),
    told: store.collection('data/told', because),
    chosen: store.collection('data/chosen', chosenRecord),
    policies: store.collection('data/policies', votePolicy),
    prepared: store.collection('data/prepared', preparedRecord)
  }
}

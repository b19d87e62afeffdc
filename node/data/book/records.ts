import { z } from 'zod'
import { signedSchema } from '../../../protocol/crypto/index.ts'
import {
  contributionState,
  contributionStatements,
  datanetDocument,
  doubleVote,
  verdict
} from '../../../protocol/data/index.ts'
import { address, bytes32, uint } from '../../../protocol/primitives/index.ts'
import type { Collection, Store } from '../../store/index.ts'

// What this phase keeps on disk, a table each.

export const datanetRecord = z.strictObject({ document: datanetDocument, seenAt: z.int() })
export type DatanetRecord = z.infer<typeof datanetRecord>

/** A commitment as the chain told it, and what became of it here. */
export const contributionRecord = z.strictObject({
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

/** Votes on one contribution, and this node's own, which it has decided on and may not have told yet. */
export const ballotRecord = z.strictObject({
  commits: z.array(signedSchema('VoteCommit')).max(100),
  votes: z.array(signedSchema('Vote')).max(100),
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

const cursorRecord = z.strictObject({ block: uint(64), hash: bytes32 })

export interface Tables {
  readonly datanets: Collection<DatanetRecord>
  readonly contributions: Collection<ContributionRecord>
  readonly ballots: Collection<BallotRecord>
  readonly verdicts: Collection<z.infer<typeof verdict>>
  readonly versions: Collection<VersionRecord>
  readonly evidence: Collection<EvidenceRecord>
  /** Contributions that this node has promised to commit and reveal. */
  readonly outbox: Collection<z.infer<typeof contributionStatements>>
  readonly cursor: Collection<z.infer<typeof cursorRecord>>
}

export function openTables(store: Pick<Store, 'collection'>): Tables {
  return {
    datanets: store.collection('data/datanets', datanetRecord),
    contributions: store.collection('data/contributions', contributionRecord),
    ballots: store.collection('data/ballots', ballotRecord),
    verdicts: store.collection('data/verdicts', verdict),
    versions: store.collection('data/versions', versionRecord),
    evidence: store.collection('data/evidence', evidenceRecord),
    outbox: store.collection('data/outbox', contributionStatements),
    cursor: store.collection('data/cursor', cursorRecord)
  }
}

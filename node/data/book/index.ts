export { nameOf } from './directory.ts'
export { createBook } from './book.ts'
export type { Book } from './book.ts'
export type {
  BallotRecord,
  ContributionRecord,
  DatanetRecord,
  DatanetRole,
  EvidenceRecord,
  ListingRecord,
  UnsentRecord,
  VersionRecord
} from './records.ts'
export { keptOfOne } from './records.ts'
export { contributionView, datanetView, isBroughtBy, versionView } from './views.ts'

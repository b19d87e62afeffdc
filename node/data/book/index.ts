export { createBook } from './book.ts'
export type { Book } from './book.ts'
export type { BallotRecord, ContributionRecord, DatanetRecord, EvidenceRecord, VersionRecord } from './records.ts'
export { contributionView, datanetView, rank } from './views.ts'

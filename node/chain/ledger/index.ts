export { createBook } from './book.ts'
export type { Book } from './book.ts'
export { createJournal } from './journal.ts'
export type { Consumer, Journal } from './journal.ts'
export { createViews } from './views.ts'
export type { Page, PageOptions, Views } from './views.ts'
export type {
  ChannelRecord,
  ClaimRecord,
  CommitmentRecord,
  DatanetRecord,
  EscrowRecord,
  ModelRecord,
  NodeRecord,
  PoolRecord,
  ProposalRecord,
  Totals,
  UndoRecord,
  VersionRecord
} from './records.ts'

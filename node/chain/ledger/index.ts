export { createBook } from './book.ts'
export type { Book } from './book.ts'
export { createJournal } from './journal.ts'
export type { Consumer, Journal } from './journal.ts'
export { allOf, everyOf } from './pages.ts'
export { createViews } from './views.ts'
export type { Page, PageOptions, Views } from './views.ts'
export type { AuditRecord, AuditRound } from './audit-records.ts'
export type { FoundOutRecord, StandingRecord } from './standings.ts'
export type { BatchRecord, DueRecord } from './batches.ts'
export { incomeKinds } from './records.ts'
export type { ChannelRecord } from './channel-records.ts'
export type { EscrowRecord } from './escrow-records.ts'
export type {
  AccountRecord,
  AmendmentRecord,
  SuccessionRecord,
  BondRecord,
  ClaimRecord,
  CommitmentRecord,
  DatanetRecord,
  IncomeKind,
  IncomeRecord,
  ModelRecord,
  NodeRecord,
  PoolRecord,
  ProposalRecord,
  RulesRecord,
  Totals,
  UndoRecord,
  VersionRecord
} from './records.ts'
export type { SlashRecord } from './slash-records.ts'
export type { TrialRecord } from './trials.ts'

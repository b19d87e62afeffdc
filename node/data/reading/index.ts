export { createRows } from './rows.ts'
export { createRefused } from './refused.ts'
export { createVotes } from './votes.ts'

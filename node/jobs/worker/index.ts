// In the order of the work: a job is estimated and bid for, its award taken (worker), trained, and reported.
export { createWorker } from './worker.ts'
export type { Worker } from './worker.ts'
export type { DeclineCode, DeclineView } from './declines.ts'

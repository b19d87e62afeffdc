// In the order of a job: drafted (post), bid for (bidding), its lots awarded, watched, measured and paid (lots, verify,
// peft), and brought to its end (endings). What stands on disk is in escrows; what workers say comes in by progress.
export { createBuilder } from './builder.ts'
export type { Builder } from './builder.ts'
export { planTune } from './plan.ts'
export { spentOn } from './cancel.ts'
export { mustBeModel } from './base.ts'

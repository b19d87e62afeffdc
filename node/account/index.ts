// The node's account on chain: what it holds, what it has at stake, what it earned.
export type * from './types.ts'
export { createAccount } from './account.ts'
export { declareAccountMetrics } from './metrics.ts'

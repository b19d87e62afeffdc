export type * from './codes.ts'
export type { SpendingLimits as Limits } from '../../protocol/models/index.ts'
export * from './spending.ts'

export type * from './codes.ts'
export type { Limits } from './limits.ts'
export * from './spending.ts'

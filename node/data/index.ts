export * from './types.ts'
export type * from './decided.ts'
export type { AnchorPolicy, DataDeps, DataTiming } from './deps.ts'
export { createDataService } from './service.ts'

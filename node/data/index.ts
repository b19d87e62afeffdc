export * from './types.ts'
export type { DataDeps, DataTiming } from './deps.ts'
export { createDataService } from './service.ts'

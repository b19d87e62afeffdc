export * from './types.ts'
export { auditWords } from './audits/index.ts'
export { createPayoutsService } from './service.ts'

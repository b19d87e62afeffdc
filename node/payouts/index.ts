export * from './types.ts'
export { createPayoutsService } from './service.ts'

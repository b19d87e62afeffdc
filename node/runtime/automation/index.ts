export * from './types.ts'
export * from './backoff.ts'
export * from './automation.ts'

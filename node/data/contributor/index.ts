export { bytesOf, createContributing } from './contribute.ts'
export type { Contributing } from './contribute.ts'
export * from './preview.ts'
export * from './withdraw.ts'

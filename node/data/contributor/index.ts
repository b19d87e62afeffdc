export { bytesOf, createContributing } from './contribute.ts'
export type { Contributing } from './contribute.ts'

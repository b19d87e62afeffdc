export { createInterest, mostFollowed } from './interest.ts'
export type { Interest } from './interest.ts'

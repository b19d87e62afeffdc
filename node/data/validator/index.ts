export { createShards } from './shards.ts'
export type { Shards } from './shards.ts'
export { createTurns } from './turns.ts'
export type { Turns } from './turns.ts'

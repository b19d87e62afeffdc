/** The first step of an epoch, as every node reads it: what was anchored, what chance has said, who weighs what. */
export { createRounds } from './rounds.ts'
export type { OpenRound, Rounds } from './rounds.ts'

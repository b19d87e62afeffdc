/** The first stage of payouts: what an answer owes to whom, by those who have something at stake and no part in it. */
export { createScorings, scoredBy } from './scorings.ts'
export type { Scorings } from './scorings.ts'
export { createScoringsExchange } from './exchange.ts'
export type { ScoringsExchange } from './exchange.ts'
export { createWeigher } from './weigher.ts'
export type { Weigher } from './weigher.ts'
export { createScorer } from './scorer.ts'
export type { Scorer } from './scorer.ts'

/** Drawn scorers say a worker's answers again, and hold against it what the offered weights would not have said. */
export { createJudge } from './judge.ts'
export type { Judge } from './judge.ts'

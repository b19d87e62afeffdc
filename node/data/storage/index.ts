export { createHoldings } from './holdings.ts'
export type { Holdings } from './holdings.ts'
export { createSpare, replicas } from './spare.ts'
export type { Spare } from './spare.ts'

/** Epochs: made of receipts, and what follows when one is final. */
export { createBundles } from './bundles.ts'
export type { Bundles, History, Summary } from './bundles.ts'
export { createSettler } from './settler.ts'
export type { Settler } from './settler.ts'
export { createFinality } from './finality.ts'
export type { Finality } from './finality.ts'
export { createClaims } from './claims.ts'
export type { Claims } from './claims.ts'

export type { RootClaim } from './claim.ts'
export type { SeatsFound } from './read-seats.ts'
export { RootOnChain, RootStands } from './root-on-chain.tsx'
export { useRootOnChain } from './use-root.ts'

// Reads the chain's events in order, forward and back, through an RPC that is not believed.
export { createFollower } from './follower.ts'
export { createSource } from './source.ts'
export type { Source } from './source.ts'
export { createTracker } from './state.ts'
export type { ChainState, FollowState, ProviderFindings } from './state.ts'

// Every type of the chain, for those who need no code of it.
export type { EscrowKey, Registration, Split } from '../../protocol/contracts/index.ts'
export type * from './addresses.ts'
export type * from './calls/index.ts'
export type { ChainEvent, ChainEventName, ChainEventOf } from './events/index.ts'
export type { Chain, ChainOptions } from './client.ts'
export type { ChainState, FollowState, ProviderFindings } from './follower/index.ts'
export type { FollowedChain, KnownChannel, Ledger } from './followed.ts'
export type * from './ledger/index.ts'

import type { ChannelOnChain, ModelOnChain } from '../../../node/chain/types.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Fact } from '../../node/chain/fake-chain.ts'

// What the contracts of a simulated chain hold. A call changes it, or is refused and changes nothing.

/** Contracts that hold tokens. */
export type Vault = 'channels' | 'pools'

export interface TokenState {
  readonly balances: Map<Address | Vault, bigint>
  readonly models: Map<Hex, ModelOnChain>
  readonly channels: Map<Hex, ChannelOnChain>
  /** Channels that an account has opened. */
  readonly opened: Map<Address, number>
}

/** Whom a call is from, and when its block is. */
export interface At {
  readonly from: Address
  /** Seconds. */
  readonly now: bigint
}
/** One call of a contract. @returns what it logs @throws Refusal before it has changed anything */
export type Call = (state: TokenState, at: At) => Fact[]

/** An error of the contract's. */
export class Refusal extends Error {}
export function requires(holds: boolean, error: string): asserts holds {
  if (!holds) throw new Refusal(error)
}

export const balanceOf = ({ balances }: TokenState, of: Address | Vault): bigint => balances.get(of) ?? 0n

/** @throws Refusal where there is not so much */
export function transfer(state: TokenState, from: Address | Vault, to: Address | Vault, amount: bigint): void {
  requires(balanceOf(state, from) >= amount, 'ERC20InsufficientBalance')
  state.balances.set(from, balanceOf(state, from) - amount)
  state.balances.set(to, balanceOf(state, to) + amount)
}

/** Entries are replaced, never changed, so a copy of the maps is a copy of it all. */
export const copyOf = ({ balances, models, channels, opened }: TokenState): TokenState => ({
  balances: new Map(balances),
  models: new Map(models),
  channels: new Map(channels),
  opened: new Map(opened)
})

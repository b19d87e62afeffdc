import type { ChannelOnChain, EscrowOnChain, ModelOnChain } from '../../../node/chain/types.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Fact } from '../../node/chain/fake-chain.ts'

// What the contracts of a simulated chain hold. A call changes it, or is refused and changes nothing.

/** Contracts that hold tokens; and where those are that were burnt. */
export type Vault = 'channels' | 'escrows' | 'pools' | 'burnt'

export interface TokenState {
  readonly balances: Map<Address | Vault, bigint>
  readonly models: Map<Hex, ModelOnChain>
  readonly channels: Map<Hex, ChannelOnChain>
  /** Channels that an account has opened. */
  readonly opened: Map<Address, number>
  readonly escrows: Map<Hex, EscrowOnChain>
  /** The one version that there is. */
  readonly versions: Map<string, { readonly root: Hex; readonly count: number; readonly cid: string }>
}
export const emptyState = (balances: ReadonlyMap<Address, bigint>): TokenState => ({
  balances: new Map(balances),
  models: new Map(),
  channels: new Map(),
  opened: new Map(),
  escrows: new Map(),
  versions: new Map()
})

/** Whom a call is from, and when its block is. */
export interface At {
  readonly from: Address
  /** Seconds. */
  readonly now: bigint
}
/** One call of a contract. @returns what it logs @throws Refusal before it has changed anything */
export type Call = (state: TokenState, at: At) => Fact[]

/** What became of a transaction. */
export interface Mined {
  readonly block: bigint
  readonly transaction: Hex
  readonly logs: readonly Fact[]
}
/** How an account's calls go to the contracts, and how it looks at them. */
export interface Access {
  readonly send: (call: Call) => Promise<Mined>
  readonly read: <T>(look: (state: TokenState) => T) => Promise<T>
}

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
export const copyOf = ({ balances, models, channels, opened, escrows, versions }: TokenState): TokenState => ({
  balances: new Map(balances),
  models: new Map(models),
  channels: new Map(channels),
  opened: new Map(opened),
  escrows: new Map(escrows),
  versions: new Map(versions)
})

type Named<N extends string> = Extract<Fact, { name: N }>
/** What a call has logged. */
export function logged<N extends string>({ logs }: Mined, name: N): Named<N> {
  const found = logs.find((log): log is Named<N> => log.name === name)
  if (found === undefined) throw new Error(`it logs no ${name}`)
  return found
}

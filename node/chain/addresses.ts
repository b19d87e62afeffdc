import type { Address, Hex } from '../../protocol/primitives/index.ts'

/** Where a deployment lives. All in lower case; written to and read from JSON as it is. */
export interface Addresses {
  readonly token: Address
  readonly registry: Address
  readonly datanets: Address
  readonly bonds: Address
  readonly models: Address
  readonly escrow: Address
  readonly channels: Address
  readonly anchor: Address
  readonly juries: Address
  readonly audits: Address
  readonly serving: Address
}

/** What `contracts.json` holds: the addresses, and where to begin to read. */
export interface Deployment extends Addresses {
  readonly chainId: number
  /** Block of the first contract's deployment: no event is older. */
  readonly deploymentBlock: number
}

/** A mined transaction. */
export interface Mined {
  readonly transaction: Hex
  readonly block: bigint
}

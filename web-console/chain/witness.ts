import type { Wallet } from '../wallets/discover.ts'

/**
 * Whom this browser itself asks what the chain holds: the RPC that the daemon's owner has named for it, or a wallet,
 * which knows its own.
 */
export type Witness =
  | { readonly kind: 'rpc'; readonly url: string }
  | { readonly kind: 'wallet'; readonly wallet: Wallet }

export const nameOf = (witness: Witness): string =>
  witness.kind === 'rpc' ? `the RPC ${new URL(witness.url).host}` : witness.wallet.name

/** What errors of this module are called; one that is not here does not compile. */
export type WalletErrorCode = 'wallet.account' | 'wallet.chain' | 'wallet.refused'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'web-console/wallets': WalletErrorCode
  }
}

/** What errors of this module are called; one that is not here does not compile. */
export type AccountErrorCode =
  | 'wallet.bonded'
  | 'wallet.coin'
  | 'wallet.nothing'
  | 'wallet.self'
  | 'wallet.stake'
  | 'wallet.tokens'
  | 'wallet.zero'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/account': AccountErrorCode
  }
}

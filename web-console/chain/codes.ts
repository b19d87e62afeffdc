/** What errors of this module are called; one that is not here does not compile. */
export type ChainErrorCode = 'witness.chain' | 'witness.seats' | 'witness.silent'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'web-console/chain': ChainErrorCode
  }
}

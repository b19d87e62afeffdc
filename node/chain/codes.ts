import type { ChainErrorCode } from './errors/index.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type NodeChainErrorCode = ChainErrorCode

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/chain': NodeChainErrorCode
  }
}

import type { SandboxErrorCode } from './sandbox/errors.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type RuntimeErrorCode = SandboxErrorCode | 'queue.full'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/runtime': RuntimeErrorCode
  }
}

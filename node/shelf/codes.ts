import type { ShelfCode } from './types.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type ShelfErrorCode = ShelfCode

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/shelf': ShelfErrorCode
  }
}

import type { StoreCode } from './errors.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type StoreErrorCode = StoreCode | 'segment.order' | 'store.key'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/store': StoreErrorCode
  }
}

/** What errors of this module are called; one that is not here does not compile. */
export type SpendingErrorCode =
  | 'budget.busy'
  | 'budget.file'
  | 'key.budget'
  | 'key.many'
  | 'key.name'
  | 'key.taken'
  | 'key.unknown'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/spending': SpendingErrorCode
  }
}

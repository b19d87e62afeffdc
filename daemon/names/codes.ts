/** What errors of this module are called; one that is not here does not compile. */
export type NamesErrorCode = 'name.ambiguous' | 'name.untrusted' | 'pin.file' | 'pin.many' | 'pin.name' | 'pin.unknown'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/names': NamesErrorCode
  }
}

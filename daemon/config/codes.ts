/** What errors of this module are called; one that is not here does not compile. */
export type DaemonConfigErrorCode =
  | 'config.backend-key'
  | 'config.backend-stands'
  | 'config.file'
  | 'config.flag'
  | 'config.invalid'
  | 'config.json'
  | 'config.key-file'
  | 'config.network'
  | 'config.no-backend'
  | 'config.number'
  | 'config.version'
  | 'settings.locked'
  | 'settings.unknown'
  | 'settings.wrong'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/config': DaemonConfigErrorCode
  }
}

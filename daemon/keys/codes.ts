/** What errors of this module are called; one that is not here does not compile. */
export type DaemonKeysErrorCode =
  | 'key.exists'
  | 'key.file'
  | 'key.invalid'
  | 'key.missing'
  | 'key.passphrase'
  | 'key.running'
  | 'key.write'
  | 'passphrase.file'
  | 'passphrase.mismatch'
  | 'passphrase.missing'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/keys': DaemonKeysErrorCode
  }
}

/** What errors of this module are called; one that is not here does not compile. */
export type BackupErrorCode = 'backup.entry' | 'backup.path'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/backup': BackupErrorCode
  }
}

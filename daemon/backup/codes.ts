/** What errors of this module are called; one that is not here does not compile. */
export type DaemonBackupErrorCode = 'backup.damaged' | 'backup.folder' | 'backup.none' | 'backup.version'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/backup': DaemonBackupErrorCode
  }
}

/** What errors of this module are called; one that is not here does not compile. */
export type DaemonErrorCode = 'daemon.ended' | 'daemon.running' | 'daemon.slow' | 'file.too-large' | 'network.port'

declare module '../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    daemon: DaemonErrorCode
  }
}

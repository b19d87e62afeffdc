/** What errors of this module are called; one that is not here does not compile. */
export type DaemonMcpErrorCode = 'mcp.refused'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/mcp': DaemonMcpErrorCode
  }
}

/** What errors of this module are called; one that is not here does not compile. */
export type ClientErrorCode =
  | 'ask.unbounded'
  | 'client.agent'
  | 'client.alone'
  | 'client.closed'
  | 'client.in-use'
  | 'client.insecure'
  | 'client.network'
  | 'client.options'
  | 'client.storage'
  | 'client.wallet'
  | 'receipt.form'

declare module '../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    client: ClientErrorCode
  }
}

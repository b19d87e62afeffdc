/** What errors of this module are called; one that is not here does not compile. */
export type DaemonApiErrorCode =
  | 'account.text'
  | 'api.broken'
  | 'api.hung'
  | 'api.port'
  | 'api.reply'
  | 'api.unreachable'
  | 'ask.unfinished'
  | 'auth.host'
  | 'auth.missing'
  | 'auth.origin'
  | 'auth.session'
  | 'auth.token'
  | 'auth.wrong'
  | 'daemon.unsupervised'
  | 'datanet.unknown'
  | 'chain.unknown'
  | 'contribution.unknown'
  | 'epoch.account'
  | 'find.nothing'
  | 'statement.unknown'
  | 'transaction.unknown'
  | 'id.ambiguous'
  | 'identity.away'
  | 'identity.none'
  | 'job.unfinished'
  | 'job.unknown'
  | 'limit.readers'
  | 'model.source'
  | 'model.unknown'
  | 'model.unmeasured'
  | 'receipt.unknown'
  | 'receipt.forgotten'
  | 'receipt.no-rows'
  | 'request.invalid'
  | 'test.busy'
  | 'test.empty'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/api': DaemonApiErrorCode
  }
}

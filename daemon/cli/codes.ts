/** What errors of this module are called; one that is not here does not compile. */
export type DaemonCliErrorCode =
  | 'chat.budget'
  | 'compare.base'
  | 'compare.failed'
  | 'compare.questions'
  | 'compare.same'
  | 'contribution.refused'
  | 'contribution.unchecked'
  | 'daemon.none'
  | 'daemon.stopped'
  | 'data.folder'
  | 'datanet.ambiguous'
  | 'datanet.unknown'
  | 'file.empty'
  | 'file.json'
  | 'file.read'
  | 'file.rows'
  | 'file.text'
  | 'file.too-large'
  | 'file.too-many-rows'
  | 'flag-invalid'
  | 'flag-missing'
  | 'flag.address'
  | 'flag.audit'
  | 'flag.number'
  | 'flag.scope'
  | 'flag.split'
  | 'job.low-budget'
  | 'job.version'
  | 'key.backup'
  | 'network.member'
  | 'network.none'
  | 'output.exists'
  | 'roster.which'
  | 'vote.decision'
  | 'vote.policy'
  | 'wallet.local'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'daemon/cli': DaemonCliErrorCode
  }
}

import type { DataCode } from './errors.ts'
import type { FileCode } from './files/errors.ts'

/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolDataErrorCode =
  | DataCode
  | FileCode
  | 'file.empty'
  | 'file.rows'
  | 'file.too-large'
  | 'file.too-many-rows'
  | 'contribution.bond'
  | 'contribution.state'
  | 'batch.late'
  | 'batch.opens'
  | 'batch.roster'
  | 'batch.signed'
  | 'batch.size'
  | 'datanet.private'
  | 'held-out.invalid'
  | 'keys.account'
  | 'keys.asker'
  | 'keys.holder'
  | 'keys.readers'
  | 'keys.stale'
  | 'mix.entries'
  | 'mix.licence'
  | 'mix.old'
  | 'mix.order'
  | 'mix.parents'
  | 'mix.roster'
  | 'mix.rows'
  | 'mix.rules'
  | 'mix.share'
  | 'mix.too-large'
  | 'rules.fixed'
  | 'rules.invalid'
  | 'rules.licence'
  | 'rules.mix'
  | 'rules.narrower'
  | 'rules.same'
  | 'rules.too-long'
  | 'rules.trainers'
  | 'rules.weights'
  | 'signature.mismatch'
  | 'version.allowance'
  | 'version.empty'
  | 'version.entry'
  | 'version.incomplete'
  | 'version.mismatch'
  | 'version.order'
  | 'version.outcome'
  | 'version.root'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/data': ProtocolDataErrorCode
  }
}

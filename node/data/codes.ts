/** What errors of this module are called; one that is not here does not compile. */
export type DataErrorCode =
  | 'contribution.decided'
  | 'contribution.not-ours'
  | 'contribution.not-shown'
  | 'contribution.pending'
  | 'contribution.sending'
  | 'contribution.unknown'
  | 'contribution.withdrawn'
  | 'contributor.allowance'
  | 'data.stopped'
  | 'datanet.ambiguous'
  | 'datanet.followed-many'
  | 'datanet.id'
  | 'datanet.lookups'
  | 'datanet.many'
  | 'datanet.not-followed'
  | 'datanet.unknown'
  | 'page.cursor'
  | 'rows.from'
  | 'rules.invalid'
  | 'shard.empty'
  | 'shard.missing'
  | 'shard.too-large'
  | 'shard.too-many-rows'
  | 'sync.bad-peer'
  | 'version.empty'
  | 'version.not-host'
  | 'version.row'
  | 'version.rows'
  | 'version.unchanged'
  | 'version.unknown'
  | 'vote.already'
  | 'vote.none'
  | 'vote.not-open'
  | 'vote.not-validator'
  | 'vote.told'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/data': DataErrorCode
  }
}

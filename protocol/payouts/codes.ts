/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolPayoutsErrorCode =
  | 'candidates.players'
  | 'coalitions.incomplete'
  | 'coalitions.repeated'
  | 'coalitions.unknown-player'
  | 'content.asker'
  | 'content.holder'
  | 'content.stale'
  | 'counterfactual.coalitions'
  | 'epoch.deposited'
  | 'epoch.time'
  | 'epoch.held-out'
  | 'epoch.measure'
  | 'exchange.answer'
  | 'explain.model'
  | 'explain.players'
  | 'held-out.model'
  | 'measure.players'
  | 'payouts.root'
  | 'settled.channels'
  | 'settled.ranges'
  | 'settled.twice'
  | 'settled.unpaid'
  | 'shares.total'
  | 'shares.values'
  | 'utilities.count'
  | 'utility.range'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/payouts': ProtocolPayoutsErrorCode
  }
}

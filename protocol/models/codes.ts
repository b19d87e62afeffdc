/** What errors of this module are called; one that is not here does not compile. */
export type ProtocolModelsErrorCode =
  | 'budget.day'
  | 'budget.request'
  | 'channel.ending'
  | 'channel.exhausted'
  | 'channel.model'
  | 'channel.state'
  | 'model.split'
  | 'model.upstream'
  | 'offer.expired'
  | 'offer.expires'
  | 'offer.future'
  | 'offer.price'
  | 'offer.region'
  | 'offer.weights'
  | 'receipt.confidential'
  | 'receipt.content'
  | 'receipt.fee'
  | 'receipt.total'
  | 'receipt.max-fee'
  | 'receipt.request'
  | 'receipt.response'
  | 'receipt.times'
  | 'receipt.tokens'
  | 'request.content'
  | 'request.finished'
  | 'request.day'
  | 'request.future'
  | 'request.max-fee'
  | 'request.stale'
  | 'voucher.channel'
  | 'voucher.deposit'
  | 'voucher.short'
  | 'voucher.shrinks'

declare module '../primitives/errors.ts' {
  interface ErrorCodesByModule {
    'protocol/models': ProtocolModelsErrorCode
  }
}

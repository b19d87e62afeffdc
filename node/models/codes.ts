/** What errors of this module are called; one that is not here does not compile. */
export type ModelsErrorCode =
  | 'answer.cancelled'
  | 'answer.credit'
  | 'answer.fee'
  | 'answer.input-tokens'
  | 'answer.long'
  | 'answer.over'
  | 'answer.owed'
  | 'answer.partial'
  | 'answer.text'
  | 'ask.failed'
  | 'ask.invalid'
  | 'channel.client'
  | 'channel.unknown'
  | 'channel.worker'
  | 'client.unreliable'
  | 'frame.unexpected'
  | 'model.lost'
  | 'model.tokenizer'
  | 'model.unknown'
  | 'models.not-worker'
  | 'models.stopped'
  | 'offer.many'
  | 'offer.none'
  | 'offer.old'
  | 'offer.other'
  | 'receipt.answer'
  | 'receipt.chain'
  | 'receipt.late'
  | 'receipt.unknown'
  | 'request.replayed'
  | 'result.invalid'
  | 'signature.mismatch'
  | 'stream.closed'
  | 'voucher.late'
  | 'voucher.received'
  | 'worker.busy'

declare module '../../protocol/primitives/errors.ts' {
  interface ErrorCodesByModule {
    'node/models': ModelsErrorCode
  }
}

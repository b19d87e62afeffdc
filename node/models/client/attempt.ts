import type { Signed } from '../../../protocol/crypto/index.ts'
import {
  dueAtStart,
  feeOf,
  leastCreditTokens,
  mostInputTokens,
  tokensWanted,
  voucherDue,
  workerFrame
} from '../../../protocol/models/index.ts'
import type { CosignedReceipt, Finish, WorkerFrame } from '../../../protocol/models/index.ts'
import { InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { ErrorCode } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { ProtocolModelsErrorCode } from '../../../protocol/models/codes.ts'
import type { ModelsErrorCode } from '../codes.ts'
import type { Parts } from '../deps.ts'
import type { AnswerText } from '../../engine/types.ts'
import type { Ask, Purse, Wallet } from './wallet.ts'

/** The answer as it grows, over all workers that have a part in it. */
export interface Growing {
  readonly ids: number[]
  text: string
  /** The model's own tokenizer where it is at hand: then text comes from tokens, and what a worker says is compared. */
  own: AnswerText | undefined
  emit(text: string, ids: readonly number[]): void
}

export type Outcome =
  /** The receipt may still be missing, then `error` says why: the worker brings it another time, unless it lied. */
  | {
      readonly kind: 'complete'
      readonly finish: Finish
      readonly receipt: Hex | undefined
      readonly tail: string
      readonly error?: unknown
      readonly blame?: Blame
    }
  /** `lie`: it broke a rule; `busy`: it would answer later; `channel`: it refuses the channel. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly blame: Blame }
export type Blame = 'worker' | 'lie' | 'busy' | 'channel'

export interface AttemptRequest {
  readonly purse: Purse
  readonly ask: Ask
  /** Tokens of the prompt, where the model's tokenizer is at hand. */
  readonly prompt: number | undefined
  readonly growing: Growing
  /** The person who asked has had enough: cancel, and pay for what came. */
  readonly signal: AbortSignal
  /** Gives up at once. */
  readonly life: AbortSignal
  onAccepted(): void
}

const lie = (code: ErrorCode, message: string, details?: Record<string, unknown>): never => {
  throw new InvalidError(code, message, { details })
}

/** How long a worker may take to come to its receipt after a cancel. */
const cancelMs = 10_000

/**
 * One worker's part of an answer: asks, checks each frame, pays as tokens come, checks the receipt and signs it. Never
 * throws: what went wrong is the outcome, and what was received stands in `growing`.
 */
export function createAttempt(
  parts: Parts,
  wallet: Wallet
): (request: AttemptRequest) => Promise<{ outcome: Outcome; receipts: CosignedReceipt[] }> {
  const { timing, streams, log } = parts

  /** `progress.finished` is set as soon as the whole answer is there. */
  async function converse(
    stream: MessageStream,
    request: AttemptRequest,
    signed: CosignedReceipt[],
    progress: { finished?: { finish: Finish; tail: string } }
  ): Promise<Outcome> {
    const { purse, ask, growing, prompt, signal } = request
    const { statement, content, offer } = ask.record
    const { message: prices } = offer
    const wanted = tokensWanted(content)
    const before = new Set([...purse.asks.keys()].filter(id => id !== ask.id))
    let accepted = false
    let cancelled = false

    const cancel = (): void => {
      cancelled = true
      stream.send({ kind: 'cancel' }).catch((error: unknown) => {
        log.debug('a cancel did not go out', { error })
      })
    }
    const pay = async (cumulative: bigint): Promise<void> => {
      const voucher = await wallet.pay(purse, cumulative, ask)
      if (voucher !== undefined) await stream.send({ kind: 'voucher', voucher, received: ask.received.length })
    }
    const countersign = async (frame: { receipt: Signed<'Receipt'>; answer: readonly number[] }): Promise<Hex> => {
      const { id, signature, voucher, fresh } = await wallet.countersign(purse, frame)
      if (fresh !== undefined) signed.push(fresh)
      await stream.send({ kind: 'countersign', signature, voucher })
      return id
    }

    async function take(frame: Extract<WorkerFrame, { kind: 'tokens' }>): Promise<void> {
      const { ids, text, owed } = frame
      // [reject] Tokens come after the request was accepted, no more than were asked for, at the offer's price.
      if (!accepted || progress.finished !== undefined) lie('frame.unexpected', 'tokens outside of an answer')
      if (ask.received.length + ids.length > wanted) lie('answer.long', 'more tokens than were asked for')
      const { inputTokens } = ask.record
      if (owed !== feeOf(prices, inputTokens, ask.received.length + ids.length))
        lie('answer.owed', 'the worker counts another fee than its offer', { owed })
      let said = text
      if (growing.own !== undefined) {
        said = await growing.own.push(ids).catch((error: unknown) => {
          log.warn("an answer's text is the worker's from here on", { error })
          growing.own = undefined
          return text
        })
        // [reject] The text is what the tokens say.
        if (said !== text) lie('answer.text', 'the text is not what the tokens say')
      }
      ask.received.push(...ids)
      growing.ids.push(...ids)
      growing.text += said
      growing.emit(said, ids)
      const due = wallet.owed(purse)
      if (voucherDue(due, purse.record.channel.paid, wallet.credit(purse))) await pay(due)
    }

    const onAbort = (): void => {
      cancel()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await stream.send({ kind: 'request', statement, content, offer, voucher: wallet.voucher(purse) })
      if (signal.aborted) cancel()
      for (;;) {
        const timeoutMs = cancelled
          ? cancelMs
          : !accepted
            ? timing.acceptMs
            : progress.finished === undefined
              ? timing.silenceMs
              : timing.receiptMs
        const frame = await stream.next(workerFrame, { timeoutMs, signal: request.life })
        if (frame === undefined) throw new TilthError('stream.closed', 'the worker has left', { consequence: 'retry' })
        switch (frame.kind) {
          case 'pending':
            await countersign(frame)
            break
          case 'accepted': {
            if (accepted) lie('frame.unexpected', 'accepted twice')
            const { inputTokens, creditTokens } = frame
            // [reject] Prompt tokens are counted right: exactly where the tokenizer is at hand, else within what the
            // text can come to.
            const exact = prompt === undefined ? undefined : prompt + content.resume.length
            if (exact !== undefined && inputTokens !== exact)
              lie('answer.input-tokens', 'the worker counts other prompt tokens', { inputTokens, exact })
            if (inputTokens > mostInputTokens(content.messages, content.resume.length))
              lie('answer.input-tokens', 'the worker counts more prompt tokens than the text can have', { inputTokens })
            // [reject] With less credit than this an answer could not be paid in parts.
            if (creditTokens < leastCreditTokens) lie('answer.credit', 'the worker wants to be paid before it serves')
            // [reject] The fee stays within what was agreed to.
            if (feeOf(prices, inputTokens, wanted) > statement.message.maxFee)
              lie('answer.fee', 'the answer may cost more than was agreed to')
            accepted = true
            await ask.written
            await wallet.accepted(purse, ask, inputTokens, creditTokens)
            await wallet.nothingLeft(purse, before)
            request.onAccepted()
            const { paid } = purse.record.channel
            await pay(dueAtStart(wallet.owed(purse) - paid, wallet.credit(purse)) + paid)
            break
          }
          case 'tokens':
            await take(frame)
            break
          case 'finished': {
            if (!accepted || progress.finished !== undefined)
              lie('frame.unexpected', 'the end of an answer that is none')
            progress.finished = { finish: frame.finish, tail: frame.tail }
            break
          }
          case 'receipt': {
            const { finished } = progress
            if (finished === undefined) return lie('frame.unexpected', 'a receipt before the end of the answer')
            const id = await countersign({ receipt: frame.receipt, answer: ask.received })
            // The receipt is on both disks once this is said; on ours it is already.
            await stream
              .next(workerFrame, { timeoutMs: timing.silenceMs, signal: request.life })
              .catch((error: unknown) => {
                log.debug('the worker did not say that it has the countersignature', { error })
              })
            await stream.end()
            if (finished.finish === 'cancelled' && !signal.aborted)
              return {
                kind: 'failed',
                blame: 'worker',
                error: new TilthError('answer.partial', 'the worker stopped in the middle', { consequence: 'retry' })
              }
            return { kind: 'complete', ...finished, receipt: id }
          }
          case 'done': {
            // Nothing came of it and nothing is owed: only a cancelled request ends so.
            if (!signal.aborted) lie('frame.unexpected', 'done without a receipt')
            return { kind: 'complete', finish: 'cancelled', receipt: undefined, tail: '' }
          }
          case 'offer':
            lie('frame.unexpected', 'an offer in the middle of an answer')
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  return async request => {
    const { purse, ask, life } = request
    const receipts: CosignedReceipt[] = []
    const progress: { finished?: { finish: Finish; tail: string } } = {}
    let stream: MessageStream | undefined
    try {
      stream = await streams.open(purse.record.worker, '/tilth/models/infer/1', {
        signal: AbortSignal.any([life, AbortSignal.timeout(timing.acceptMs)])
      })
      return { outcome: await converse(stream, request, receipts, progress), receipts }
    } catch (error) {
      await stream?.fail(error)
      const blame = blameFor(error)
      if (blame === 'lie') await wallet.dispute(purse, error instanceof TilthError ? error.code : 'internal')
      const { finished } = progress
      // Who lies about an answer may have lied in it: another goes on from the tokens that are there.
      const whole =
        finished !== undefined && blame !== 'lie' && (finished.finish !== 'cancelled' || request.signal.aborted)
      return {
        outcome: whole
          ? { kind: 'complete', ...finished, receipt: undefined, error, blame }
          : { kind: 'failed', error, blame },
        receipts
      }
    } finally {
      await wallet.ended(purse, ask)
    }
  }
}

/** Codes by which a worker says that it would answer, but not now. */
const busyCodes = new Set<ErrorCode>(['worker.busy', 'limit.busy', 'limit.rate', 'queue.full'])

/** Codes by which it says that this channel, or what is owed on it, is not as it should be. */
type ChannelTrouble = Extract<
  ModelsErrorCode | ProtocolModelsErrorCode,
  `channel.${string}` | `receipt.${string}` | `voucher.${string}`
>
const channelTroubles: Record<ChannelTrouble, true> = {
  'channel.client': true,
  'channel.ending': true,
  'channel.exhausted': true,
  'channel.model': true,
  'channel.state': true,
  'channel.unknown': true,
  'channel.worker': true,
  'receipt.answer': true,
  'receipt.chain': true,
  'receipt.confidential': true,
  'receipt.content': true,
  'receipt.fee': true,
  'receipt.late': true,
  'receipt.max-fee': true,
  'receipt.request': true,
  'receipt.response': true,
  'receipt.times': true,
  'receipt.tokens': true,
  'receipt.unknown': true,
  'voucher.channel': true,
  'voucher.deposit': true,
  'voucher.late': true,
  'voucher.received': true,
  'voucher.short': true,
  'voucher.shrinks': true
}

function blameFor(error: unknown): Blame {
  // What this side threw is an InvalidError: a rule was broken. What the other side answered is a PeerError.
  if (error instanceof InvalidError) return 'lie'
  if (!(error instanceof TilthError)) return 'worker'
  if (busyCodes.has(error.code)) return 'busy'
  return Object.hasOwn(channelTroubles, error.code) ? 'channel' : 'worker'
}

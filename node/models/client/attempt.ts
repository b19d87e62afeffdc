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
import type { CosignedReceipt, Finish, Source, WorkerFrame } from '../../../protocol/models/index.ts'
import { InvalidError, TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { ErrorCode } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { afterTurn } from '../../runtime/after-turn.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { ProtocolModelsErrorCode } from '../../../protocol/models/codes.ts'
import type { ModelsErrorCode } from '../codes.ts'
import type { AskingParts } from '../deps.ts'
import type { Line, StreamPool } from './pool.ts'
import type { Recalling } from './recalling.ts'
import { createSpelling } from './spelling.ts'
import type { Growing, Spelling } from './spelling.ts'
import type { Ask, Purse } from './purse.ts'
import type { Wallet } from './wallet.ts'

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
  /**
   * `lie`: it broke a rule; `busy`: it would answer later; `channel`: it refuses the channel; `away`: it was not there
   * before anything was paid.
   */
  | { readonly kind: 'failed'; readonly error: unknown; readonly blame: Blame }
export type Blame = 'worker' | 'lie' | 'busy' | 'channel' | 'away'

export interface AttemptRequest {
  readonly purse: Purse
  readonly ask: Ask
  /** Counts the tokens of the prompt, where the model's tokenizer is at hand: once, however often it is called. */
  readonly prompt: () => Promise<number | undefined>
  readonly growing: Growing
  /** The person who asked has had enough: cancel, and pay for what came. */
  readonly signal: AbortSignal
  /** Gives up at once. */
  readonly life: AbortSignal
  onAccepted(sources: readonly Source[] | undefined): void
  /** The first of its tokens are there. @returns whether the answer is made of them: another may have been faster */
  onFirst(tokens: number): boolean
}

/** What has come of an attempt. */
interface Progress {
  /** A frame at all. */
  heard: boolean
  /** The whole answer, as soon as it is there. */
  finished?: { finish: Finish; tail: string }
  /** The stream can carry another. */
  inOrder: boolean
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
  parts: Pick<AskingParts, 'timing' | 'log'>,
  wallet: Wallet,
  recalling: Recalling,
  pool: StreamPool
): (request: AttemptRequest) => Promise<{ outcome: Outcome; receipts: CosignedReceipt[] }> {
  const { timing, log } = parts

  /** `progress` tells what has come, also where it ends in a failure. */
  async function converse(
    stream: MessageStream,
    request: AttemptRequest,
    signed: CosignedReceipt[],
    progress: Progress,
    spelling: Spelling
  ): Promise<Outcome> {
    const { purse, ask, growing, signal } = request
    const { statement, content, offer } = ask.record
    const { message: prices } = offer
    const wanted = tokensWanted(content)
    const before = new Set([...purse.asks.keys()].filter(id => id !== ask.id))
    let accepted = false
    let cancelled = false
    let isFirst = false

    const cancel = (): void => {
      cancelled = true
      stream.send({ kind: 'cancel' }).catch((error: unknown) => {
        log.debug('a cancel did not go out', { error })
      })
    }
    const broken = (error: unknown): void => void stream.fail(error)
    let paid: Promise<void> = Promise.resolve()
    let paying = false
    /**
     * Promises what is due by then, on disk first. Nobody who reads the answer waits for it; a worker that waits for it
     * sends no more.
     */
    const payLater = (due: () => bigint): void => {
      if (paying) return
      paying = true
      paid = paid.then(async () => {
        paying = false
        const received = ask.received.length
        const voucher = await wallet.pay(purse, due(), ask)
        // What goes out keeps its order; one that reads no vouchers holds up nobody here.
        if (voucher !== undefined) stream.send({ kind: 'voucher', voucher, received }).catch(broken)
      })
      paid.catch(broken)
    }
    const countersign = async (frame: { receipt: Signed<'Receipt'>; answer: readonly number[] }): Promise<Hex> => {
      const { id, signature, voucher, fresh } = await recalling.countersign(purse, frame, request.life)
      if (fresh !== undefined) signed.push(fresh)
      await stream.send({ kind: 'countersign', signature, voucher })
      return id
    }

    function take(frame: Extract<WorkerFrame, { kind: 'tokens' }>): void {
      const { ids, text, owed, logprobs = [] } = frame
      // [reject] Tokens come after the request was accepted, no more than were asked for, at the offer's price.
      if (!accepted || progress.finished !== undefined) lie('frame.unexpected', 'tokens outside of an answer')
      if (ask.received.length + ids.length > wanted) lie('answer.long', 'more tokens than were asked for')
      const { inputTokens } = ask.record
      if (owed !== feeOf(prices, inputTokens, ask.received.length + ids.length))
        lie('answer.owed', 'the worker counts another fee than its offer', { owed })
      // [reject] Each token's probability comes with it where it was asked for, and no other.
      if (logprobs.length !== (content.logprobs === undefined ? 0 : ids.length))
        lie('answer.logprobs', 'the worker tells of other probabilities than those of its tokens')
      if (ask.received.length === 0) isFirst = request.onFirst(ids.length)
      ask.received.push(...ids)
      // What comes of one that was too slow is paid like any other, and read by nobody.
      if (isFirst) {
        growing.ids.push(...ids)
        spelling.add(ids, text, logprobs)
      }
      if (voucherDue(wallet.owed(purse), purse.record.channel.paid, wallet.credit(purse)))
        payLater(() => wallet.owed(purse))
    }

    const onAbort = (): void => {
      cancel()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await stream.send({ kind: 'request', statement, content, offer, voucher: wallet.voucher(purse) })
      if (signal.aborted) cancel()
      // Beside what the worker does, once the request is on its way.
      afterTurn(() => void request.prompt())
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
        progress.heard = true
        switch (frame.kind) {
          case 'pending':
            await countersign(frame)
            break
          case 'accepted': {
            if (accepted) lie('frame.unexpected', 'accepted twice')
            const { inputTokens, creditTokens, sources } = frame
            // [reject] Prompt tokens are counted right: exactly where the tokenizer is at hand, else within what the
            // text can come to.
            const counted = await request.prompt()
            const exact = counted === undefined ? undefined : counted + content.resume.length
            if (exact !== undefined && inputTokens !== exact)
              lie('answer.input-tokens', 'the worker counts other prompt tokens', { inputTokens, exact })
            if (inputTokens > mostInputTokens(content.messages, content.resume.length, content.context))
              lie('answer.input-tokens', 'the worker counts more prompt tokens than the text can have', { inputTokens })
            // [reject] Rows come before a question where they were asked for, and no more than were.
            if ((sources?.length ?? 0) > (content.context ?? 0))
              lie('answer.sources', 'the worker names more rows than it was asked to put before the question')
            // [reject] With less credit than this an answer could not be paid in parts.
            if (creditTokens < leastCreditTokens) lie('answer.credit', 'the worker wants to be paid before it serves')
            // [reject] The fee stays within what was agreed to.
            if (feeOf(prices, inputTokens, wanted) > statement.message.maxFee)
              lie('answer.fee', 'the answer may cost more than was agreed to')
            accepted = true
            await ask.written
            // Vouchers wait for the disk; nobody who reads the answer does.
            paid = wallet.accepted(purse, ask, inputTokens, creditTokens)
            paid.catch(broken)
            await wallet.nothingLeft(purse, before)
            request.onAccepted(sources)
            payLater(() => {
              const before = purse.record.channel.paid
              return dueAtStart(wallet.owed(purse) - before, wallet.credit(purse)) + before
            })
            break
          }
          case 'tokens':
            take(frame)
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
            await Promise.all([spelling.done(), paid])
            const id = await countersign({ receipt: frame.receipt, answer: ask.received })
            // The receipt is on both disks once this is said; on ours it is already.
            const last = await stream
              .next(workerFrame, { timeoutMs: timing.silenceMs, signal: request.life })
              .catch((error: unknown) => {
                log.debug('the worker did not say that it has the countersignature', { error })
                return undefined
              })
            if (last?.kind === 'done') await wallet.handed(purse, frame.receipt.message.sequence)
            progress.inOrder = last?.kind === 'done' && !cancelled
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
            // So no receipt of it is signed any more, and it counts for nothing.
            if (ask.received.length === 0) ask.record = { ...ask.record, creditTokens: 0 }
            return { kind: 'complete', finish: 'cancelled', receipt: undefined, tail: '' }
          }
          case 'asked':
          case 'recalled':
          case 'offer':
            lie('frame.unexpected', `a frame of kind ${frame.kind} in the middle of an answer`)
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort)
      await paid.catch(() => undefined) // after this the ask is closed, and nothing is written of it
    }
  }

  /** Over a stream that has carried answers before, else over a new one. */
  async function tryOver(
    line: Line,
    request: AttemptRequest,
    receipts: CosignedReceipt[],
    progress: Progress
  ): Promise<Outcome> {
    const { stream } = line
    const spelling = createSpelling(request.growing, log, error => void stream.fail(error))
    try {
      const outcome = await converse(stream, request, receipts, progress, spelling)
      if (progress.inOrder) pool.give(line)
      else await stream.end()
      return outcome
    } catch (error) {
      await stream.fail(error)
      throw error
    } finally {
      // What has come is given out before another worker goes on from it; whether it was a lie is known by now.
      await spelling.done().catch(() => undefined)
    }
  }

  return async request => {
    const { purse, ask, life } = request
    const receipts: CosignedReceipt[] = []
    let progress: Progress = { heard: false, inOrder: false }
    try {
      await recalling.ask(purse, anySignal([life, request.signal]))
      for (;;) {
        const line = await pool.take(purse.record.worker, life, timing.acceptMs)
        progress = { heard: false, inOrder: false }
        try {
          return { outcome: await tryOver(line, request, receipts, progress), receipts }
        } catch (error) {
          // The worker may have ended a stream while it was idle: then it has not seen the request.
          const stale = line.used && !progress.heard && error instanceof TilthError && error.code === 'stream.closed'
          if (!stale || request.signal.aborted) throw error
        }
      }
    } catch (error) {
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
const busyCodes = new Set<ErrorCode>(['channel.unconfirmed', 'worker.busy', 'limit.busy', 'limit.rate', 'queue.full'])

/** Codes by which it says that it takes on nothing now, by its owner's wish or since what answers for it is away. */
const awayCodes = new Set<ErrorCode>(['worker.away', 'offer.none', 'models.stopped'])

/**
 * Codes by which it says that this channel, or what is owed on it, is not as it should be. A worker that is behind is
 * told what it has forgotten, and the channel goes on.
 */
type ChannelTrouble = Extract<
  Exclude<ModelsErrorCode, 'channel.unconfirmed' | 'receipt.behind'> | ProtocolModelsErrorCode,
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
  'receipt.total': true,
  'receipt.late': true,
  'receipt.max-fee': true,
  'receipt.request': true,
  'receipt.response': true,
  'receipt.times': true,
  'receipt.uncertain': true,
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
  if (awayCodes.has(error.code)) return 'away'
  return Object.hasOwn(channelTroubles, error.code) ? 'channel' : 'worker'
}

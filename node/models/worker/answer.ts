import { clientFrame, creditOf, feeOf, tokensWanted } from '../../../protocol/models/index.ts'
import type { ClientFrame, Finish } from '../../../protocol/models/index.ts'
import {
  anySignal,
  canonicalJson,
  InvalidError,
  LimitError,
  NotFoundError,
  TilthError
} from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Generation } from '../../engine/types.ts'
import { createBuckets } from '../../transport/limits/quota.ts'
import type { MessageStream } from '../../transport/types.ts'
import { spokenBy } from '../spoken.ts'
import type { Parts } from '../deps.ts'
import type { Coming, Underway } from '../underway.ts'
import { receiptsAfter } from '../recalling.ts'
import type { Receipts } from '../receipts.ts'
import type { AnswerRecord } from '../records.ts'
import type { Admission, Admitted, RequestFrame } from './admission.ts'
import type { Account, Answer, Accounts } from './accounts.ts'
import type { WorkerChannels } from './channels.ts'
import { deliver, tokensOf } from './delivery.ts'
import { openDialogue } from './dialogue.ts'
import type { Dialogue } from './dialogue.ts'
import type { Serving } from './serving.ts'
import type { Signing } from './signing.ts'
import type { Slots } from './slots.ts'

type ReconcileFrame = Extract<ClientFrame, { kind: 'reconcile' }>
type RecallFrame = Extract<ClientFrame, { kind: 'recall' }>

/** Requests that a client is reminded of at once, and bytes of them: it asks for that by a few bytes. */
const mostAsked = 64
const mostAskedBytes = 512 << 10
/** Times that one client is told of its channels: once for each where it starts, and some 80 KB each. */
const tellings = { perSecond: 1, burst: 64 }

/** A client's stream may lie idle for so long between two questions. */
const idleMs = 30_000

/** So long at most that a request is taken waits for the first tokens, which a small model has by then. */
const acceptMs = 5

export interface AnswerParts {
  readonly accounts: Accounts
  readonly signing: Signing
  readonly receipts: Pick<Receipts, 'get'>
  readonly channels: WorkerChannels
  readonly admission: Admission
  readonly serving: Serving
  readonly slots: Slots
  readonly underway: Underway
}

/** What the engine hears of an answer that is over: the same for each, since a trace of it would say nothing. */
const answerOver = new TilthError('answer.over', 'the answer is over', { consequence: 'ignore' })

/** Serves `/tilth/models/infer/1`: quotes, what is left to sign, and answers, paid as they come. */
export function createAnswers(
  parts: Parts,
  { accounts, signing, receipts, channels, admission, serving, slots, underway }: AnswerParts
): (stream: MessageStream) => Promise<void> {
  const { clock, log, now } = parts
  const told = createBuckets(tellings, clock)
  /** Answers that are being given, no more than there are slots and receipts on their way. */
  const going = new Map<Hex, { readonly account: Account; readonly dialogue: Dialogue; readonly over: Promise<void> }>()

  async function reconcile({ channel, voucher, left }: ReconcileFrame, stream: MessageStream): Promise<void> {
    const account = await channels.of(channel, stream)
    if (voucher !== null) await channels.covering(account, () => accounts.pay(account, voucher))
    // A client may be back before this end has seen that its stream broke: what it left is to be signed for, too.
    for (const request of left) {
      const answer = going.get(request)
      if (answer?.account !== account) continue
      answer.dialogue.leave()
      await answer.over.catch(() => undefined) // its own stream is told
    }
    await openDialogue(parts, { accounts, signing }, account, stream).reconcile()
    await stream.send({ kind: 'done' })
  }

  /**
   * Tells a client what it may have forgotten of its channel, as it was restored from an older copy, and hears what
   * this worker may have: each has the other's signature.
   */
  async function recall(
    { channel, sequence, receipts: shown, voucher }: RecallFrame,
    stream: MessageStream
  ): Promise<ClientFrame | undefined> {
    const account = await channels.of(channel, stream)
    // [ignore] More than a client asks that has forgotten something.
    if (!told(account.client).take())
      throw new LimitError('limit.rate', 'this client was told of its channels a moment ago', { consequence: 'retry' })
    if (voucher !== null) await channels.covering(account, () => accounts.pay(account, voucher))
    if (shown.length > 0 && (await signing.recall(account, shown)))
      log.warn('a channel goes on from what its client knew of it', { channel })
    const { record, answers } = account
    const asked = [...answers.values()].filter(one => one.record.state === 'ended').slice(0, mostAsked)
    let left = mostAskedBytes
    for (const { record: answer } of asked) {
      const { statement: request, content, offer } = answer
      left -= canonicalJson(content).length
      if (left >= 0) await stream.send({ kind: 'asked', request, content, offer })
    }
    const { paid } = record.channel
    const isHigher = record.voucher !== null && paid > (voucher?.message.cumulative ?? 0n)
    const highest = isHigher && { type: 'Voucher', message: { channel, cumulative: paid }, signature: record.voucher }
    await stream.send({
      kind: 'recalled',
      sequence: record.channel.sequence,
      receipts: await receiptsAfter(receipts, record, sequence),
      voucher: highest || null
    })
    return await stream.next(clientFrame)
  }

  /** Starts the engine on an answer; `signal` ends it. */
  function generate(
    { frame: { content, statement }, served, prompt, messages }: Admitted,
    signal: AbortSignal
  ): Generation {
    const generation = served.answerer.generate({
      model: served.base,
      ...(served.adapter === undefined ? {} : { adapter: served.adapter }),
      messages,
      promptIds: prompt,
      signal,
      ...spokenBy(content, statement.message)
    })
    generation.result.catch(() => undefined) // awaited later; a failure before that is the iteration's
    return generation
  }

  /**
   * An answer's tokens, from the engine to the client.
   * @returns how it ended, and the text held back until then; throws if the client or the engine failed
   */
  async function speak(
    admitted: Admitted,
    stream: MessageStream,
    dialogue: Dialogue,
    { answer, written }: { answer: Answer; written: Promise<void> },
    { sent, coming }: { sent: number[]; coming: Coming }
  ): Promise<{ finish: Finish; tail: string }> {
    const { served, inputTokens, creditTokens, sources, frame } = admitted
    const stop = new AbortController()
    const signal = anySignal([stop.signal, dialogue.signal])
    let began = clock.now()
    try {
      // A prompt that is within the credit is worked on while the disk takes the request; nothing is said before it
      // has.
      const early = dialogue.fits ? generate(admitted, signal) : undefined
      const first = early && tokensOf(early)
      await written
      // With the first tokens it costs both sides no write of its own.
      await first?.soon(acceptMs)
      await stream.send({ kind: 'accepted', inputTokens, creditTokens, ...(sources === undefined ? {} : { sources }) })
      await dialogue.within()
      if (early === undefined) began = clock.now()
      const generation = early ?? generate(admitted, signal)
      const tokens = first ?? tokensOf(generation)
      // Text that the client has: what the tokens it resumes from said, then ours.
      const spoken = served.speech.text(frame.content.stop)
      const { resume } = frame.content
      const before = resume.length === 0 ? 0 : (await spoken.push(resume)).length
      const running = (): number => going.size
      const grew = (tokens: number): void => coming.grew(tokens)
      const said = before + (await deliver(parts, tokens, { stream, dialogue, answer, sent, running, grew }))
      const { text, finish } = await generation.result
      serving.measured(served.model.id, sent.length, clock.now() - began)
      return { finish, tail: text.slice(said, said + 4096) }
    } finally {
      stop.abort(answerOver)
    }
  }

  /** @returns the next request of the stream, if there is one */
  async function answerTo(frame: RequestFrame, stream: MessageStream): Promise<ClientFrame | undefined> {
    const admitted = await admission.admit(frame, stream)
    const { account, request, inputTokens, creditTokens } = admitted
    let next: Promise<ClientFrame | undefined>
    try {
      const dialogue = openDialogue(parts, { accounts, signing }, account, stream)
      const release = await slots.take(dialogue.signal)
      try {
        if (signing.leftOver(account)) await dialogue.reconcile()
        admission.requireMeans(admitted)
        const { statement, content, offer } = frame
        const record: AnswerRecord = {
          statement,
          content,
          offer,
          inputTokens,
          startedAt: now(),
          finishedAt: 0n,
          state: 'running',
          finish: 'cancelled',
          answer: []
        }
        const begun = accounts.begin(account, request, record, creditOf(offer.message, creditTokens))
        const over = serveAnswer(admitted, stream, dialogue, begun, release)
        going.set(request, { account, dialogue, over })
        await over.finally(() => {
          going.delete(request)
        })
        next = dialogue.next(idleMs)
        await stream.send({ kind: 'done' })
      } finally {
        release()
      }
    } finally {
      admission.over(request)
    }
    return next
  }

  /** `release` gives back the place once the engine has done its part; the signatures need none. */
  async function serveAnswer(
    admitted: Admitted,
    stream: MessageStream,
    dialogue: Dialogue,
    begun: { answer: Answer; written: Promise<void> },
    release: () => void
  ): Promise<void> {
    const { account, served, inputTokens, frame } = admitted
    const { answer } = begun
    const sent: number[] = []
    dialogue.answering(answer, sent)
    const coming = underway.begin({
      role: 'worker',
      model: served.model.id,
      wanted: tokensWanted(frame.content),
      peer: account.client
    })
    let spoken: { finish: Finish; tail: string } = { finish: 'cancelled', tail: '' }
    try {
      spoken = await speak(admitted, stream, dialogue, begun, { sent, coming })
    } catch (error) {
      const code = error instanceof TilthError ? error.code : 'internal'
      const engineFailed = !stream.signal.aborted && !dialogue.signal.aborted && code !== 'voucher.late'
      if (code !== 'answer.cancelled' && !(engineFailed && sent.length > 0)) {
        await abandon(account, answer, sent.length)
        throw error
      }
      // The engine failed or was stopped, and the client is there: it pays for what it got, and goes elsewhere for the
      // rest.
      if (engineFailed) log.warn('an answer was cut off', { model: served.model.id, error })
    } finally {
      coming.over()
    }
    if (
      dialogue.signal.aborted &&
      dialogue.signal.reason instanceof TilthError &&
      dialogue.signal.reason.code !== 'answer.cancelled'
    ) {
      await abandon(account, answer, sent.length)
      throw dialogue.signal.reason
    }
    release()
    const { finish, tail } = spoken
    // The receipt comes after it and is on disk before it is sent, so nobody waits for this.
    const ended = accounts.end(account, answer, sent, finish)
    ended.catch(() => undefined) // awaited below
    try {
      await stream.send({ kind: 'finished', finish, tail })
      if (account.answers.has(answer.id)) {
        await dialogue.reconcile({ request: answer.id, frame: ({ receipt }) => ({ kind: 'receipt', receipt }) })
        admission.paid(account.client, feeOf(frame.offer.message, inputTokens, sent.length))
      }
    } finally {
      answer.orphan = true // if it is not signed by now, another stream has to bring it
      await ended
    }
  }

  /** The client is gone: what it is known to have got is signed for when it comes back, the rest is lost. */
  async function abandon(account: Account, answer: Answer, sent: number): Promise<void> {
    const { answer: arrived, offer, inputTokens } = answer.record
    const unpaid =
      feeOf(offer.message, inputTokens, sent) -
      (arrived.length === 0 ? 0n : feeOf(offer.message, inputTokens, arrived.length))
    if (sent > arrived.length) admission.lost(account.client, unpaid)
    await accounts.end(account, answer, arrived, 'cancelled')
    answer.orphan = true
  }

  /** @returns the frame that comes next, where one may */
  async function take(frame: ClientFrame, stream: MessageStream): Promise<ClientFrame | undefined> {
    switch (frame.kind) {
      case 'quote': {
        // It costs whoever asks nothing, so nothing is brought for it.
        const offer = parts.availability?.away() === undefined ? await serving.quote(frame.model) : undefined
        if (offer === undefined) throw new NotFoundError('offer.none', 'the model is not served here now')
        await stream.send({ kind: 'offer', offer })
        return undefined
      }
      case 'reconcile':
        await reconcile(frame, stream)
        return undefined
      case 'recall':
        return recall(frame, stream)
      case 'request':
        log.debug('a request', { model: frame.statement.message.model, client: stream.address })
        return answerTo(frame, stream)
      case 'voucher':
      case 'countersign':
      case 'cancel':
        throw new InvalidError('frame.unexpected', `a stream does not begin with a ${frame.kind}`)
    }
  }

  return async stream => {
    let frame = await stream.next(clientFrame)
    while (frame !== undefined) frame = await take(frame, stream)
  }
}

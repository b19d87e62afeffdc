import { randomBytes } from 'node:crypto'
import { digest } from '../../../protocol/crypto/index.ts'
import { dayOf, feeOf, mostInputTokens } from '../../../protocol/models/index.ts'
import type { InferenceContent, ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError, NotFoundError, TilthError, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { inferenceContent } from '../../../protocol/models/index.ts'
import type { Parts } from '../deps.ts'
import type { Folders } from '../folders.ts'
import type { SignedOffer } from '../offers.ts'
import type { Speech } from '../speech.ts'
import type { AskEvent, AskRequest, AskResult } from '../types.ts'
import { createAttempt } from './attempt.ts'
import type { Outcome } from './attempt.ts'
import type { StreamPool } from './pool.ts'
import type { Growing } from './spelling.ts'
import type { Wallet } from './wallet.ts'
import type { Workers } from './workers.ts'

/** Prompts that may have more tokens than this are counted before they are asked. */
const countedBefore = 1024

const freshNonce = (): Hex => toHex(randomBytes(32))

/** Asks until the answer is whole: picks a worker, and another where one fails, going on from the tokens that came. */
export function createAsking(
  parts: Parts,
  wallet: Wallet,
  workers: Workers,
  folders: Folders,
  pool: StreamPool
): (
  model: ModelRecord,
  request: AskRequest,
  emit: (event: AskEvent) => void,
  signal: AbortSignal,
  life: AbortSignal
) => Promise<void> {
  const { network, policy, timing, clock, log, events, speech: speechOf } = parts
  const attempt = createAttempt(parts, wallet, pool)

  const speechFor = async (model: ModelRecord, signal: AbortSignal): Promise<Speech | undefined> => {
    const folder = await folders.baseUpTo(model, policy.tokenizerBytes, signal)
    return folder === undefined ? undefined : speechOf(folder)
  }

  function contentOf({
    messages,
    maxTokens = 128,
    temperature = 0,
    topK = 0,
    topP = 1,
    stop = []
  }: AskRequest): InferenceContent {
    const nonce = freshNonce()
    const day = dayOf(parts.now())
    const parsed = inferenceContent.safeParse({
      nonce,
      day,
      messages,
      maxTokens,
      temperature,
      topK,
      topP,
      stop,
      resume: []
    })
    if (!parsed.success)
      throw new InvalidError(
        'ask.invalid',
        `the question breaks a limit: ${parsed.error.issues[0]?.path.join('.')} ${parsed.error.issues[0]?.message}`
      )
    return parsed.data
  }

  return async (model, request, emit, signal, life) => {
    const base = contentOf(request)
    const confidential = request.private ?? false
    const seed = BigInt(request.seed ?? Math.floor(Math.random() * 0xffffffff))
    const found = await speechFor(model, AbortSignal.any([signal, life]))
    const growing: Growing = {
      ids: [],
      text: '',
      own: found?.text(base.stop),
      emit: (text, ids) => {
        emit({ kind: 'text', text, ids })
      }
    }
    // A template or tokenizer that cannot be run leaves the worker's count and text: bounded, not repeated here.
    const counting: Promise<number | undefined> =
      found?.prompt(base.messages, base.day).then(
        ids => ids.length,
        (error: unknown) => {
          log.warn("a model's prompt cannot be counted here", { model: model.id, error })
          growing.own = undefined
          return undefined
        }
      ) ?? Promise.resolve(undefined)
    // A short prompt is counted while it is asked: its bound is near enough for what it may cost.
    const bound = mostInputTokens(base.messages, 0)
    const prompt = (bound > countedBefore ? await counting : undefined) ?? bound
    const usage = { inputTokens: 0, outputTokens: 0, fee: 0n }
    const receipts: Hex[] = []
    const failed = new Set<Address>()
    let reason: string | undefined
    let last: unknown
    let busyUntil: number | undefined
    let awayUntil: number | undefined

    async function done(finish: AskResult['finish'], tail: string): Promise<void> {
      const rest = growing.own === undefined ? tail : await growing.own.finish()
      growing.text += rest
      if (rest !== '') emit({ kind: 'text', text: rest, ids: [] })
      emit({
        kind: 'done',
        text: growing.text,
        ids: [...growing.ids],
        finish,
        usage: { ...usage, outputTokens: growing.ids.length },
        receipts,
        model: model.id
      })
    }

    async function tryWorker(offer: SignedOffer): Promise<Outcome> {
      const { worker } = offer.message
      const content = { ...base, nonce: freshNonce(), resume: [...growing.ids] }
      const maxFee = feeOf(offer.message, prompt + content.resume.length, base.maxTokens - content.resume.length)
      const began = clock.now()
      // An offer costs nothing to make: a channel is opened only to a worker that is there.
      if (!(await wallet.holds(offer))) {
        try {
          await workers.reach(offer, AbortSignal.any([signal, life]))
        } catch (error) {
          return { kind: 'failed', error, blame: 'away' }
        }
      }
      const { purse, ask } = await wallet.begin({ offer, content, seed, maxFee, confidential })
      let acceptedAt = began
      const onAccepted = (): void => {
        acceptedAt = clock.now()
        emit({ kind: 'worker', worker, ...(reason === undefined ? {} : { reason }) })
      }
      const { outcome, receipts: signed } = await attempt({
        purse,
        ask,
        prompt: counting,
        growing,
        signal,
        life,
        onAccepted
      })
      const own = signed.find(({ receipt }) => receipt.message.request === ask.id)
      if (own !== undefined) receipts.push(digest(network, 'Receipt', own.receipt.message))
      if (own !== undefined || ask.received.length > 0) {
        usage.inputTokens += ask.record.inputTokens
        usage.fee += feeOf(offer.message, ask.record.inputTokens, ask.received.length)
      }
      if (outcome.kind === 'complete') workers.served(worker, ask.received.length, clock.now() - acceptedAt)
      if (outcome.blame === 'channel') purse.spent = true
      if (outcome.blame === 'lie') workers.lied(worker)
      if (outcome.kind === 'complete' && outcome.error !== undefined)
        log.info('an answer has no receipt yet', { worker, model: model.id, error: outcome.error })
      return outcome
    }

    for (let tries = 0; tries < policy.attempts;) {
      if (signal.aborted) {
        await done('cancelled', '')
        return
      }
      if (growing.ids.length >= base.maxTokens) {
        await done('length', '')
        return
      }
      const need = {
        inputTokens: prompt + growing.ids.length,
        outputTokens: base.maxTokens - growing.ids.length
      }
      const found = await workers.offers(model, need, AbortSignal.any([signal, life]))
      const offers = found.filter(({ message }) => !failed.has(message.worker))
      const candidates = offers.length > 0 ? offers : found
      if (candidates.length === 0) {
        if (last !== undefined) break
        throw new NotFoundError('offer.none', `nobody offers ${model.name} now`, {
          help: 'A worker has to serve it: tilth models serve.'
        })
      }
      // Those with a free place first, in the same order.
      const [offer] = [...candidates.filter(({ message }) => message.capacity > 0), ...candidates]
      if (offer === undefined) break
      const outcome = await tryWorker(offer)
      if (outcome.kind === 'complete') {
        await done(outcome.finish, outcome.tail)
        return
      }
      if (signal.aborted) {
        await done('cancelled', '')
        return
      }
      life.throwIfAborted()
      const { worker } = offer.message
      const code = outcome.error instanceof TilthError ? outcome.error.code : 'internal'
      log.info('a worker did not finish an answer', {
        worker,
        model: model.id,
        code,
        received: growing.ids.length,
        error: outcome.error
      })
      last = outcome.error
      reason = code
      const another = candidates.some(({ message }) => message.worker !== worker && !failed.has(message.worker))
      failed.add(worker)
      if (outcome.blame === 'busy') {
        if (another) continue
        busyUntil ??= clock.now() + timing.busyMs
        if (clock.now() >= busyUntil) break
        failed.clear()
        await clock
          .sleep(Math.min(1_000, timing.busyMs / 4), AbortSignal.any([signal, life]))
          .catch((error: unknown) => {
            if (!signal.aborted) throw error
          })
        continue
      }
      if (outcome.blame === 'away' && another) {
        // Nothing was spent on it: for a while the next one is looked for without counting.
        awayUntil ??= clock.now() + timing.busyMs
        if (clock.now() < awayUntil) continue
      }
      tries++
      if (outcome.blame === 'worker') workers.failed(worker)
      events.emit('models.failed', { model: model.id, worker, code })
    }
    if (growing.ids.length >= base.maxTokens) {
      await done('length', '')
      return
    }
    throw new TilthError('ask.failed', `no worker finished the answer (the last said ${reason ?? 'nothing'})`, {
      cause: last,
      consequence: 'retry',
      help: 'Ask again in a moment, or look who offers the model.',
      details: { received: growing.ids.length }
    })
  }
}

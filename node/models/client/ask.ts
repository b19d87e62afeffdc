import { digest } from '../../../protocol/crypto/index.ts'
import { Form } from '../../../protocol/form/index.ts'
import { dayOf, feeOf, mostInputTokens } from '../../../protocol/models/index.ts'
import type { InferenceContent, ModelRecord, Route, Source } from '../../../protocol/models/index.ts'
import {
  InvalidError,
  NotFoundError,
  TilthError,
  anySignal,
  exactTokenText,
  readAs,
  toHex,
  zeroHash
} from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { inferenceContent } from '../../../protocol/models/index.ts'
import type { AskingParts } from '../deps.ts'
import type { SignedOffer } from '../offers.ts'
import type { Speech } from '../speech.ts'
import type { AskEvent, AskRequest, AskResult } from '../types.ts'
import { withoutRows } from '../spoken.ts'
import { createAttempt } from './attempt.ts'
import type { Outcome } from './attempt.ts'
import type { StreamPool } from './pool.ts'
import type { Recalling } from './recalling.ts'
import { race } from './race.ts'
import type { Lane } from './race.ts'
import type { Growing } from './spelling.ts'
import type { Ask, Purse } from './purse.ts'
import type { Wallet } from './wallet.ts'
import type { Workers } from './workers.ts'

/** Tokens of an answer at most, unless its asker says otherwise. */
export const defaultMaxTokens = 128
/** How long a whole answer waits for the receipts of workers that were too slow. */
const losersMs = 2_000
/** Prompts that may have more tokens than this are counted before they are asked. */
const countedBefore = 1024

const freshNonce = (): Hex => toHex(crypto.getRandomValues(new Uint8Array(32)))

/**
 * Asks until the answer is whole: picks a worker, and another where one fails, going on from the tokens that came.
 * @param speechFor the tokens and text of a model, where its tokenizer is at hand
 */
export function createAsking(
  parts: AskingParts,
  {
    wallet,
    recalling,
    workers,
    pool
  }: { readonly wallet: Wallet; readonly recalling: Recalling; readonly workers: Workers; readonly pool: StreamPool },
  speechFor: (model: ModelRecord, signal: AbortSignal) => Promise<Speech | undefined>
): (
  model: ModelRecord,
  request: AskRequest,
  emit: (event: AskEvent) => void,
  signal: AbortSignal,
  life: AbortSignal
) => Promise<void> {
  const { network, policy, timing, clock, log, events } = parts
  const attempt = createAttempt(parts, wallet, recalling, pool)

  function contentOf({
    messages,
    maxTokens = defaultMaxTokens,
    temperature = 0,
    topK = 0,
    topP = 1,
    stop = [],
    form,
    logprobs,
    context
  }: AskRequest): InferenceContent {
    const nonce = freshNonce()
    const day = dayOf(parts.now())
    const wished = {
      ...(form === undefined ? {} : { form }),
      ...(logprobs === undefined ? {} : { logprobs }),
      ...(context === undefined ? {} : { context })
    }
    const content = { nonce, day, messages, maxTokens, temperature, topK, topP, stop, ...wished, resume: [] }
    return readAs(inferenceContent, content, 'ask.invalid')
  }

  const nobody = (model: ModelRecord): NotFoundError =>
    workers.offered(model)
      ? new NotFoundError('offer.route', `none of the workers that may be asked offers ${model.name} now`, {
          help:
            'Others do: ask less of workers (--only, --ignore, --region, --weights, --least-bits, --bonded), ' +
            `or see \`tilth offers ${model.name}\`. ` +
            'One that drawn scorers have found out is asked only where --only names it.'
        })
      : new NotFoundError('offer.none', `nobody offers ${model.name} now`, {
          help: `A worker has to serve it (\`tilth serve ${model.name}\`); \`tilth status\` shows this node's peers.`
        })

  /** @throws NotFoundError `offer.none` */
  async function offered(
    model: ModelRecord,
    base: InferenceContent,
    route: Route | undefined,
    signal: AbortSignal
  ): Promise<void> {
    const need = {
      inputTokens: mostInputTokens(base.messages, 0, base.context),
      outputTokens: base.maxTokens,
      rows: base.context !== undefined
    }
    if ((await workers.offers(model, need, signal, route)).length === 0 && !signal.aborted) throw nobody(model)
  }

  /** [reject] Those that may not ask for more than the asker gives. @throws InvalidError `ask.price` */
  function affordable(
    offers: readonly SignedOffer[],
    need: { inputTokens: number; outputTokens: number },
    most: bigint | undefined
  ): readonly SignedOffer[] {
    if (most === undefined) return offers
    const priced = offers.map(offer => ({ offer, fee: feeOf(offer.message, need.inputTokens, need.outputTokens) }))
    const cheap = priced.filter(({ fee }) => fee <= most)
    if (cheap.length === 0 && priced.length > 0) {
      const least = priced.reduce((low, { fee }) => (fee < low ? fee : low), priced[0]?.fee ?? 0n)
      throw new InvalidError(
        'ask.price',
        `the answer may cost ${exactTokenText(least)} tokens, more than the ${exactTokenText(most)} that it is allowed`,
        { help: 'Ask for a shorter answer (--max-tokens), or allow more (--max-price).', details: { least, most } }
      )
    }
    return cheap.map(({ offer }) => offer)
  }

  return async (model, request, emit, signal, life) => {
    const base = contentOf(request)
    if (base.context !== undefined && model.datanet === zeroHash) throw withoutRows()
    const confidential = request.private ?? false
    const seed = BigInt(request.seed ?? Math.floor(Math.random() * 0xffffffff))
    const both = anySignal([signal, life])
    // A tokenizer may take a while to fetch; that nobody serves the model is said before.
    const [found] = await Promise.all([speechFor(model, both), offered(model, base, request.route, both)]).catch(
      (error: unknown) => {
        if (!signal.aborted) throw error
        return [] // cancelled before anybody was asked
      }
    )
    const growing: Growing = {
      ids: [],
      text: '',
      own: found?.text(base.stop),
      form: base.form === undefined ? undefined : new Form(base.form),
      emit: (text, ids, logprobs) => {
        emit({ kind: 'text', text, ids, ...(logprobs.length === 0 ? {} : { logprobs }) })
      }
    }
    // A template or tokenizer that cannot be run leaves the worker's count and text: bounded, not repeated here.
    // With rows before it that only the worker has found it is bounded as well.
    const counted = base.context === undefined ? found : undefined
    let counting: Promise<number | undefined> | undefined
    const count = (): Promise<number | undefined> =>
      (counting ??=
        counted?.prompt(base.messages, base.day).then(
          ids => ids.length,
          (error: unknown) => {
            log.warn("a model's prompt cannot be counted here", { model: model.id, error })
            growing.own = undefined
            return undefined
          }
        ) ?? Promise.resolve(undefined))
    // A short prompt is counted once it is asked: its bound is near enough for what it may cost.
    const bound = mostInputTokens(base.messages, 0, base.context)
    const prompt = (bound > countedBefore ? await count() : undefined) ?? bound
    const usage = { inputTokens: 0, outputTokens: 0, fee: 0n, ahead: 0n }
    const receipts: Hex[] = []
    const { budget } = request
    /** What receipts say so far; and what may come to be owed to each worker that has signed none yet. */
    let spent = 0n
    const risks = new Map<object, bigint>()
    const risked = (): bigint => [...risks.values()].reduce((sum, most) => sum + most, 0n)
    /** Answers of workers that were too slow, until they are over. */
    const losing = new Set<Promise<unknown>>()
    const hedge = confidential && request.hedge?.private !== true ? undefined : request.hedge
    const failed = new Set<Address>()
    let reason: string | undefined
    let last: unknown
    let busyUntil: number | undefined
    let awaySince: number | undefined

    async function done(finish: AskResult['finish'], tail: string): Promise<void> {
      const rest = growing.own === undefined ? tail : await growing.own.finish()
      growing.text += rest
      if (rest !== '') emit({ kind: 'text', text: rest, ids: [] })
      // Their receipts are part of what it cost; one that does not come in time counts with all that it may be owed.
      if (losing.size > 0) {
        await Promise.race([Promise.all(losing), pause(losersMs, life)])
        budget?.spent(spent + risked())
      }
      emit({
        kind: 'done',
        text: growing.text,
        ids: [...growing.ids],
        finish,
        usage: usageOf(growing.ids.length),
        receipts: [...receipts],
        model: model.id
      })
    }

    const usageOf = (outputTokens: number): AskResult['usage'] => {
      const { inputTokens, fee, ahead } = usage
      return { inputTokens, outputTokens, fee, ...(ahead === 0n ? {} : { ahead }) }
    }

    const pause = (ms: number, until: AbortSignal): Promise<void> =>
      clock.sleep(ms, until).catch((error: unknown) => {
        if (!signal.aborted) throw error
      })

    async function tryWorker(lane: Lane<SignedOffer>): Promise<Outcome> {
      const { of: offer, hedged } = lane
      const { worker } = offer.message
      const content = { ...base, nonce: freshNonce(), resume: [...growing.ids] }
      const maxFee = maxFeeOf(offer)
      await budget?.reserve(spent + risked() + maxFee)
      const until = anySignal([both, lane.lost])
      // An offer costs nothing to make: a channel is opened only to a worker that is there.
      if (!(await wallet.holds(offer))) {
        try {
          await workers.reach(offer, until)
        } catch (error) {
          return { kind: 'failed', error, blame: 'away' }
        }
      }
      // What nobody waits for alone is worth no deposit and no gas: a second one is paid from a channel that is there.
      const wish = { offer, content, seed, maxFee, confidential, signal: until, deposited: hedged }
      const begun = await wallet.begin(wish).catch((error: unknown) => {
        if (until.aborted) return undefined
        throw error
      })
      if (begun === undefined) return { kind: 'failed', error: until.reason, blame: 'away' }
      const { purse, ask } = begun
      if (lane.lost.aborted) {
        await wallet.ended(purse, ask)
        return { kind: 'failed', error: lane.lost.reason, blame: 'away' }
      }
      risks.set(lane, maxFee)
      const asked = clock.now()
      const aheadBefore = wallet.ahead(purse)
      lane.asked()
      let first = { tokens: 0, ms: 0 }
      let sources: readonly Source[] | undefined
      const tellWorker = (): void => {
        const { inputPrice, outputPrice } = offer.message
        const { inputTokens } = ask.record
        const why = hedged ? 'ask.slow' : reason
        emit({
          kind: 'worker',
          worker,
          inputTokens,
          inputPrice,
          outputPrice,
          ...(sources === undefined ? {} : { sources }),
          ...(why === undefined ? {} : { reason: why })
        })
      }
      const { outcome, receipts: signed } = await attempt({
        purse,
        ask,
        prompt: count,
        growing,
        signal: anySignal([signal, lane.lost]),
        life,
        // Of two that are asked the second one answers only if it is the first.
        onAccepted: found => {
          sources = found
          if (!hedged && !lane.lost.aborted) tellWorker()
        },
        onFirst: tokens => {
          first = { tokens, ms: clock.now() - asked }
          const claims = lane.claims()
          if (claims && hedged) tellWorker()
          return claims
        }
      })
      const own = signed.find(({ receipt }) => receipt.message.request === ask.id)
      if (own !== undefined) receipts.push(digest(network, 'Receipt', own.receipt.message))
      if (own !== undefined || ask.received.length > 0) {
        usage.inputTokens += ask.record.inputTokens
        usage.fee += feeOf(offer.message, ask.record.inputTokens, ask.received.length)
      }
      // What was never accepted is never owed; a prompt may have been paid, though, of which nothing came.
      const ahead = own === undefined && ask.record.creditTokens === 0 ? aheadOf(purse, ask, aheadBefore) : 0n
      usage.ahead += ahead
      usage.fee += ahead
      spent += own?.receipt.message.fee ?? (ask.record.creditTokens === 0 ? ahead : maxFee)
      risks.delete(lane)
      if (lane.lost.aborted) workers.late(worker, clock.now() - asked)
      else if (outcome.kind === 'complete' && own !== undefined)
        workers.served(worker, {
          first: first.tokens,
          firstMs: first.ms,
          tokens: ask.received.length,
          ms: clock.now() - asked
        })
      if (outcome.blame === 'channel') purse.spent = true
      if (outcome.blame === 'lie') workers.lied(worker)
      if (outcome.kind === 'complete' && outcome.error !== undefined)
        log.info('an answer has no receipt yet', { worker, model: model.id, error: outcome.error })
      return outcome
    }
    /** What an ask without an answer or a receipt has had promised, of its own prompt. */
    function aheadOf(purse: Purse, { record }: Ask, before: bigint): bigint {
      const [more, prompt] = [wallet.ahead(purse) - before, feeOf(record.offer.message, record.inputTokens, 0)]
      return more < 0n ? 0n : more < prompt ? more : prompt
    }
    const maxFeeOf = ({ message }: SignedOffer): bigint =>
      feeOf(message, prompt + growing.ids.length, base.maxTokens - growing.ids.length)

    /** Another of the candidates, with a channel that has room, if both together cost no more than they may. */
    async function beside(offer: SignedOffer, candidates: readonly SignedOffer[]): Promise<SignedOffer | undefined> {
      for (const other of candidates) {
        const { worker } = other.message
        if (worker === offer.message.worker || failed.has(worker)) continue
        const maxFee = maxFeeOf(other)
        if (request.maxPrice !== undefined && usage.fee + risked() + maxFee > request.maxPrice) continue
        if (await wallet.hasRoom(other, maxFee)) return other
      }
      return undefined
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
        outputTokens: base.maxTokens - growing.ids.length,
        rows: base.context !== undefined
      }
      const found = await workers.offers(model, need, both, request.route).catch((error: unknown) => {
        if (!signal.aborted) throw error
        return []
      })
      if (signal.aborted) {
        await done('cancelled', '')
        return
      }
      const offers = found.filter(({ message }) => !failed.has(message.worker))
      const candidates = affordable(
        offers.length > 0 ? offers : found,
        need,
        request.maxPrice === undefined ? undefined : request.maxPrice - usage.fee - risked()
      )
      if (candidates.length === 0) {
        if (last !== undefined) break
        throw nobody(model)
      }
      // Those with a free place first, in the same order.
      const inTurn = [...candidates.filter(({ message }) => message.capacity > 0), ...candidates]
      const [asked] = inTurn
      if (asked === undefined) break
      const raced = await race(
        asked,
        tryWorker,
        hedge && { late: until => clock.sleep(hedge.afterMs, until), second: () => beside(asked, inTurn) }
      ).finally(() => budget?.spent(spent + risked()))
      for (const one of raced.losing) {
        const over = one.catch(() => undefined).finally(() => losing.delete(over))
        losing.add(over)
      }
      const { of: offer, outcome } = raced
      for (const { of, outcome: other } of raced.failed) {
        failed.add(of.message.worker)
        if (other.blame === 'worker') workers.failed(of.message.worker)
      }
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
        await pause(Math.min(1_000, timing.busyMs / 4), both)
        continue
      }
      if (code === 'prompt-long')
        throw new InvalidError('ask.long', `${model.name} cannot read so much at once`, {
          help: 'Ask with fewer or shorter messages.'
        })
      if (outcome.blame === 'away' || code === 'ask.unreachable') {
        // Nothing was spent on it: for a while the next one is looked for without counting, or this one once more.
        awaySince ??= clock.now()
        // One that does not come again is given up sooner than a list of which the next may be there.
        if (clock.now() < awaySince + (another ? timing.awayMs : timing.awayMs / 2)) {
          if (another) continue
          failed.clear()
          await pause(Math.min(1_000, timing.awayMs / 8), both)
          continue
        }
        if (growing.ids.length === 0)
          throw new TilthError('ask.unreachable', `no worker that serves ${model.name} can be reached`, {
            cause: last,
            consequence: 'retry',
            help: '`tilth status` says whether this node has peers, `tilth models` who offers it; or ask again later.',
            details: { offers: found.length }
          })
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

import { digest } from '../../../protocol/crypto/index.ts'
import {
  checkMeans,
  checkOffer,
  checkRequest,
  clientFrame,
  creditOf,
  feeOf,
  tokensWanted
} from '../../../protocol/models/index.ts'
import type { ClientFrame, Finish } from '../../../protocol/models/index.ts'
import { InvalidError, LimitError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'
import type { AnswerRecord } from '../records.ts'
import { openDialogue } from './dialogue.ts'
import type { Dialogue } from './dialogue.ts'
import type { Account, Answer, Accounts } from './accounts.ts'
import type { Served, Serving } from './serving.ts'
import type { Slots } from './slots.ts'

type RequestFrame = Extract<ClientFrame, { kind: 'request' }>
type ReconcileFrame = Extract<ClientFrame, { kind: 'reconcile' }>

/** Serves `/tilth/models/infer/1`: quotes, what is left to sign, and answers, paid as they come. */
export function createAnswers(
  parts: Parts,
  accounts: Accounts,
  serving: Serving,
  slots: Slots
): (stream: MessageStream) => Promise<void> {
  const { network, self, chain, policy, timing, clock, engine, log, now } = parts
  /** Unpaid and unacknowledged, by client: who leaves too much behind is served no more. */
  const lost = new Map<Address, bigint>()
  /** Answers that are being given. */
  const going = new Map<Hex, { readonly account: Account; readonly dialogue: Dialogue; readonly over: Promise<void> }>()

  async function accountOf(id: Hex, stream: MessageStream): Promise<Account> {
    const onChain = await chain.channels.channel(id)
    // [reject] A channel stands on chain, pays this worker, and is used by its own client.
    if (onChain === undefined)
      throw new NotFoundError('channel.unknown', 'no such channel is on chain', { consequence: 'reject' })
    if (onChain.worker !== self) throw new InvalidError('channel.worker', 'the channel pays another worker')
    if (onChain.client !== stream.address) throw new InvalidError('channel.client', "the channel is another client's")
    return accounts.account(onChain)
  }

  async function reconcile({ channel, voucher, left }: ReconcileFrame, stream: MessageStream): Promise<void> {
    const account = await accountOf(channel, stream)
    if (voucher !== null) await accounts.pay(account, voucher)
    // A client may be back before this end has seen that its stream broke: what it left is to be signed for, too.
    for (const request of left) {
      const answer = going.get(request)
      if (answer?.account !== account) continue
      answer.dialogue.leave()
      await answer.over.catch(() => undefined) // its own stream is told
    }
    await openDialogue(parts, accounts, account, stream).reconcile()
    await stream.send({ kind: 'done' })
  }

  async function admit(
    frame: RequestFrame,
    stream: MessageStream
  ): Promise<{ served: Served; account: Account; request: Hex }> {
    const { statement, content, offer, voucher } = frame
    const served = serving.get(statement.message.model)
    // [ignore] The model is served here. [reject] By an offer of this worker that still stands: it is bound by each.
    if (served === undefined) throw new NotFoundError('offer.none', 'the model is not served here')
    if (offer.message.worker !== self) throw new InvalidError('offer.other', "the offer is another worker's")
    checkOffer(offer, { network, now: now() })
    const account = await accountOf(statement.message.channel, stream)
    const onChain = await chain.channels.channel(statement.message.channel)
    if (onChain === undefined) throw new NotFoundError('channel.unknown', 'no such channel is on chain')
    const chainNow = (await chain.head()).timestamp
    const request = checkRequest(statement, content, {
      network,
      now: now(),
      chainNow,
      margin: BigInt(timing.marginSeconds),
      self,
      channel: onChain,
      offer: offer.message
    })
    // [reject] A request is answered once.
    if (account.answers.has(request) || (await accounts.wasServed(request)))
      throw new InvalidError('request.replayed', 'the request was answered before')
    // [reject] Who left too much unpaid gets nothing more.
    if ((lost.get(account.client) ?? 0n) > creditOf(served, policy.creditTokens) * BigInt(policy.lostCredits))
      throw new LimitError('client.unreliable', 'this client has left too much unpaid')
    if (voucher !== null) await accounts.pay(account, voucher)
    return { served, account, request }
  }

  /**
   * Tokens go out one by one, each only within the credit.
   * @returns how it ended; throws if the client or the engine failed
   */
  async function generate(
    stream: MessageStream,
    dialogue: Dialogue,
    served: Served,
    prompt: readonly number[],
    answer: Answer,
    sent: number[],
    credit: bigint,
    tail: { text: string }
  ): Promise<Finish> {
    const { content, statement, offer, inputTokens } = answer.record
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, dialogue.signal])
    const generation = engine.generate({
      model: served.base,
      ...(served.adapter === undefined ? {} : { adapter: served.adapter }),
      messages: content.messages,
      promptIds: prompt,
      resumeIds: content.resume,
      signal,
      settings: {
        maxTokens: content.maxTokens,
        temperature: content.temperature,
        seed: Number(statement.message.seed & 0xffffffffn),
        stop: content.stop,
        ...(content.topK === 0 ? {} : { topK: content.topK }),
        ...(content.topP === 1 ? {} : { topP: content.topP })
      }
    })
    generation.result.catch(() => undefined) // awaited below; a failure before that is the iteration's
    const began = clock.now()
    // Text that the client has: what the tokens it resumes from said, then ours.
    const spoken = served.speech.text(content.stop)
    let said = (await spoken.push(content.resume)).length
    try {
      for await (const { id, text } of generation) {
        if (sent.length >= tokensWanted(content)) break
        await dialogue.room(offer.message.outputPrice, credit)
        sent.push(id)
        answer.sent = sent.length
        said += text.length
        await stream.send({ kind: 'tokens', ids: [id], text, owed: feeOf(offer.message, inputTokens, sent.length) })
      }
      const result = await generation.result
      serving.measured(served.model.id, sent.length, clock.now() - began)
      // What was held back comes with the receipt.
      tail.text = result.text.slice(said, said + 4096)
      return result.finish
    } finally {
      stop.abort(new TilthError('answer.over', 'the answer is over', { consequence: 'ignore' }))
    }
  }

  async function answerTo(frame: RequestFrame, stream: MessageStream): Promise<void> {
    const { served, account, request } = await admit(frame, stream)
    const prompt = await served.speech.prompt(frame.content.messages)
    const inputTokens = prompt.length + frame.content.resume.length
    // What cannot be paid does not wait for its turn; while it waits others may use up the deposit, so it is checked
    // again.
    checkMeans(
      frame.statement.message,
      frame.content,
      inputTokens,
      frame.offer.message,
      account.record.channel.deposit,
      accounts.committed(account)
    )
    const dialogue = openDialogue(parts, accounts, account, stream)
    const release = await slots.take(dialogue.signal)
    try {
      await dialogue.reconcile()
      const { statement, content, offer } = frame
      checkMeans(
        statement.message,
        content,
        inputTokens,
        offer.message,
        account.record.channel.deposit,
        accounts.committed(account)
      )
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
      const answer = await accounts.begin(account, request, record)
      const over = serveAnswer(stream, dialogue, served, prompt, account, answer)
      going.set(request, { account, dialogue, over })
      await over.finally(() => {
        going.delete(request)
      })
    } finally {
      release()
    }
  }

  async function serveAnswer(
    stream: MessageStream,
    dialogue: Dialogue,
    served: Served,
    prompt: readonly number[],
    account: Account,
    answer: Answer
  ): Promise<void> {
    const { offer, inputTokens } = answer.record
    const sent: number[] = []
    const tail = { text: '' }
    const credit = creditOf(offer.message, policy.creditTokens)
    dialogue.answering(answer, sent)
    let finish: Finish = 'cancelled'
    try {
      await stream.send({ kind: 'accepted', inputTokens, creditTokens: policy.creditTokens })
      await dialogue.room(0n, credit)
      finish = await generate(stream, dialogue, served, prompt, answer, sent, credit, tail)
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
    }
    if (
      dialogue.signal.aborted &&
      dialogue.signal.reason instanceof TilthError &&
      dialogue.signal.reason.code !== 'answer.cancelled'
    ) {
      await abandon(account, answer, sent.length)
      throw dialogue.signal.reason
    }
    await accounts.end(account, answer, sent, finish)
    try {
      await stream.send({ kind: 'finished', finish, tail: tail.text })
      if (account.answers.has(answer.id)) {
        await dialogue.reconcile({ request: answer.id, frame: ({ receipt }) => ({ kind: 'receipt', receipt }) })
        // Paying makes up for what was left behind.
        const debt = (lost.get(account.client) ?? 0n) - feeOf(offer.message, inputTokens, sent.length)
        if (debt > 0n) lost.set(account.client, debt)
        else lost.delete(account.client)
      }
    } finally {
      answer.orphan = true // if it is not signed by now, another stream has to bring it
    }
    await stream.send({ kind: 'done' })
  }

  /** The client is gone: what it is known to have got is signed for when it comes back, the rest is lost. */
  async function abandon(account: Account, answer: Answer, sent: number): Promise<void> {
    const { answer: arrived, offer, inputTokens } = answer.record
    const unpaid =
      feeOf(offer.message, inputTokens, sent) -
      (arrived.length === 0 ? 0n : feeOf(offer.message, inputTokens, arrived.length))
    if (sent > arrived.length) lost.set(account.client, (lost.get(account.client) ?? 0n) + unpaid)
    await accounts.end(account, answer, arrived, 'cancelled')
    answer.orphan = true
  }

  return async stream => {
    const frame = await stream.next(clientFrame)
    if (frame === undefined) return
    switch (frame.kind) {
      case 'quote': {
        const served = serving.get(frame.model)
        if (served === undefined) throw new NotFoundError('offer.none', 'the model is not served here')
        return stream.send({ kind: 'offer', offer: served.offer })
      }
      case 'reconcile':
        return reconcile(frame, stream)
      case 'request': {
        log.debug('a request', {
          request: digest(network, 'InferenceRequest', frame.statement.message),
          client: stream.address
        })
        return answerTo(frame, stream)
      }
      case 'voucher':
      case 'countersign':
      case 'cancel':
        throw new InvalidError('frame.unexpected', `a stream does not begin with a ${frame.kind}`)
    }
  }
}

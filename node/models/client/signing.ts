import { digest, requireSigner, signDigest } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import {
  checkReceipt,
  deposited,
  mostInputTokens,
  paidUp,
  recalled,
  receipted
} from '../../../protocol/models/index.ts'
import type { ChannelState, CosignedReceipt, WorkerFrame } from '../../../protocol/models/index.ts'
import { contentHash, InvalidError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Queue } from '../../runtime/index.ts'
import type { AskingParts } from '../deps.ts'
import { newsOf } from '../recalling.ts'
import type { Receipts } from '../receipts.ts'
import { inChannel } from '../records.ts'
import type { AskRecord, Tables } from '../records.ts'
import type { Ask, Purse } from './purse.ts'

/** What a worker shows of a channel of which this node may have forgotten something. */
export interface Told {
  readonly receipts: readonly CosignedReceipt[]
  readonly voucher: Signed<'Voucher'> | null
  readonly asked: readonly Omit<Extract<WorkerFrame, { kind: 'asked' }>, 'kind'>[]
}

export interface ClientSigning {
  /**
   * Checks a receipt against what was asked and got, keeps it, and only then signs. One signed before gets the same
   * signature again.
   * @throws as checkReceipt · InvalidError `receipt.unknown`, `receipt.answer` · TilthError `receipt.behind`,
   * `receipt.uncertain`
   */
  countersign(
    purse: Purse,
    frame: { receipt: Signed<'Receipt'>; answer: readonly number[] }
  ): Promise<{ id: Hex; signature: Hex; voucher: Signed<'Voucher'> | null; fresh: CosignedReceipt | undefined }>
  /**
   * Takes back what this node has signed itself and forgotten. From then on nothing of before costs more than it had
   * promised by then, whatever its worker leaves out.
   * @returns whether there was anything @throws InvalidError for what it has not signed
   */
  recall(purse: Purse, told: Told): Promise<boolean>
}

/** Of the wallet's sums. */
export interface Sums {
  readonly owed: (purse: Purse) => bigint
  readonly isKnown: (ask: Ask) => boolean
  readonly mostUnknown: (ask: Ask) => bigint
  readonly voucher: (purse: Purse) => Signed<'Voucher'> | null
}

export function createClientSigning(
  { store, network, key, self, chain, policy }: AskingParts,
  tables: Pick<Tables, 'clientChannels' | 'asks'>,
  receipts: Pick<Receipts, 'get' | 'keep' | 'announce'>,
  queue: Queue,
  { owed, isKnown, mostUnknown, voucher }: Sums
): ClientSigning {
  /** One of an earlier number than its client knows: once that may be a worker that was restored and has to be told. */
  function requireAhead(purse: Purse): never {
    const { sequence } = purse.record.channel
    if (purse.toldAt === sequence) throw new InvalidError('receipt.chain', 'another receipt of this number was signed')
    purse.toldAt = sequence
    purse.recalled = false
    throw new TilthError('receipt.behind', 'the worker goes on from an older receipt', { consequence: 'retry' })
  }

  async function countersign(
    purse: Purse,
    { receipt, answer }: { receipt: Signed<'Receipt'>; answer: readonly number[] }
  ): ReturnType<ClientSigning['countersign']> {
    const { message } = receipt
    const id = digest(network, 'Receipt', message)
    const { channel, worker } = purse.record
    if (message.sequence <= channel.sequence) {
      const stored = await receipts.get(id)
      if (stored === undefined) return requireAhead(purse)
      return { id, signature: stored.clientSignature, voucher: voucher(purse), fresh: undefined }
    }
    const ask = purse.asks.get(message.request)
    if (ask === undefined)
      throw new InvalidError('receipt.unknown', 'the receipt is about a request that this node has not made')
    const { statement, content, offer, creditTokens, uncertain } = ask.record
    // [ignore] What may have been signed for before is paid out of what was promised before, and else not again.
    if (uncertain === true && message.total > channel.paid)
      throw new TilthError('receipt.uncertain', 'it is not known here whether that was paid', { consequence: 'ignore' })
    // A machine that fell while it asked does not know whether it was accepted, nor what came.
    const known = isKnown(ask) && uncertain !== true
    const { inputTokens } = known ? ask.record : message
    // [reject] An answer that was cut off is what has come; tokens that the wire lost are paid up to the credit.
    if (
      answer.some((token, i) => i < ask.received.length && ask.received[i] !== token) ||
      (known && answer.length > ask.received.length + (ask.live ? 0 : Math.min(creditTokens, policy.mostUnpaidTokens)))
    ) {
      throw new InvalidError('receipt.answer', 'the receipt is about other tokens than have come')
    }
    // [reject] What is known to nobody but the worker is paid up to what it gives before anything is.
    if (!known && uncertain !== true && message.fee > mostUnknown(ask))
      throw new InvalidError('receipt.answer', 'the receipt is about more than a worker gives unpaid')
    // [reject] A prompt has no more tokens than its text can have.
    if (inputTokens > mostInputTokens(content.messages, content.resume.length, content.context))
      throw new InvalidError('answer.input-tokens', 'the receipt counts more prompt tokens than the text can have')
    const facts = { request: statement, content, offer: offer.message, inputTokens, answer }
    checkReceipt(receipt, facts, channel, { network, worker })
    // With this answer's credit gone less may be unpaid of the others: what has come of them is paid with it.
    const [own, all] = [channel.settled + message.fee, owed(purse)]
    const due = own > all ? own : all
    const paid = due > channel.paid ? paidUp(channel, due) : channel
    const clientSignature = signDigest(id, key)
    const cosigned: CosignedReceipt = { receipt, clientSignature, client: self, worker }
    purse.record = { ...purse.record, channel: receipted(paid, network, message), last: cosigned }
    purse.asks.delete(message.request)
    await store.batch(batch => {
      receipts.keep(batch, cosigned, { request: statement, content, answer: [...answer] })
      batch.put(tables.clientChannels, purse.id, purse.record).delete(tables.asks, inChannel(purse.id, message.request))
    })
    receipts.announce(id, 'client', cosigned)
    return { id, signature: clientSignature, voucher: voucher(purse), fresh: cosigned }
  }

  /** A request that this node has signed, as it was answered; what came of it nobody here knows. */
  function askedBefore(purse: Purse, { request, content, offer }: Told['asked'][number]): [Hex, AskRecord] {
    requireSigner(network, request, self)
    requireSigner(network, offer, purse.record.worker)
    const { message } = request
    if (message.channel !== purse.id || message.model !== offer.message.model)
      throw new InvalidError('receipt.request', 'the request is for another channel or model')
    if (contentHash(content) !== message.content)
      throw new InvalidError('receipt.content', 'the content is another than the signed one')
    return [
      digest(network, 'InferenceRequest', message),
      {
        statement: request,
        content,
        offer,
        inputTokens: 0,
        creditTokens: 0,
        received: [],
        over: false,
        uncertain: true
      }
    ]
  }

  async function recall(purse: Purse, { receipts: shown, voucher: highest, asked }: Told): Promise<boolean> {
    const { record, id } = purse
    if (record.channel.state !== 'open' && record.channel.state !== 'closing') return false
    const news = newsOf(shown, record.channel, { network, id, client: self, worker: record.worker })
    if (highest !== null) {
      requireSigner(network, highest, self)
      if (highest.message.channel !== id)
        throw new InvalidError('voucher.channel', 'the voucher is for another channel')
    }
    const requests = asked.map(one => askedBefore(purse, one)).filter(([request]) => !purse.asks.has(request))
    const promised = [highest?.message.cumulative ?? 0n, news.at(-1)?.receipt.message.total ?? 0n].reduce((most, one) =>
      one > most ? one : most
    )
    let channel: ChannelState = record.channel
    if (channel.state === 'open' && promised > channel.deposit)
      channel = deposited(channel, (await chain.channels.channel(id))?.deposit ?? 0n)
    for (const { receipt } of news) channel = recalled(channel, network, receipt.message)
    const most = promised < channel.deposit ? promised : channel.deposit
    if (most > channel.paid) channel = paidUp(channel, most)
    const signed = new Set(news.map(({ receipt }) => receipt.message.request))
    // What was signed for while this was told is not asked for any more.
    if (record.last !== undefined) signed.add(record.last.receipt.message.request)
    const isBehind = news.length > 0 || channel.paid > record.channel.paid
    if (!isBehind && requests.length === 0) return false
    const [last] = news.slice(-1)
    purse.record = {
      ...record,
      channel,
      ...(last === undefined ? {} : { last, handed: last.receipt.message.sequence })
    }
    await store.batch(batch => {
      batch.put(tables.clientChannels, id, purse.record)
      for (const one of news) receipts.keep(batch, one, undefined)
      for (const [request, ask] of purse.asks) {
        if (signed.has(request)) {
          purse.asks.delete(request)
          batch.delete(tables.asks, inChannel(id, request))
        } else if (isBehind && !ask.live && ask.record.uncertain !== true) {
          ask.record = { ...ask.record, uncertain: true }
          batch.put(tables.asks, inChannel(id, request), ask.record)
        }
      }
      for (const [request, one] of requests) {
        if (signed.has(request)) continue
        purse.asks.set(request, { id: request, record: one, received: [], live: false, written: Promise.resolve() })
        batch.put(tables.asks, inChannel(id, request), one)
      }
    })
    for (const one of news) receipts.announce(digest(network, 'Receipt', one.receipt.message), 'client', one)
    return true
  }

  return {
    countersign: (purse, frame) => queue.run(purse.id, () => countersign(purse, frame)),
    recall: (purse, told) => queue.run(purse.id, () => recall(purse, told))
  }
}

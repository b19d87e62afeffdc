import { signStatement } from '../../../protocol/crypto/index.ts'
import { headAfter, noReceipts, receiptFor, tokensWanted } from '../../../protocol/models/index.ts'
import type { ChainHead } from '../../../protocol/models/index.ts'
import { canonicalJson, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ClientFrame, WorkerFrame } from '../../../protocol/models/index.ts'
import type { Clock } from '../../../node/runtime/index.ts'
import type { MessageStream, Streams } from '../../../node/transport/types.ts'
import type { Chance } from '../chance.ts'
import { network } from '../chain.ts'
import type { Machine } from '../node.ts'

// Crooks run the product's own code, so that they come far, and say something else than it meant on the way out.

type Frame = ClientFrame | WorkerFrame
export interface Crook {
  readonly by: Chance
  readonly clock: Clock
  readonly mood: { readonly isCrooked: boolean }
}

/** How many of its own frames a crook remembers, to say them again where they do not belong. */
const mostSaid = 30
/** Share of frames that are something else. */
const often = 0.12
/** Share of questions that a crook says nothing of, and has signed for afterwards. */
const silently = 0.2

/** Streams of a crook's. */
export function crookedStreams(
  { key, streams }: Pick<Machine<object>, 'key' | 'streams'>,
  { by, clock, mood }: Crook
): Streams {
  const said: Frame[] = []
  /** By channel: a question that nothing was said of, and where its receipts stand. */
  const unsaid = new Map<Hex, Extract<ClientFrame, { kind: 'request' }>>()
  const heads = new Map<Hex, ChainHead>()

  /** A sound receipt of an answer that nobody got. */
  function invented(channel: Hex): Frame | undefined {
    const asked = unsaid.get(channel)
    if (asked === undefined) return undefined
    unsaid.delete(channel)
    const { statement, content, offer } = asked
    const answer = Array.from({ length: tokensWanted(content) }, () => 7)
    const at = BigInt(Math.floor(clock.now() / 1000))
    const facts = { request: statement, content, offer: offer.message, inputTokens: 1, answer }
    const message = receiptFor(network, heads.get(channel) ?? noReceipts, facts, { startedAt: at, finishedAt: at })
    return { kind: 'pending', receipt: signStatement(network, 'Receipt', message, key), answer }
  }
  const hash = (): Hex => keccak(String(by.below(1_000_000)))
  function bent(frame: Frame): Frame | null {
    switch (frame.kind) {
      case 'accepted':
        return { ...frame, ...by.pick([{ inputTokens: frame.inputTokens + 1 }, { creditTokens: by.below(6) }]) }
      case 'tokens':
        return {
          ...frame,
          ...by.pick([{ owed: frame.owed + 1n }, { ids: [...frame.ids, 1] }, { ids: frame.ids.map(id => id + 1) }])
        }
      case 'receipt':
      case 'pending': {
        const { message } = frame.receipt
        const change = by.pick([
          { fee: message.fee + 1n, total: message.total + 1n },
          { sequence: message.sequence + 1n },
          { outputTokens: message.outputTokens + 1 },
          { previous: hash() },
          { request: hash() }
        ])
        return { ...frame, receipt: signStatement(network, 'Receipt', { ...message, ...change }, key) }
      }
      case 'voucher': {
        const { message } = frame.voucher
        const voucher = by.pick([
          signStatement(network, 'Voucher', { ...message, cumulative: message.cumulative / 2n }, key),
          signStatement(network, 'Voucher', { ...message, cumulative: message.cumulative * 1_000n }, key),
          signStatement(network, 'Voucher', { ...message, channel: hash() }, key),
          { ...frame.voucher, message: { ...message, cumulative: message.cumulative + 1n } }
        ])
        return by.pick<Frame | null>([null, { ...frame, voucher }, { ...frame, received: frame.received + 9 }])
      }
      case 'countersign':
        return by.pick<Frame | null>([null, { ...frame, signature: frame.signature.replace(/.$/u, '0') as Hex }])
      case 'request': {
        const { message } = frame.statement
        const other = by.pick([{ maxFee: 1n }, { issuedAt: message.issuedAt - 400n }, { channel: hash() }])
        return by.pick<Frame>([
          { ...frame, voucher: null },
          { ...frame, statement: signStatement(network, 'InferenceRequest', { ...message, ...other }, key) }
        ])
      }
      case 'recall':
        return { ...frame, ...by.pick([{ sequence: 0n }, { sequence: frame.sequence + 2n }]) }
      case 'recalled':
        return { ...frame, ...by.pick([{ sequence: 0n }, { sequence: frame.sequence + 2n }, { receipts: [] }]) }
      case 'asked':
      case 'cancel':
      case 'done':
      case 'finished':
      case 'offer':
      case 'quote':
      case 'reconcile':
        return null
    }
    return null // of another protocol
  }

  function crooked(stream: MessageStream): MessageStream {
    let asked: Extract<ClientFrame, { kind: 'request' }> | undefined
    let signing: Extract<Frame, { kind: 'receipt' | 'pending' }> | undefined
    async function come<T>(value: T): Promise<T> {
      const frame = value as Frame | undefined
      if (frame?.kind === 'request') asked = frame
      if (frame?.kind === 'countersign' && signing !== undefined) {
        const { message } = signing.receipt
        heads.set(message.channel, headAfter(network, message))
      }
      if (frame?.kind === 'reconcile' && mood.isCrooked) {
        const receipt = invented(frame.channel)
        if (receipt !== undefined) await stream.send(receipt)
      }
      return value
    }
    return {
      ...stream,
      next: async (schema, options) => come(await stream.next(schema, options)),
      async *receive(schema, options) {
        for await (const frame of stream.receive(schema, options)) yield await come(frame)
      },
      async send(value) {
        const frame = value as Frame
        if (frame.kind === 'receipt' || frame.kind === 'pending') signing = frame
        if (frame.kind === 'accepted' && asked !== undefined && mood.isCrooked && by.happens(silently)) {
          unsaid.set(asked.statement.message.channel, asked)
          return clock.sleep(15_000)
        }
        said.push(frame)
        if (said.length > mostSaid) said.shift()
        if (!mood.isCrooked || !by.happens(often)) return stream.send(value)
        switch (by.below(6)) {
          case 0:
            // It stops in the middle.
            return stream.fail(new Error('gone'))
          case 1:
            // It falls silent for longer than anybody waits.
            return clock.sleep(15_000)
          case 2:
            await stream.send(value)
            return stream.send(by.pick(said))
          case 3:
            return stream.send(JSON.parse(canonicalJson(by.pick(said))))
          default: {
            const other = bent(frame)
            if (other !== null) await stream.send(other)
          }
        }
      }
    }
  }
  return {
    handle: (protocol, serve) => streams.handle(protocol, stream => serve(crooked(stream))),
    open: async (peer, protocol, options) => crooked(await streams.open(peer, protocol, options))
  }
}

import type { MessageStream, Streams } from '../../../node/transport/types.ts'
import { feeOf } from '../../../protocol/models/index.ts'
import type { ClientFrame, WorkerFrame } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

/** What honest nodes were heard to say and to get, whatever they know of it later. */
export interface Records {
  /** A node's streams, listened to. */
  heard(streams: Streams): Streams
  acknowledged(by: Address, receipt: Hex): void
  /** Highest sum that a client has promised, by channel. */
  readonly promised: ReadonlyMap<Hex, bigint>
  /** Receipts that a node has said that it keeps. */
  readonly kept: ReadonlyMap<Address, ReadonlySet<Hex>>
  /** By channel and request: what a worker has sent of it costs, and what of that is its prompt. */
  readonly served: ReadonlyMap<Hex, ReadonlyMap<Hex, { readonly fee: bigint; readonly prompt: bigint }>>
  /** By channel and request: what has come of it to its client. */
  readonly got: ReadonlyMap<Hex, ReadonlyMap<Hex, Got>>
}

interface Got {
  /** What it costs. */
  fee: bigint
  /** Its client has signed for it on its own stream, so for no more than came. */
  isSigned: boolean
}

export function createRecords(): Records {
  const promised = new Map<Hex, bigint>()
  const kept = new Map<Address, Set<Hex>>()
  const served = new Map<Hex, Map<Hex, { fee: bigint; prompt: bigint }>>()
  const gotten = new Map<Hex, Map<Hex, Got>>()

  function hear(frame: ClientFrame): void {
    if (!('voucher' in frame) || frame.voucher === null) return
    const { channel, cumulative } = frame.voucher.message
    if (cumulative > (promised.get(channel) ?? 0n)) promised.set(channel, cumulative)
  }
  /** A worker's end of a stream: what it sends is counted for the request that it got last. */
  function counted(stream: MessageStream): MessageStream {
    let last: Extract<ClientFrame, { kind: 'request' }> | undefined
    let prompt = 0n
    const got = <T>(frame: T): T => {
      const request = frame as ClientFrame | undefined
      if (request?.kind === 'request') last = request
      return frame
    }
    return {
      ...stream,
      async send(value) {
        const frame = value as WorkerFrame
        if (frame.kind === 'accepted' && last !== undefined) prompt = feeOf(last.offer.message, frame.inputTokens, 0)
        if (frame.kind === 'tokens' && last !== undefined) {
          const { channel } = last.statement.message
          const answers = served.get(channel) ?? new Map<Hex, { fee: bigint; prompt: bigint }>()
          served.set(channel, answers.set(last.statement.signature, { fee: frame.owed, prompt }))
        }
        await stream.send(value)
      },
      next: async (schema, options) => got(await stream.next(schema, options)),
      async *receive(schema, options) {
        for await (const frame of stream.receive(schema, options)) yield got(frame)
      }
    }
  }
  /** A client's end of a stream: what comes is counted for the request that it sent last. */
  function paying(stream: MessageStream): MessageStream {
    let last: Extract<ClientFrame, { kind: 'request' }> | undefined
    let [inputTokens, tokens, isOver] = [0, 0, false]
    let got: Got = { fee: 0n, isSigned: false }
    function sent(frame: ClientFrame): void {
      if (frame.kind === 'countersign' && isOver) got.isSigned = true
      if (frame.kind !== 'request') return
      const { statement } = frame
      last = frame
      ;[inputTokens, tokens, isOver] = [0, 0, false]
      got = { fee: 0n, isSigned: false }
      const asked = gotten.get(statement.message.channel) ?? new Map<Hex, Got>()
      gotten.set(statement.message.channel, asked.set(statement.signature, got))
    }
    function come<T>(value: T): T {
      const frame = value as WorkerFrame | undefined
      if (frame?.kind === 'accepted') ({ inputTokens } = frame)
      if (frame?.kind === 'tokens') tokens += frame.ids.length
      if (frame?.kind === 'receipt') isOver = true
      if (last !== undefined) got.fee = feeOf(last.offer.message, inputTokens, tokens)
      return value
    }
    return {
      ...stream,
      async send(value) {
        sent(value as ClientFrame)
        hear(value as ClientFrame)
        await stream.send(value)
      },
      next: async (schema, options) => come(await stream.next(schema, options)),
      async *receive(schema, options) {
        for await (const frame of stream.receive(schema, options)) yield come(frame)
      }
    }
  }
  return {
    promised,
    kept,
    served,
    got: gotten,
    acknowledged(by, receipt) {
      kept.set(by, (kept.get(by) ?? new Set()).add(receipt))
    },
    heard: streams => ({
      handle: (protocol, serve) => streams.handle(protocol, stream => serve(counted(stream))),
      open: async (peer, protocol, options) => paying(await streams.open(peer, protocol, options))
    })
  }
}

import type { ConnectionEncrypter, MessageStream, StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'
import { Uint8ArrayList } from 'uint8arraylist'
import { afterTurn } from '../../runtime/after-turn.ts'
import { withMethods } from './with-methods.ts'

// What libp2p writes to a connection costs both sides a call of the system for each piece, and the other side a turn of
// its loop as well: for small frames that is more than all else that is done with them.

type Sent = Parameters<MessageStream['send']>[0]

/**
 * An encrypter that gives its connection in one piece what comes within one turn of the loop: a frame's length and
 * parts of its text come one by one, and frames of several answers one after another.
 */
export const wholeFrames =
  <C, E extends ConnectionEncrypter>(make: (components: C) => E): ((components: C) => E) =>
  components => {
    const encrypter = make(components)
    return withMethods<ConnectionEncrypter>(encrypter, {
      secureInbound: async (connection, options) =>
        withoutTraces(await encrypter.secureInbound(inOnePiece(connection), options)),
      secureOutbound: async (connection, options) =>
        withoutTraces(await encrypter.secureOutbound(inOnePiece(connection), options))
    }) as E
  }

/** Public in the class of libp2p's encrypted connections, and left out of its interface. */
interface Decoding {
  readonly decoder?: { lengthDecoder?: (data: Uint8ArrayList) => number }
}

/** Bytes of the length before each encrypted piece. */
const lengthBytes = 2
const tooShort = new RangeError('there is no whole length yet')

/**
 * A connection ends the reading of each piece by an error that says that there is no next one yet: one error does for
 * all, since making it, with its trace, costs more than deciphering a piece.
 */
function withoutTraces<T extends { readonly connection: object }>(secured: T): T {
  const { decoder } = secured.connection as Decoding
  if (decoder?.lengthDecoder !== undefined)
    decoder.lengthDecoder = data => {
      if (data.byteLength < lengthBytes) throw tooShort
      return data.getUint16(0)
    }
  return secured
}

/** Bytes that wait for company at most. */
const mostGathered = 65_536

function inOnePiece<T extends Pick<MessageStream, 'send' | 'close' | 'abort' | 'status' | 'writableNeedsDrain'>>(
  connection: T
): T {
  const [send, close] = [connection.send.bind(connection), connection.close.bind(connection)]
  const abort = connection.abort.bind(connection)
  let gathered = new Uint8ArrayList()

  function flush(): boolean {
    const pieces = gathered
    gathered = new Uint8ArrayList()
    if (pieces.byteLength === 0 || connection.status !== 'open') return !connection.writableNeedsDrain
    return send(pieces.subarray())
  }
  function flushSoon(): void {
    try {
      flush()
    } catch (error) {
      connection.abort(error instanceof Error ? error : new Error(String(error)))
    }
  }
  connection.send = data => {
    if (connection.status !== 'open') return send(data) // which says so
    if (gathered.byteLength === 0) afterTurn(flushSoon)
    gathered.append(data)
    return gathered.byteLength < mostGathered ? !connection.writableNeedsDrain : flush()
  }
  connection.close = async options => {
    flush()
    await close(options)
  }
  connection.abort = error => {
    try {
      flush()
    } catch (failed) {
      return abort(failed instanceof Error ? failed : error)
    }
    abort(error)
  }
  return connection
}

/**
 * Bytes that were read from a stream before its writer is told: a quarter of the window that each stream begins with
 * (https://github.com/hashicorp/yamux/blob/master/spec.md), so that nobody ever waits for the rest.
 */
const toldAfter = 65_536
/** Streams of one connection of which less than that was read; of more, those that began longest ago are told of. */
const mostUntold = 1_024

/** A frame of yamux is a window update, or it begins with a header like one. */
const headerBytes = 12
const kinds = { windowUpdate: 1 } as const
const ending = { fin: 4, rst: 8 } as const

/**
 * A yamux that tells of room on its streams in large steps. By itself it does so after each frame that was read, so
 * that half of all frames on a connection say that a hundred bytes were read.
 */
export const rareUpdates =
  <M extends StreamMuxer>(make: () => StreamMuxerFactory<M>): (() => StreamMuxerFactory<M>) =>
  () => {
    const factory = make()
    return withMethods(factory, {
      createStreamMuxer: connection => factory.createStreamMuxer(withRareUpdates(connection))
    })
  }

function withRareUpdates<T extends Pick<MessageStream, 'send' | 'writableNeedsDrain'>>(connection: T): T {
  const send = connection.send.bind(connection)
  /** By stream: bytes that were read and not told of. */
  const untold = new Map<number, number>()

  /** @returns what goes out in its place: nothing as long as there is little to tell */
  function instead(data: Sent): Sent | undefined {
    if (data.byteLength < headerBytes) return data
    const header = data.subarray(0, headerBytes)
    const view = new DataView(header.buffer, header.byteOffset, headerBytes)
    const [kind, flags, stream, read] = [view.getUint8(1), view.getUint16(2), view.getUint32(4), view.getUint32(8)]
    if ((flags & (ending.fin | ending.rst)) !== 0) untold.delete(stream)
    if (kind !== kinds.windowUpdate || flags !== 0) return data
    const all = (untold.get(stream) ?? 0) + read
    untold.delete(stream)
    if (all >= toldAfter) return updateOf(stream, all)
    untold.set(stream, all)
    const [oldest] = untold
    if (oldest === undefined || untold.size <= mostUntold) return undefined
    untold.delete(oldest[0])
    return updateOf(...oldest)
  }

  connection.send = data => {
    const sent = instead(data)
    return sent === undefined ? !connection.writableNeedsDrain : send(sent)
  }
  return connection
}

function updateOf(stream: number, read: number): Uint8Array {
  const frame = new Uint8Array(headerBytes)
  const view = new DataView(frame.buffer)
  view.setUint8(1, kinds.windowUpdate)
  view.setUint32(4, stream)
  view.setUint32(8, read)
  return frame
}

import { StreamMessageEvent } from '@libp2p/interface'
import type { Stream } from '@libp2p/interface'
import { encode } from 'it-length-prefixed'
import { Uint8ArrayList } from 'uint8arraylist'
import { withMethods } from '../with-methods.ts'
import type { Turns } from './turns.ts'

export interface InTurn {
  readonly turns: Turns
  /** Whose stream it is, and from where. */
  readonly range: string
  readonly peer: string
  /** Bytes of one message at most. */
  readonly maxBytes: number
  /** What a message, or an answer, of so many bytes costs. */
  readonly costOf: (bytes: number) => number
  /** Bytes that begin or cease to wait. @returns whether there is room for them */
  readonly hold: (bytes: number) => boolean
  /** What its turn has come for. @returns what the reader is given in its place, if anything */
  readonly take: (message: Uint8Array) => Uint8Array | undefined
  /** Of a message without end. */
  readonly onTooLarge: () => void
}

/** Bytes of a length at most: four of seven bits. */
const lengthBytes = 4

/** Where the first message begins and ends, as soon as that is known; a length without end is Infinity. */
function firstMessage(held: Uint8ArrayList): readonly [from: number, to: number] | undefined {
  let length = 0
  for (let i = 0; i < lengthBytes; i++) {
    if (i >= held.byteLength) return undefined
    const byte = held.get(i)
    length += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return [i + 1, i + 1 + length]
  }
  return [0, Infinity]
}

/**
 * The same stream for who reads messages behind their lengths from it: each comes whole and in its turn. Until then it
 * lies here, where it costs nothing but its bytes.
 */
export function framesInTurn(
  stream: Stream,
  { turns, range, peer, maxBytes, costOf, hold, take, onTooLarge }: InTurn
): Stream {
  const listeners = new EventTarget()
  const held = new Uint8ArrayList()
  /** Where the first message is, once all of it is here: it waits for its turn. */
  let ready: ReturnType<typeof firstMessage>
  let isOver = false
  /** Whether the reader has been given anything: then it ends the stream, and else nobody does but this. */
  let isRead = false
  /** Gives back the place of the question that is not answered yet: there is one at a time. */
  let unanswered: (() => void) | undefined

  function look(): void {
    const first = firstMessage(held)
    if (first !== undefined && first[1] - first[0] > maxBytes) return onTooLarge()
    ready = first !== undefined && first[1] <= held.byteLength ? first : undefined
  }
  function drop(bytes: number): void {
    held.consume(bytes)
    hold(-bytes)
  }
  /** Who has said all that he wanted, and waits for no answer, is told that it was heard. */
  function endIfDone(): void {
    if (!isRead && ready === undefined && stream.remoteWriteStatus === 'closed') stream.close().catch(() => undefined)
  }
  const work = {
    range,
    peer,
    serve() {
      const [from, to] = ready ?? [0, 0]
      const message = held.slice(from, to)
      drop(to)
      ready = undefined
      const given = take(message)
      if (given !== undefined) {
        isRead = true
        unanswered = turns.asked()
        listeners.dispatchEvent(new StreamMessageEvent(encode.single(given)))
      }
      look()
      endIfDone()
      return { cost: costOf(to), more: ready !== undefined && unanswered === undefined }
    },
    fail(error: Error) {
      stream.abort(error)
    }
  }
  function goOn(): void {
    unanswered = undefined
    if (ready !== undefined) turns.join(work)
  }

  stream.addEventListener('message', ({ data }) => {
    if (isOver) return // cut off by who heard of it before
    held.append(data)
    if (!hold(data.byteLength)) return
    if (ready !== undefined) return // it waits already
    look()
    if (ready !== undefined && unanswered === undefined) turns.join(work)
  })
  stream.addEventListener('close', () => {
    isOver = true
    unanswered?.()
    turns.leave(work)
    ready = undefined
    drop(held.byteLength)
  })

  stream.addEventListener('remoteCloseWrite', event => {
    if (isRead) listeners.dispatchEvent(new Event(event.type))
    else endIfDone()
  })

  const isOurs = (type: string): boolean => type === 'message' || type === 'remoteCloseWrite'
  const addEventListener = (...args: Parameters<EventTarget['addEventListener']>): void => {
    if (isOurs(args[0])) listeners.addEventListener(...args)
    else stream.addEventListener(...(args as Parameters<Stream['addEventListener']>))
  }
  const removeEventListener = (...args: Parameters<EventTarget['removeEventListener']>): void => {
    if (isOurs(args[0])) listeners.removeEventListener(...args)
    else stream.removeEventListener(...(args as Parameters<Stream['removeEventListener']>))
  }
  return withMethods(stream, {
    addEventListener: addEventListener as Stream['addEventListener'],
    removeEventListener: removeEventListener as Stream['removeEventListener'],
    send(data) {
      turns.spend(costOf(data.byteLength))
      let isTaken: boolean
      try {
        isTaken = stream.send(data)
      } finally {
        unanswered?.() // also where the peer has broken it off: others wait for the place
      }
      // Who does not read an answer asks nothing more.
      if (isTaken) goOn()
      else stream.addEventListener('drain', goOn, { once: true })
      return isTaken
    },
    // Who reads goes by these whether more will come.
    get readStatus() {
      return ready === undefined ? stream.readStatus : 'readable'
    },
    get readBufferLength() {
      return stream.readBufferLength + (ready === undefined ? 0 : held.byteLength)
    }
  })
}

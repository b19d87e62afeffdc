import type { Stream } from '@libp2p/interface'
import { decode, encode } from 'it-length-prefixed'
import { pipe } from 'it-pipe'
import type { Uint8ArrayList } from 'uint8arraylist'
import { InvalidError, LimitError, TilthError } from '../../../protocol/primitives/index.ts'
import { PeerError, frameTags } from '../../../protocol/wire/index.ts'

// A frame on a stream: varint length, one tag byte (protocol/wire codes.ts), then JSON.

/** A length of five bytes is 32 GiB already; longer ones are somebody else's joke. */
const maxLengthBytes = 5

/** After what is under way in this turn; browsers have no such call. */
const soon: (done: () => void) => void = typeof setImmediate === 'function' ? setImmediate : done => setTimeout(done, 0)

export const closed = (cause?: unknown): TilthError =>
  new TilthError('stream.closed', 'the stream was closed by the other side or the connection broke', { cause })

/**
 * Whether it is over both ways. A peer may have broken it off before anybody here was given it: then what it said is in
 * its buffer, and no event says any more that it is over.
 */
export const isEnded = ({ status }: Pick<Stream, 'status'>): boolean =>
  status === 'closed' || status === 'aborted' || status === 'reset'

/**
 * A stream's bytes, pulled: what the reader has not asked for is left with the sender. (A libp2p stream's own iterator
 * takes whatever arrives into memory.)
 */
export async function* readBytes(stream: Stream, onChunk: () => void): AsyncGenerator<Uint8Array | Uint8ArrayList> {
  const chunks: (Uint8Array | Uint8ArrayList)[] = []
  let failure: Error | undefined
  let over = stream.readableEnded
  let wake = (): void => undefined
  let resuming = false
  const pause = (): void => {
    if (stream.readStatus === 'readable') stream.pause()
  }
  stream.addEventListener('message', event => {
    chunks.push(event.data)
    if (!resuming) pause()
    wake()
  })
  stream.addEventListener('end', () => {
    over = true
    wake()
  })
  stream.addEventListener('close', event => {
    failure = event.error
    if (stream.readBufferLength === 0) over = true
    wake()
  })
  for (;;) {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      onChunk()
      yield chunk
    }
    if (over) {
      if (failure !== undefined) throw closed(failure)
      return
    }
    if (stream.readStatus === 'paused') {
      // This may bring a chunk at once. A pause within it would be undone when it returns, for the muxer only: the
      // other
      // side would be told to go on, and this side would hoard until the stream is reset.
      resuming = true
      stream.resume()
      resuming = false
      if (chunks.length > 0) pause()
    }
    if (chunks.length === 0 && !over)
      await new Promise<void>(resolve => {
        wake = resolve
      })
  }
}

/**
 * Until a stream takes more. (Its own `onDrain` waits only the first time: its promise is kept after it resolved.)
 * @throws the signal's reason
 */
export async function drained(stream: Stream, signal: AbortSignal): Promise<void> {
  while (stream.writableNeedsDrain && stream.status === 'open') {
    await new Promise<void>((resolve, reject) => {
      const done = (): void => {
        stream.removeEventListener('drain', done)
        stream.removeEventListener('close', done)
        signal.removeEventListener('abort', done)
        if (signal.aborted) reject(closed(signal.reason))
        else soon(resolve) // by then the stream has sent what it held back, and may be full again
      }
      if (signal.aborted) {
        done()
        return
      }
      stream.addEventListener('drain', done)
      stream.addEventListener('close', done)
      signal.addEventListener('abort', done)
    })
  }
}

/** A tagged frame's bytes, ready to be sent. */
export function tagged(tag: keyof typeof frameTags, body: Uint8Array): Uint8ArrayList {
  const bytes = new Uint8Array(1 + body.length)
  bytes[0] = frameTags[tag]
  bytes.set(body, 1)
  return encode.single(bytes)
}

const jokes = new Set(['InvalidDataLengthError', 'InvalidDataLengthLengthError', 'InvalidMessageLengthError'])

function typed(error: unknown): TilthError {
  if (error instanceof TilthError) return error
  const name = error instanceof Error ? error.name : ''
  if (jokes.has(name))
    return new LimitError('frame.too-large', 'a frame is longer than its protocol allows', { cause: error })
  if (name === 'UnexpectedEOFError') return new InvalidError('frame.garbage', 'a frame was cut off', { cause: error })
  return closed(error)
}

function open(frame: Uint8ArrayList): Uint8Array {
  const bytes = frame.subarray()
  if (bytes[0] === frameTags.message) return bytes.subarray(1)
  if (bytes[0] === frameTags.error) throw new PeerError(errorCode(bytes.subarray(1)))
  throw new InvalidError('frame.garbage', 'a frame has a tag that nobody gave')
}

function errorCode(body: Uint8Array): unknown {
  return body.length > 80 ? undefined : new TextDecoder().decode(body)
}

/**
 * The message frames of a stream.
 * @throws PeerError for the other side's error frame · LimitError `frame.too-large` · InvalidError `frame.garbage` ·
 * TilthError `stream.closed`
 */
export async function* readFrames(stream: Stream, maxBytes: number, onChunk: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* pipe(
      readBytes(stream, onChunk),
      source => decode(source, { maxDataLength: maxBytes + 1, maxLengthLength: maxLengthBytes }),
      async function* (frames) {
        for await (const frame of frames) yield open(frame)
      }
    )
  } catch (error) {
    throw typed(error)
  }
}

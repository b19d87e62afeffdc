import { TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { Parts } from '../deps.ts'

/** Streams to workers between answers: opening one costs a round trip and a look-up on both sides. */
export interface StreamPool {
  /**
   * One that is idle, else a new one, for which so many milliseconds are waited.
   * @throws TilthError `ask.unreachable` where the worker is not there in time
   */
  take(worker: Address, signal: AbortSignal, ms: number): Promise<Line>
  /** A stream on which an answer has ended in order: the next question may go over it. */
  give(line: Line): void
  stop(): void
}

export interface Line {
  readonly worker: Address
  readonly stream: MessageStream
  /** It has carried an answer before: the worker may have ended it meanwhile. */
  readonly used: boolean
  readonly opened: number
}

/** Well before a worker gives an idle stream up (worker/answer.ts). */
const idleMs = 15_000
/** Well before the protocol's own end of a stream's life. */
const oldMs = 1_800_000
/** Idle streams in all: beyond it the one that has been idle longest is ended. */
const most = 128

export function createStreamPool({
  streams,
  clock,
  log,
  timing
}: Pick<Parts, 'streams' | 'clock' | 'log' | 'timing'>): StreamPool {
  const idle = new Map<Line, ReturnType<typeof setTimeout>>()

  const remove = (line: Line): void => {
    clearTimeout(idle.get(line))
    idle.delete(line)
  }
  const end = (line: Line): void => {
    remove(line)
    line.stream.end().catch((error: unknown) => {
      log.debug('an idle stream did not end', { error })
    })
  }

  return {
    async take(worker, signal, ms) {
      for (const line of [...idle.keys()].reverse()) {
        if (line.worker !== worker) continue
        remove(line)
        if (!line.stream.signal.aborted) return line
      }
      const late = AbortSignal.timeout(ms)
      const within = anySignal([signal, late, AbortSignal.timeout(timing.reachMs)])
      const stream = await streams.open(worker, '/tilth/models/infer/1', { signal: within }).catch((cause: unknown) => {
        signal.throwIfAborted()
        late.throwIfAborted()
        throw new TilthError('ask.unreachable', `the worker ${worker} could not be reached`, { cause })
      })
      return { worker, stream, used: false, opened: clock.now() }
    },
    give(line) {
      const again: Line = { ...line, used: true }
      const timer: unknown = setTimeout(() => end(again), idleMs)
      // In Node it would keep a process; a browser's is a number.
      if (typeof timer === 'object') (timer as NodeJS.Timeout).unref()
      idle.set(again, timer as NodeJS.Timeout)
      if (clock.now() - line.opened > oldMs) end(again)
      for (const oldest of idle.keys()) {
        if (idle.size <= most) break
        end(oldest)
      }
    },
    stop() {
      for (const line of idle.keys()) end(line)
    }
  }
}

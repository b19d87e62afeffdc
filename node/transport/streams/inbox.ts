import { LimitError } from '../../../protocol/primitives/index.ts'

/**
 * Frames that have arrived and wait to be asked for: bounded in number and bytes, so that the pump that fills it stops
 * reading, and the sender feels it. What arrived before an end or a failure is still given out.
 */
export interface Inbox {
  /** Resolves when there is room for more. */
  put(frame: Uint8Array): Promise<void>
  /** No more will come; `failure` is thrown to whoever asks after the last frame. */
  finish(failure?: Error): void
  /**
   * The next frame, or undefined after the last.
   * @throws the failure · LimitError `limit.time` · the signal's reason
   */
  take(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | undefined>
}

export function createInbox(maxFrames: number, maxBytes: number): Inbox {
  const frames: Uint8Array[] = []
  let bytes = 0
  let over: { failure?: Error } | undefined
  let arrived: (() => void)[] = []
  let room: (() => void)[] = []
  const wake = (waiters: (() => void)[]): void => {
    for (const waiter of waiters) waiter()
  }
  const arrival = (): void => {
    const all = arrived
    arrived = []
    wake(all)
  }

  const isFull = (): boolean => over === undefined && (frames.length >= maxFrames || bytes >= maxBytes)

  return {
    async put(frame) {
      frames.push(frame)
      bytes += frame.length
      arrival()
      while (isFull())
        await new Promise<void>(resolve => {
          room.push(resolve)
        })
    },
    finish(failure) {
      over ??= { failure }
      arrival()
      const all = room
      room = []
      wake(all)
    },
    async take(timeoutMs, signal) {
      const deadline = Date.now() + timeoutMs
      for (;;) {
        signal?.throwIfAborted()
        const frame = frames.shift()
        if (frame !== undefined) {
          bytes -= frame.length
          const all = room
          room = []
          wake(all)
          return frame
        }
        if (over !== undefined) {
          if (over.failure !== undefined) throw over.failure
          return undefined
        }
        const left = deadline - Date.now()
        if (left <= 0)
          throw new LimitError('limit.time', `nothing came within ${timeoutMs} ms`, { consequence: 'retry' })
        await new Promise<void>(resolve => {
          const timer = setTimeout(done, Math.min(left, 0x7fffffff))
          function done(): void {
            clearTimeout(timer)
            signal?.removeEventListener('abort', done)
            resolve()
          }
          arrived.push(done)
          signal?.addEventListener('abort', done, { once: true })
        })
      }
    }
  }
}

import { anySignal } from '../../protocol/primitives/index.ts'

/** Aborts after so many milliseconds, and with the signal where one is given. */
export function within(ms: number, signal?: AbortSignal): AbortSignal {
  const late = AbortSignal.timeout(ms)
  return signal === undefined ? late : anySignal([late, signal])
}

/** Why a task ends that nobody listens to: the same each time, since a trace of it would say nothing. */
export const nobodyListens = new DOMException('nobody listens any more', 'AbortError')

/** Why a signal aborted, as an error whatever its owner gave. */
export const abortReason = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError')

/** As the promise, unless the signal aborts first: then with its reason. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await promise
  const gone = new AbortController()
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        const abort = (): void => {
          reject(abortReason(signal))
        }
        if (signal.aborted) abort()
        else signal.addEventListener('abort', abort, { once: true, signal: gone.signal })
      })
    ])
  } finally {
    gone.abort() // takes the listener back
  }
}

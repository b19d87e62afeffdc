import { abortReason } from './signals.ts'
import type { Clock } from './types.ts'

function every(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  task: () => Promise<void> | void,
  onError: (error: unknown) => void
): () => void {
  const stop = new AbortController()
  const loop = async (): Promise<void> => {
    for (;;) {
      try {
        await clock.sleep(ms, stop.signal)
      } catch {
        return // stopped: a sleep fails for no other reason
      }
      try {
        await task()
      } catch (error) {
        if (!stop.signal.aborted) onError(error)
      }
    }
  }
  void loop()
  return () => {
    stop.abort()
  }
}

const sleepers =
  (now: () => number, arm: (at: number, wake: () => void, forget: () => void) => () => void) =>
  async (ms: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted()
    await new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        disarm()
        reject(abortReason(signal))
      }
      const forget = (): void => signal?.removeEventListener('abort', abort)
      const wake = (): void => {
        forget()
        resolve()
      }
      const disarm = arm(now() + ms, wake, forget)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

/** The machine's own time. */
export const systemClock: Clock = (() => {
  const sleep = sleepers(Date.now, (at, wake) => {
    const timer = setTimeout(wake, at - Date.now())
    return () => {
      clearTimeout(timer)
    }
  })
  return { now: Date.now, sleep, every: (ms, task, onError = () => undefined) => every({ sleep }, ms, task, onError) }
})()

export interface ManualClock extends Clock {
  /** Moves time on and wakes who waited for it, in order; resolves after what they did at once is done. */
  advance(ms: number): Promise<void>
  /** Time is over: whoever waits is never woken, and nothing holds them any more. */
  end(): void
}

const turn = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })

/** Time that moves only when it is told to. @param settle what time waits for after each that it wakes */
export function manualClock(start = 1_700_000_000_000, settle = turn): ManualClock {
  let time = start
  interface Sleeper {
    readonly at: number
    readonly wake: () => void
    readonly forget: () => void
  }
  const waiting = new Set<Sleeper>()
  const sleep = sleepers(
    () => time,
    (at, wake, forget) => {
      // As the machine's, it tells whole milliseconds.
      const entry = { at: Math.ceil(at), wake, forget }
      waiting.add(entry)
      return () => {
        waiting.delete(entry)
      }
    }
  )
  return {
    now: () => time,
    sleep,
    every: (ms, task, onError = () => undefined) => every({ sleep }, ms, task, onError),
    async advance(ms) {
      const end = time + ms
      for (;;) {
        let next: Sleeper | undefined
        for (const one of waiting) if (one.at <= end && (next === undefined || one.at < next.at)) next = one
        if (next === undefined) break
        waiting.delete(next)
        time = Math.max(time, next.at)
        next.wake()
        await settle()
      }
      time = end
    },
    end() {
      for (const { forget } of waiting) forget()
      waiting.clear()
    }
  }
}

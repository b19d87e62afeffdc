import { unlessAborted } from '../runtime/index.ts'
import type { Clock } from '../runtime/index.ts'
import { busy, late } from './errors.ts'
import { maxFetches, shortestDeadline, slowestPace } from './limits.ts'
import type { TakeOptions } from './types.ts'

/** What a fetch gives to the work that does it. */
export interface Task {
  /** Aborts when the last asker has gone, or the deadline has passed. */
  readonly signal: AbortSignal
  /** Whether strangers alone want it, by now. */
  readonly forStrangers: () => boolean
  /** Whether others' questions alone want it. */
  readonly forQuestions: () => boolean
  /** The sizes are known: from now on the deadline is theirs, and askers hear of progress. */
  sized(bytes: number): void
  arrived(bytes: number): void
}

interface Running {
  readonly askers: Set<TakeOptions>
  readonly stop: AbortController
  readonly done: Promise<void>
}

/** One fetch under way for each CID, however many ask for it; it ends when the last of them goes. */
export interface Fetches {
  /** @throws whatever the work throws · NotFoundError `shelf.late` · LimitError `shelf.busy` · the asker's reason */
  join(cid: string, options: TakeOptions, work: (task: Task) => Promise<void>): Promise<void>
  readonly size: number
  /** Ends all of them. */
  stop(reason: Error): Promise<void>
}

export function createFetches(clock: Pick<Clock, 'sleep'>): Fetches {
  const running = new Map<string, Running>()

  function begin(cid: string, { cause }: TakeOptions, work: (task: Task) => Promise<void>): Running {
    if (running.size >= maxFetches && cause !== 'owner') throw busy()
    const stop = new AbortController()
    const askers = new Set<TakeOptions>()
    let total = 0
    let done = 0
    const over = new AbortController()
    const deadline = (ms: number): void => {
      // Node's timers end at 2^31 - 1 ms, some 25 days.
      clock.sleep(Math.min(ms, 2 ** 31 - 1), over.signal).then(
        () => {
          stop.abort(late(cid, Math.round(ms / 1000)))
        },
        () => undefined // the fetch was done before
      )
    }
    const task: Task = {
      signal: stop.signal,
      forStrangers: () => [...askers].every(({ cause }) => cause !== 'owner'),
      forQuestions: () => [...askers].every(({ cause }) => cause === 'question'),
      sized(bytes) {
        total = bytes
        deadline(Math.max(shortestDeadline, (bytes * 1000) / slowestPace))
      },
      arrived(bytes) {
        done += bytes
        for (const { onProgress } of askers) onProgress?.(done, total)
      }
    }
    const entry: Running = {
      askers,
      stop,
      // Waits a turn, so that the first asker stands in the list before the work asks who wants it.
      done: Promise.resolve()
        .then(() => work(task))
        .finally(() => {
          over.abort()
          if (running.get(cid) === entry) running.delete(cid)
        })
    }
    entry.done.catch(() => undefined) // each asker hears of it, unless all have gone
    running.set(cid, entry)
    return entry
  }

  return {
    async join(cid, options, work) {
      const { signal } = options
      signal?.throwIfAborted()
      let entry = running.get(cid)
      if (entry === undefined || entry.stop.signal.aborted) {
        // One that is ending still writes: the next begins when it has left.
        await entry?.done.catch(() => undefined)
        entry = running.get(cid) ?? begin(cid, options, work)
      }
      const mine = entry
      mine.askers.add(options)
      try {
        await unlessAborted(mine.done, signal)
      } finally {
        mine.askers.delete(options)
        if (mine.askers.size === 0) mine.stop.abort(new DOMException('nobody waits for it any more', 'AbortError'))
      }
    },
    get size() {
      return running.size
    },
    async stop(reason) {
      const all = [...running.values()]
      for (const { stop } of all) stop.abort(reason)
      await Promise.allSettled(all.map(({ done }) => done))
    }
  }
}

import { LimitError } from '../../../protocol/primitives/index.ts'

export interface Slots {
  /** Answers that can begin at once. */
  readonly free: number
  readonly running: number
  readonly waiting: number
  /**
   * Waits for its turn.
   * @returns what gives the slot back ·
   * @throws LimitError `worker.busy` at once when too many wait; the signal's reason
   */
  take(signal: AbortSignal): Promise<() => void>
}

/** So many answers at once, so many waiting, and no more: whoever comes then is told, and goes elsewhere. */
export function createSlots(capacity: number, bound: number): Slots {
  let running = 0
  const waiting: (() => void)[] = []

  const release = (): (() => void) => {
    let given = false
    return () => {
      if (given) return
      given = true
      // The place goes straight to who waits longest, so that nobody slips in between.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
    }
  }
  return {
    get free() {
      return Math.max(0, capacity - running - waiting.length)
    },
    get running() {
      return running
    },
    get waiting() {
      return waiting.length
    },
    async take(signal) {
      signal.throwIfAborted()
      if (running >= capacity) {
        // [ignore] A worker that has enough to do says so.
        if (waiting.length >= bound)
          throw new LimitError('worker.busy', `${waiting.length} requests are waiting already`, {
            consequence: 'retry',
            help: 'Ask another worker, or again in a moment.'
          })
        await new Promise<void>((resolve, reject) => {
          const turn = (): void => {
            signal.removeEventListener('abort', leave)
            resolve()
          }
          const leave = (): void => {
            waiting.splice(waiting.indexOf(turn), 1)
            reject(
              signal.reason instanceof Error
                ? signal.reason
                : new LimitError('stream.closed', 'the client left', { consequence: 'retry' })
            )
          }
          waiting.push(turn)
          signal.addEventListener('abort', leave, { once: true })
        })
        return release()
      }
      running++
      return release()
    }
  }
}

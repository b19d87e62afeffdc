import type { FromWorker } from './messages.ts'

/** Events wait for company for so long: beside it a message a token would cost the other thread more than the token. */
const companyMs = 2

export interface Outbox {
  /** An event: goes with those of the same step, and of the next ones if the last message went just now. */
  later(message: FromWorker): void
  /** Goes at once, behind what waits. */
  now(message: FromWorker): void
}

/** What goes to the main thread, in order, in as few messages as can be without anybody noticing. */
export function createOutbox(post: (messages: readonly FromWorker[]) => void): Outbox {
  let waiting: FromWorker[] = []
  let posted = -Infinity
  let looking = false

  const flush = (): void => {
    if (waiting.length === 0) return
    post(waiting)
    waiting = []
    posted = performance.now()
  }
  /** After the step at hand, whose other rows have something to say too. */
  const look = (): void => {
    looking = waiting.length > 0
    if (!looking) return
    if (performance.now() - posted >= companyMs) flush()
    setImmediate(look)
  }
  return {
    later(message) {
      waiting.push(message)
      if (looking) return
      looking = true
      setImmediate(look)
    },
    now(message) {
      waiting.push(message)
      flush()
    }
  }
}

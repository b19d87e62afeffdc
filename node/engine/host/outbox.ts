import type { FromWorker } from './messages.ts'

/**
 * Events of each call wait for company for so long: beside it a message a token would cost the other thread more than
 * the token. The more calls run, the longer, since what goes of all of them is one message; nobody reads so fast.
 */
const companyMs = (calls: number): number => Math.min(20, 1 + calls)

export interface Outbox {
  /** An event of a call: goes with those of the same step, and of the next ones if the last message went just now. */
  later(id: number, event: unknown): void
  /** Goes at once, behind what waits. */
  now(message: FromWorker): void
}

/** What goes to the main thread, in order, in as few messages as can be without anybody noticing. */
export function createOutbox(post: (messages: readonly FromWorker[]) => void): Outbox {
  /** By call. */
  let waiting = new Map<number, unknown[]>()
  /** Calls of which something went before: somebody waits for the first of any other. */
  const begun = new Set<number>()
  let isFirst = false
  let posted = -Infinity
  let looking = false

  function flush(behind: readonly FromWorker[]): void {
    const events = [...waiting].map(([id, events]): FromWorker => ({ kind: 'events', id, events }))
    post([...events, ...behind])
    for (const id of waiting.keys()) begun.add(id)
    waiting = new Map()
    isFirst = false
    posted = performance.now()
  }
  /** After the step at hand, whose other rows have something to say too. */
  function look(): void {
    looking = waiting.size > 0
    if (!looking) return
    if (isFirst || performance.now() - posted >= companyMs(waiting.size)) flush([])
    setImmediate(look)
  }
  return {
    later(id, event) {
      const others = waiting.get(id)
      if (others === undefined) {
        waiting.set(id, [event])
        if (!begun.has(id)) isFirst = true
      } else others.push(event)
      if (looking) return
      looking = true
      setImmediate(look)
    },
    now(message) {
      flush([message])
      begun.delete(message.id)
    }
  }
}

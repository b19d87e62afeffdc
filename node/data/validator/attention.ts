import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'

/** How often it is seen whether this process has its turn, and how much is counted at most of what passes between. */
const stepMs = 200
const mostMs = 1_000
/** How long it goes on after what it was counted for, so that pauses between two tries count. */
const lingerMs = 5_000
/** Shards of which is remembered when they were first looked for. */
const remembered = 4_096

/**
 * Time in which this node could do something about it. On a machine that has far more to do than it can, seconds pass
 * in which a process has no turn: they say nothing of who did not answer.
 */
export interface Attention {
  /** It is counted while the work runs. */
  during<T>(work: () => Promise<T>): Promise<T>
  /** Milliseconds of it so far. */
  spent(): number
  /** Milliseconds of it since this was asked for that name first. */
  since(name: Hex | `${Hex} turn`): number
}

export function createAttention(clock: Pick<Clock, 'every' | 'now'>, stopping: AbortSignal): Attention {
  const begun = createCache<string, number>({ max: remembered })
  let working = 0
  let counted = 0
  let last = 0
  let idleSince = 0
  let stop: (() => void) | undefined

  function count(): void {
    const now = clock.now()
    counted += Math.max(0, Math.min(mostMs, now - last))
    last = now
    if (working === 0 && now - idleSince >= lingerMs) rest()
  }
  function rest(): void {
    stop?.()
    stop = undefined
  }
  function begin(): void {
    if (stop !== undefined || stopping.aborted) return
    last = clock.now()
    stop = clock.every(stepMs, count)
  }
  stopping.addEventListener('abort', rest, { once: true })

  return {
    async during(work) {
      working++
      begin()
      try {
        return await work()
      } finally {
        working--
        idleSince = clock.now()
      }
    },
    spent: () => counted,
    since(name) {
      const from = begun.get(name) ?? counted
      begun.set(name, from)
      return counted - from
    }
  }
}

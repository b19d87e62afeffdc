import type { Hex } from '../../../protocol/primitives/index.ts'
import { TilthError, anySignal } from '../../../protocol/primitives/index.ts'
import { createCache, unlessAborted } from '../../runtime/index.ts'
import type { Queue } from '../../runtime/index.ts'

/** What takes no signal is waited for so much longer, so that it doesn't run twice; what takes one ends in it. */
const graceMs = 10_000
/** How often a turn that is over looks whether somebody waits for it. */
const lookMs = 5_000
/** Audits of which it is remembered how often they gave way. */
const mostRemembered = 4_096
const longestMs = 2 ** 31 - 1

/**
 * What runs one after another, whoever's it is. Nothing holds the place for ever: it ends with its own time, and gives
 * way once its turn is over and somebody waits. Each further turn of the same is twice as long, so that what takes long
 * is done in the end, and what never ends takes no more from the others than they have themselves.
 */
export interface Turns {
  /**
   * Returns at once. What waits already is not asked for twice; what is asked for while it runs is done again after it.
   * @param endsIn milliseconds, asked when its turn comes; what has none left is not begun
   */
  later(id: Hex, act: (signal: AbortSignal) => Promise<void>, endsIn: () => Promise<number>): void
  idle(): Promise<void>
}

export interface TurnOptions {
  /** Of one at a time. */
  readonly queue: Queue
  /** The first turn of each, in milliseconds. */
  readonly turnMs: () => number
  /** Of the service as it is started now. */
  readonly life: () => AbortSignal
  readonly failed: (id: Hex, error: unknown) => void
}

export function createTurns({ queue, turnMs, life, failed }: TurnOptions): Turns {
  const behind = new Map<Hex, 'waits' | 'runs' | 'again'>()
  const gaveWay = createCache<Hex, number>({ max: mostRemembered })

  async function run(id: Hex, act: (signal: AbortSignal) => Promise<void>, endsIn: number): Promise<void> {
    const stopped = life()
    stopped.throwIfAborted()
    if (endsIn <= 0) return
    const ends = AbortSignal.timeout(Math.min(longestMs, Math.floor(endsIn)))
    const turn = new AbortController()
    const times = gaveWay.get(id) ?? 0
    const giveWay = (): void => {
      if (queue.size < 2) {
        timer = setTimeout(giveWay, lookMs).unref()
        return
      }
      gaveWay.set(id, times + 1)
      turn.abort(new TilthError('audit.turn', 'others wait for their turn', { consequence: 'retry' }))
    }
    let timer = setTimeout(giveWay, Math.min(longestMs, turnMs() * 2 ** times)).unref()
    const signal = anySignal([stopped, ends, turn.signal])
    const acting = act(signal)
    try {
      await unlessAborted(acting, signal)
      gaveWay.delete(id)
    } catch (error) {
      await unlessAborted(acting, AbortSignal.timeout(graceMs)).catch(() => undefined)
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  const turns: Turns = {
    later(id, act, endsIn) {
      const known = behind.get(id)
      if (known !== undefined) {
        if (known === 'runs') behind.set(id, 'again')
        return
      }
      behind.set(id, 'waits')
      queue
        .run(id, async () => {
          behind.set(id, 'runs')
          await run(id, act, await endsIn())
          return behind.get(id) === 'again'
        })
        .catch((error: unknown) => {
          if (!life().aborted) failed(id, error)
          return false
        })
        .then(
          again => {
            behind.delete(id)
            if (again) turns.later(id, act, endsIn)
          },
          () => undefined
        )
    },
    idle: () => queue.idle()
  }
  return turns
}

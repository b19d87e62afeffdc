import { createServing } from '../node/chain/calls/serving.ts'
import type { Connection } from '../node/chain/connection/index.ts'
import { createCache } from '../node/runtime/cache.ts'
import { unlessAborted } from '../node/runtime/signals.ts'
import type { Clock } from '../node/runtime/types.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'

/** Workers remembered, and for how long what the chain said of one is believed. */
const mostWorkers = 2_048
const believedMs = 300_000
/** Where the chain does not say it, it is asked again so much later. */
const againMs = 30_000
/** Nobody who asks a question waits longer for it, once for each time that the chain is asked. */
const patienceMs = 1_000

interface Known {
  /** What the chain said last; undefined where it never has. */
  word: bigint | undefined
  /** Until when it is not asked again. */
  until: number
  /** While it is asked: over with it, or with patience. */
  waiting: Promise<unknown> | undefined
}

/**
 * When scorers of a pool have found a worker out last, in chain seconds; 0 where they never have, where the chain has
 * not said it yet, and in a network whose description names no such contract. A word that is old is given while a newer
 * one is asked for.
 */
export function createFoundOutAt(
  connection: Connection,
  serving: Address | undefined,
  clock: Pick<Clock, 'now' | 'sleep'>
): (pool: Hex, worker: Address, signal?: AbortSignal) => Promise<bigint> {
  if (serving === undefined) return async () => 0n
  const calls = createServing(connection, { serving })
  const known = createCache<string, Known>({ max: mostWorkers, clock })

  async function read(one: Known, pool: Hex, worker: Address, heard: AbortController): Promise<void> {
    try {
      one.word = await calls.foundOutAt(pool, worker)
      one.until = clock.now() + believedMs
    } catch {
      one.until = clock.now() + againMs
    }
    one.waiting = undefined
    heard.abort()
  }

  return async (pool, worker, signal) => {
    const name = `${pool}/${worker}`
    const one = known.get(name) ?? { word: undefined, until: 0, waiting: undefined }
    known.set(name, one)
    if (one.waiting === undefined && one.until <= clock.now()) {
      const heard = new AbortController()
      const patience = clock.sleep(patienceMs, heard.signal).catch(() => undefined)
      one.waiting = Promise.race([read(one, pool, worker, heard), patience])
    }
    if (one.word === undefined && one.waiting !== undefined) await unlessAborted(one.waiting, signal)
    return one.word ?? 0n
  }
}

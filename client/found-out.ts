import { createServing } from '../node/chain/calls/serving.ts'
import type { Connection } from '../node/chain/connection/index.ts'
import { createCache } from '../node/runtime/cache.ts'
import type { Clock } from '../node/runtime/types.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'

/** Workers remembered, and for how long what the chain said of one is believed. */
const mostWorkers = 2_048
const believedMs = 300_000

/**
 * When scorers of a pool have found a worker out last, in chain seconds; 0 where they never have, where the chain does
 * not say it now, and in a network whose description names no such contract.
 */
export function createFoundOutAt(
  connection: Connection,
  serving: Address | undefined,
  clock: Pick<Clock, 'now'>
): (pool: Hex, worker: Address) => Promise<bigint> {
  if (serving === undefined) return async () => 0n
  const calls = createServing(connection, { serving })
  const known = createCache<string, Promise<bigint>>({ max: mostWorkers, forMs: believedMs, clock })
  return (pool, worker) => {
    const name = `${pool}/${worker}`
    const found = known.get(name)
    if (found !== undefined) return found
    const reading = calls.foundOutAt(pool, worker).catch(() => {
      known.delete(name) // the next one asks again
      return 0n
    })
    known.set(name, reading)
    return reading
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../runtime/index.ts'
import type { Peers } from '../types.ts'

/** Milliseconds in which nothing came before the next is dialled. */
const nextMs = 1_000

/**
 * Dials those who should have a file, one after another until it is here: bitswap asks whoever is connected,
 * and most files come from the first. A name that is nobody's node is looked for in the DHT, which costs everybody in
 * it; so contributors without a node are looked for by nobody who has the file from elsewhere.
 * @param signal the fetch is over, whichever way
 * @param cameAt when something of it came last
 */
export async function knock(
  peers: Pick<Peers, 'dial' | 'self'>,
  names: readonly string[],
  signal: AbortSignal,
  cameAt: () => number,
  log: Log
): Promise<void> {
  async function quiet(): Promise<void> {
    const began = Date.now()
    for (let left = nextMs; left > 0; left = Math.max(began, cameAt()) + nextMs - Date.now())
      await sleep(left, undefined, { signal, ref: false })
  }
  for (const name of names) {
    if (name === peers.self.address || name === peers.self.peerId) continue
    if (signal.aborted) return
    const pause = quiet().catch(() => undefined) // the fetch is over
    const dialled = peers.dial(name, { signal }).then(
      () => pause,
      (error: unknown) => {
        if (!signal.aborted) log.debug('a provider was not reached', { name, error })
      }
    )
    await Promise.race([dialled, pause])
  }
}

import { setTimeout as sleep } from 'node:timers/promises'
import { address } from '../../../protocol/primitives/hex.ts'
import type { Log } from '../../runtime/index.ts'
import type { Peers } from '../types.ts'

/** Milliseconds in which nothing came before the next is dialled … */
const nextMs = 1_000
/** … and before one is looked for in the DHT that was never met. */
const strangerMs = 3_000

/**
 * Dials those who should have a file, one after another until it is here: bitswap asks whoever is connected,
 * and most files come from the first. Who was never met is looked for in the DHT, which costs everybody in it; so those
 * come last, and only when nothing has come for longer: a contributor without a node is looked for by nobody who has
 * the file from elsewhere.
 * @param signal the fetch is over, whichever way
 * @param cameAt when something of it came last
 * @param aloneMs for which a few are asked for it alone: that nothing comes is told by this time and more
 */
export async function knock(
  peers: Pick<Peers, 'dial' | 'known' | 'self'>,
  names: readonly string[],
  signal: AbortSignal,
  cameAt: () => number,
  log: Log,
  aloneMs = 0
): Promise<void> {
  async function quiet(ms: number): Promise<void> {
    const began = Date.now()
    for (let left = ms; left > 0; left = Math.max(began, cameAt()) + ms - Date.now())
      await sleep(left, undefined, { signal, ref: false })
  }
  const over = (): void => undefined // the fetch is over

  async function dial(name: string): Promise<void> {
    const pause = quiet(nextMs).catch(over)
    const dialled = peers.dial(name, { signal }).then(
      () => pause,
      (error: unknown) => {
        if (!signal.aborted) log.debug('a provider was not reached', { name, error })
      }
    )
    await Promise.race([dialled, pause])
  }

  const isMet = async (name: string): Promise<boolean> => {
    const account = address.safeParse(name)
    return !account.success || (await peers.known(account.data)) !== undefined
  }
  const [met, unmet]: [string[], string[]] = [[], []]
  for (const name of names) {
    if (name === peers.self.address || name === peers.self.peerId) continue
    if (await isMet(name)) met.push(name)
    else unmet.push(name)
  }
  for (const name of met) {
    if (signal.aborted) return
    await dial(name)
  }
  if (unmet.length > 0 && (met.length > 0 || aloneMs > 0)) await quiet(strangerMs + aloneMs).catch(over)
  for (const name of unmet) {
    if (signal.aborted) return
    await dial(name)
  }
}

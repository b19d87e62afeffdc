import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { within } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/** Milliseconds a provide or a search in the DHT may take; without peers both would wait for ever. */
const queryMs = 20_000

/** Records that wait for peers, some 200 bytes each; beyond it those that waited longest are left to others. */
const defaultMaxOwed = 20_000

/**
 * Provider records in the DHT. What could not be announced (no peers yet) is tried again until it could; libp2p renews
 * what was announced.
 */
export interface Provider {
  /** Announces; resolves after the first try, whether it succeeded or not. */
  provide(cid: CID, signal?: AbortSignal): Promise<void>
  find(cid: CID, signal?: AbortSignal): AsyncIterable<PeerId>
  stop(): void
}

export function createProvider(
  libp2p: Pick<Libp2p, 'contentRouting' | 'getConnections'>,
  { clock, log, maxOwed = defaultMaxOwed }: { clock: Pick<Clock, 'every'>; log: Log; maxOwed?: number }
): Provider {
  const owed = new Map<string, CID>()

  async function attempt(cid: CID, signal?: AbortSignal): Promise<void> {
    const key = cid.toString()
    owed.set(key, cid)
    const [oldest] = owed.keys()
    if (owed.size > maxOwed && oldest !== undefined) {
      owed.delete(oldest)
      log.debug('a provider record is not announced: too many wait', { cid: oldest })
    }
    if (libp2p.getConnections().length === 0) return
    try {
      await libp2p.contentRouting.provide(cid, { signal: within(queryMs, signal) })
      owed.delete(key)
    } catch (error) {
      log.debug('a provider record could not be announced yet', { cid: key, error })
    }
  }
  const stop = clock.every(2_000, async () => {
    for (const cid of owed.values()) await attempt(cid)
  })

  return {
    provide: attempt,
    async *find(cid, signal) {
      try {
        for await (const { id } of libp2p.contentRouting.findProviders(cid, { signal: within(queryMs, signal) }))
          yield id
      } catch (error) {
        signal?.throwIfAborted()
        log.debug('a search for providers ended early', { cid: cid.toString(), error })
      }
    },
    stop
  }
}

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { CID } from 'multiformats/cid'
import { createQueue, within } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/** Milliseconds a provide or a search in the DHT may take; without peers both would wait for ever. */
const queryMs = 20_000

/** Records that wait for peers, some 200 bytes each; beyond it those that waited longest are left to others. */
const defaultMaxOwed = 20_000

/**
 * Provider records in the DHT. What could not be announced (no peers yet) is tried again until it could, ever more
 * seldom; libp2p renews what was announced.
 */
export interface Provider {
  /** Announces; resolves after the first try, whether it succeeded or not. */
  provide(cid: CID, signal?: AbortSignal): Promise<void>
  find(cid: CID, signal?: AbortSignal): AsyncIterable<PeerId>
  stop(): void
}

/** A walk through the DHT asks some twenty peers and is told of twenty by each: so many are on their way at once. */
const walks = 2
/** Walks that are waited for; what comes beyond them has its turn later. */
const waiting = 256
/** Milliseconds until what failed is tried again: twice as long each time. */
const againMs = { first: 2_000, most: 600_000 } as const

interface Owed {
  readonly cid: CID
  failed: number
  /** Not before this time. */
  from: number
}

export function createProvider(
  libp2p: Pick<Libp2p, 'contentRouting' | 'getConnections'>,
  { clock, log, maxOwed = defaultMaxOwed }: { clock: Pick<Clock, 'every' | 'now'>; log: Log; maxOwed?: number }
): Provider {
  const owed = new Map<string, Owed>()
  const lane = createQueue({ name: 'provider-records', bound: waiting, concurrency: walks })
  /** No more of one file at once: where walks are slow a second one makes them slower. */
  const underWay = new Map<string, Promise<void>>() // as many as the lane has

  async function walk(key: string, entry: Owed, signal?: AbortSignal): Promise<void> {
    try {
      await libp2p.contentRouting.provide(entry.cid, { signal: within(queryMs, signal) })
      owed.delete(key)
    } catch (error) {
      entry.from = clock.now() + Math.min(againMs.most, againMs.first * 2 ** entry.failed++)
      log.debug('a provider record could not be announced yet', { cid: key, error })
    }
  }

  async function announce(cid: CID, signal?: AbortSignal): Promise<void> {
    const key = cid.toString()
    const going = underWay.get(key)
    if (going !== undefined) return await going
    const entry = owed.get(key) ?? { cid, failed: 0, from: 0 }
    owed.set(key, entry)
    const [oldest] = owed.keys()
    if (owed.size > maxOwed && oldest !== undefined) {
      owed.delete(oldest)
      log.debug('a provider record is not announced: too many wait', { cid: oldest })
    }
    if (libp2p.getConnections().length === 0 || lane.size >= waiting) return
    const walking = lane
      .run(key, () => walk(key, entry, signal))
      .finally(() => {
        underWay.delete(key)
      })
    underWay.set(key, walking)
    await walking
  }
  const stop = clock.every(againMs.first, async () => {
    for (const { cid, from } of owed.values()) if (from <= clock.now()) await announce(cid)
  })

  return {
    provide: announce,
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

import type { KadDHTComponents } from '@libp2p/kad-dht'
import type { Clock } from '../../../runtime/index.ts'
import { withMethods } from '../with-methods.ts'

type Datastore = KadDHTComponents['datastore']
type Key = Parameters<Datastore['put']>[0]
type Entry = readonly [Key, Uint8Array]
type Entries = Map<string, Entry>

/** Milliseconds until what was put is written, and how many are written at once. */
const gatherMs = 100
const most = 256

/**
 * A datastore that writes many small things at once: each by itself takes the main thread longer than all else that is
 * done with a record. What was put is found from then on; after a crash the last of it is not there.
 * @param isSmall which keys are written so: such as nobody was told are kept
 */
export function gatheredWrites(
  datastore: Datastore,
  isSmall: (key: Key) => boolean,
  clock: Pick<Clock, 'sleep'>
): Datastore {
  let pending: Entries = new Map()
  let beingWritten: Entries = new Map()
  /** Of those that wait: no more than were written at once. */
  let failed = new Set<Entry>()
  let written: Promise<unknown> = Promise.resolve()
  let isSoon = false

  async function write(): Promise<void> {
    if (pending.size === 0) return
    const again = failed
    failed = new Set()
    beingWritten = pending
    pending = new Map()
    try {
      const batch = datastore.batch()
      for (const [key, value] of beingWritten.values()) batch.put(key, value)
      await batch.commit()
    } catch (error) {
      // They are counted as kept: each is written with the next, and is lost when that fails as well.
      for (const [name, entry] of beingWritten) {
        if (again.has(entry) || pending.has(name)) continue
        pending.set(name, entry)
        failed.add(entry)
      }
      throw error
    } finally {
      beingWritten = new Map()
    }
  }
  async function flush(): Promise<void> {
    const mine = written.then(write)
    written = mine.catch(() => undefined)
    await mine
  }
  async function flushSoon(): Promise<void> {
    if (isSoon) return
    isSoon = true
    await clock.sleep(gatherMs)
    isSoon = false
    await flush()
  }
  const waiting = (key: Key): Uint8Array | undefined =>
    (pending.get(key.toString()) ?? beingWritten.get(key.toString()))?.[1]

  return withMethods(datastore, {
    async put(key, value, options) {
      if (!isSmall(key)) return await datastore.put(key, value, options)
      pending.set(key.toString(), [key, value])
      if (pending.size >= most) await flush()
      else flushSoon().catch(() => undefined) // a disk that is full tells its owner elsewhere
      return key
    },
    has: async (key, options) => waiting(key) !== undefined || (await datastore.has(key, options)),
    get: async (key, options) => waiting(key) ?? (await datastore.get(key, options)),
    async delete(key, options) {
      if (waiting(key) !== undefined) await flush()
      await datastore.delete(key, options)
    },
    async *query(query, options) {
      await flush()
      yield* datastore.query(query, options)
    },
    async *queryKeys(query, options) {
      await flush()
      yield* datastore.queryKeys(query, options)
    }
  })
}

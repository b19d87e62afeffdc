import type { KadDHTComponents } from '@libp2p/kad-dht'
import { dhtLimits } from '../../../../protocol/wire/index.ts'
import type { Clock } from '../../../runtime/index.ts'
import { createBucket, createBuckets } from '../../limits/quota.ts'
import { withMethods } from '../with-methods.ts'

type Datastore = KadDHTComponents['datastore']
type Key = Parameters<Datastore['put']>[0]
type Limits = Pick<typeof dhtLimits, 'eachProvider' | 'allProviders' | 'makingRoom'>

/** Where it keeps who provides what: `/dht/provider/HASH/PEER`. */
export const providerPrefix = '/dht/provider/'
const prefix = providerPrefix
/** Of which file a query asks for records, if it does. */
export const fileOf = (asked: string | undefined): string | undefined =>
  asked?.startsWith(prefix) ? asked.slice(prefix.length) || undefined : undefined
/** Whose record it is, if it is one. */
export const providerOf = (key: Key): string | undefined => {
  const name = key.toString()
  return name.startsWith(prefix) ? name.slice(name.lastIndexOf('/') + 1) : undefined
}

/** A datastore that keeps no more of others' provider records than it may. */
export function boundedProviders(
  datastore: Datastore,
  self: string,
  clock: Pick<Clock, 'now'>,
  { eachProvider, allProviders, makingRoom }: Limits = dhtLimits
): Datastore {
  const [each, making] = [createBuckets(eachProvider, clock), createBucket(makingRoom, clock)]
  /** Records of each other peer: no more entries than records. */
  const counts = new Map<string, number>()
  let all = 0
  let turn: Promise<unknown> = Promise.resolve()

  function count(by: string, more: 1 | -1): void {
    const now = (counts.get(by) ?? 0) + more
    all += more
    if (now > 0) counts.set(by, now)
    else counts.delete(by)
  }
  const others = (key: Key): string | undefined => {
    const by = providerOf(key)
    return by === self ? undefined : by
  }
  /** What a process before this one has kept. */
  async function recount(): Promise<void> {
    for await (const key of datastore.queryKeys({ prefix })) {
      const by = others(key)
      if (by !== undefined) count(by, 1)
    }
  }
  let recounted: Promise<void> | undefined
  const counted = (): Promise<void> =>
    (recounted ??= recount().catch((error: unknown) => {
      recounted = undefined
      counts.clear()
      all = 0
      throw error
    }))

  /** So that nobody keeps out who has less: half of what the largest has goes. @returns whether there is room */
  async function makeRoom(by: string): Promise<boolean> {
    const [largest, has] = [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), ['', 0])
    if (has < 2 * ((counts.get(by) ?? 0) + 1) || !making.take()) return false
    const gone: Key[] = []
    for await (const key of datastore.queryKeys({ prefix })) {
      if (gone.length >= has / 2) break
      if (providerOf(key) === largest) gone.push(key)
    }
    for (const key of gone) {
      await datastore.delete(key)
      count(largest, -1)
    }
    return all < allProviders
  }

  async function keep(by: string, ...[key, value, options]: Parameters<Datastore['put']>): Promise<Key> {
    await counted()
    if (!(await datastore.has(key))) {
      // [ignore] One peer provides so much, and all of them together; what is known is renewed at any time.
      if (!each(by).take() || (all >= allProviders && !(await makeRoom(by)))) return key
      count(by, 1)
    }
    return await datastore.put(key, value, options)
  }

  return withMethods(datastore, {
    async put(key, value, options) {
      const by = others(key)
      if (by === undefined) return await datastore.put(key, value, options)
      const mine = turn.then(() => keep(by, key, value, options))
      turn = mine.catch(() => undefined)
      return await mine
    },
    async delete(key, options) {
      const by = others(key)
      if (by === undefined) {
        await datastore.delete(key, options)
        return
      }
      const mine = turn.then(async () => {
        await counted()
        const there = await datastore.has(key)
        await datastore.delete(key, options)
        if (there) count(by, -1)
      })
      turn = mine.catch(() => undefined)
      await mine
    }
  })
}

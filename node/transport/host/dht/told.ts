import type { KadDHTComponents } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Pair } from 'interface-datastore'
import { dhtLimits } from '../../../../protocol/wire/index.ts'
import { remember } from '../../../runtime/index.ts'
import type { Clock } from '../../../runtime/index.ts'
import { fileOf, providerOf } from './providers.ts'
import { withMethods } from '../with-methods.ts'

/**
 * A datastore that tells few of those who say that they have a file, drawn anew each time of those that are known
 * still: the library makes a key of each, and answers with all of them, however many somebody has made up.
 */
export function toldProviders(
  { datastore, peerStore }: Pick<KadDHTComponents, 'datastore' | 'peerStore'>,
  self: string,
  clock: Pick<Clock, 'now'>
): KadDHTComponents['datastore'] {
  /** Who is known no more, and since when that is remembered: records last longer than addresses do. */
  const gone = new Map<string, number>()
  const isGone = (by: string): boolean => clock.now() - (gone.get(by) ?? -Infinity) < dhtLimits.goneMs

  async function drawn(all: AsyncIterable<Pair> | Iterable<Pair>): Promise<Pair[]> {
    const some: Pair[] = []
    let count = 0
    for await (const pair of all) {
      if (isGone(providerOf(pair.key) ?? self)) continue
      count++
      // Each is anywhere among those drawn, since not all of them are told.
      const at = Math.floor(Math.random() * count)
      if (some.length < dhtLimits.lookedUp) {
        const there = some[at]
        if (there !== undefined) some.push(there)
        some[at] = pair
      } else if (at < dhtLimits.lookedUp) some[at] = pair
    }
    return some
  }
  async function isKnown(by: string): Promise<boolean> {
    if (by === self || (await peerStore.has(peerIdFromString(by)))) return true
    remember(gone, by, clock.now(), dhtLimits.gone)
    return false
  }
  return withMethods(datastore, {
    async put(key, value, options) {
      const by = providerOf(key)
      if (by !== undefined) gone.delete(by)
      return await datastore.put(key, value, options)
    },
    async *query(query, options) {
      if (fileOf(query.prefix) === undefined) {
        yield* datastore.query(query, options)
        return
      }
      let told = 0
      for (const pair of await drawn(datastore.query(query, options))) {
        if (told >= dhtLimits.told) return
        // One that is forgotten meanwhile would have the library answer nothing at all.
        if (!(await isKnown(providerOf(pair.key) ?? self))) continue
        told++
        yield pair
      }
    }
  })
}

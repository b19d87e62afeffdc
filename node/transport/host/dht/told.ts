import type { KadDHTComponents } from '@libp2p/kad-dht'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Pair } from 'interface-datastore'
import { dhtLimits } from '../../../../protocol/wire/index.ts'
import { fileOf, providerOf } from './providers.ts'
import { withMethods } from '../with-methods.ts'

/**
 * A datastore that tells few of those who say that they have a file, drawn anew each time: the library makes a key of
 * each, and answers with all of them, however many somebody has made up.
 */
export function toldProviders(
  { datastore, peerStore }: Pick<KadDHTComponents, 'datastore' | 'peerStore'>,
  self: string
): KadDHTComponents['datastore'] {
  async function drawn(all: AsyncIterable<Pair> | Iterable<Pair>): Promise<Pair[]> {
    const some: Pair[] = []
    let count = 0
    for await (const pair of all) {
      count++
      const at = some.length < dhtLimits.told ? some.length : Math.floor(Math.random() * count)
      if (at < dhtLimits.told) some[at] = pair
    }
    return some
  }
  return withMethods(datastore, {
    async *query(query, options) {
      if (fileOf(query.prefix) === undefined) {
        yield* datastore.query(query, options)
        return
      }
      for (const pair of await drawn(datastore.query(query, options))) {
        const by = providerOf(pair.key) ?? self
        // One that is forgotten meanwhile would have the library answer nothing at all.
        if (by === self || (await peerStore.has(peerIdFromString(by)))) yield pair
      }
    }
  })
}

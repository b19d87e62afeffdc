import type { PeerId } from '@libp2p/interface'
import type { KadDHTComponents } from '@libp2p/kad-dht'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { Key } from 'interface-datastore'
import { varint } from 'multiformats'
import { base32 } from 'multiformats/bases/base32'
import { dhtLimits } from '../../../../protocol/wire/index.ts'
import type { Clock } from '../../../runtime/index.ts'
import { createBuckets } from '../../limits/quota.ts'
import { withMethods } from '../with-methods.ts'
import { providerPrefix } from './providers.ts'

type Components = Pick<KadDHTComponents, 'datastore' | 'peerStore'>

/** Records that wait to be written: twice what newcomers may say at once. */
const maxWriting = 4_096

/** Keeps that a peer has something, and where it says that it is; the library would do the same in tens of times. */
export function createIntake(
  { datastore, peerStore }: Components,
  clock: Pick<Clock, 'now'>
): (peer: PeerId, provided: { multihash: Uint8Array; addresses: readonly Uint8Array[] }) => void {
  const say = rareAddresses(peerStore, clock)
  let writing = 0
  return (peer, { multihash, addresses }) => {
    // [ignore] More is said than can be written.
    if (writing >= maxWriting) return
    writing++
    const key = new Key(`${providerPrefix}${base32.encode(multihash).slice(1)}/${peer.toString()}`, false)
    const now = clock.now()
    const time = varint.encodeTo(now, new Uint8Array(varint.encodingLength(now)))
    void Promise.all([datastore.put(key, time), say(peer, addresses)])
      .catch(() => undefined) // a disk that is full tells its owner elsewhere; the peer says it again
      .finally(() => {
        writing--
      })
  }
}

/**
 * Keeps few addresses of a peer, and seldom: each is held against all that are known, so one peer that says another
 * with each record takes time with the square of them.
 */
export function rareAddresses(
  peerStore: Components['peerStore'],
  clock: Pick<Clock, 'now'>
): (peer: PeerId, addresses: readonly Uint8Array[]) => Promise<void> {
  const shares = createBuckets(dhtLimits.addressed, clock)
  return async (peer, addresses) => {
    // [ignore] What it says of itself as it connects is known besides.
    if (!shares(peer.toString()).take()) return
    const multiaddrs = addresses.slice(0, dhtLimits.addresses).flatMap(bytes => parsed(bytes) ?? [])
    if (multiaddrs.length > 0) await peerStore.merge(peer, { multiaddrs })
  }
}

/** The same for whoever merges them, whatever comes that way. */
export function boundedAddresses(
  peerStore: Components['peerStore'],
  clock: Pick<Clock, 'now'>
): Components['peerStore'] {
  const shares = createBuckets(dhtLimits.addressed, clock)
  const isFit = ({ bytes }: Multiaddr): boolean => bytes.length <= dhtLimits.address
  return withMethods(peerStore, {
    async merge(peer, data, options) {
      const { multiaddrs, addresses, ...others } = data
      if (multiaddrs === undefined && addresses === undefined) return await peerStore.merge(peer, data, options)
      // [ignore] What it says of itself as it connects is known besides.
      if (!shares(peer.toString()).take()) return await peerStore.merge(peer, others, options)
      const all = [...(multiaddrs ?? []), ...(addresses ?? []).map(({ multiaddr: one }) => one)]
      const few = all.slice(0, dhtLimits.addresses).filter(isFit)
      return await peerStore.merge(peer, { ...others, multiaddrs: few }, options)
    }
  })
}

function parsed(bytes: Uint8Array): Multiaddr | undefined {
  if (bytes.length > dhtLimits.address) return undefined
  try {
    return multiaddr(bytes)
  } catch {
    return undefined
  }
}

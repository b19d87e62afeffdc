import type { Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Log } from '../../runtime/index.ts'
import { isRelayed } from '../addresses.ts'
import type { Addressing } from '../host/services.ts'
import { roleKey } from '../identity.ts'
import type { Provider } from '../peers/provider.ts'

/** Relays that a node has a place at: one may go. */
const wanted = 2
const dialMs = 10_000
/** Relays that are dialled in one look. */
const maxDials = 4

/** A node's places at relays, taken when nobody can dial it. */
export interface Relays {
  /** Addresses through relays that others are told. */
  addresses(): string[]
  /** Sees to it that there are places; called again and again while they are wanted. */
  seek(): Promise<void>
}

/**
 * libp2p asks every relay it meets for a place once it listens for that; which peers are relays they say themselves, by
 * a record in this network's DHT. No relay of another network is asked.
 */
export function createRelays(
  libp2p: Libp2p,
  { transportManager }: Pick<Addressing, 'transportManager'>,
  { provider, log }: { provider: Provider; log: Log }
): Relays {
  let listening = false
  const addresses = (): string[] =>
    transportManager
      .getAddrs()
      .filter(isRelayed)
      .map(address => address.toString())

  return {
    addresses,
    async seek() {
      if (!listening) {
        listening = true
        await transportManager.listen(Array.from({ length: wanted }, () => multiaddr('/p2p-circuit')))
      }
      if (addresses().length >= wanted) return
      let dials = 0
      for await (const id of provider.find(roleKey('relay'), AbortSignal.timeout(dialMs))) {
        if (id.equals(libp2p.peerId) || libp2p.getConnections(id).length > 0) continue
        try {
          await libp2p.dial(id, { signal: AbortSignal.timeout(dialMs) })
        } catch (error) {
          log.debug('a relay did not answer', { relay: id.toString(), error })
        }
        if (++dials >= maxDials) return
      }
    }
  }
}

/** A relay says in the DHT that it is one. */
export const offerRelay = (provider: Provider): Promise<void> => provider.provide(roleKey('relay'))

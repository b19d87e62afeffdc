import type { CircuitRelayService } from '@libp2p/circuit-relay-v2'
import type { ConnectionGater, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { relayLimits } from '../../../protocol/wire/index.ts'
import type { Clock } from '../../runtime/index.ts'
import { hostOf } from '../addresses.ts'
import { hasNodeKey } from '../identity.ts'
import { createBuckets } from '../limits/quota.ts'
import type { Reputation } from '../limits/reputation.ts'

/** What the gater asks of a relay, once it runs. */
export interface RelayState {
  reservations(): CircuitRelayService['reservations'] | undefined
  /** From where a connected peer comes. */
  addressOf(peer: PeerId): Multiaddr | undefined
}

/** Who may connect, and what a relay lends to whom. */
export function createGater(
  reputation: Pick<Reputation, 'banned'>,
  relay: RelayState,
  clock: Pick<Clock, 'now'>
): ConnectionGater {
  const circuits = createBuckets(relayLimits.opens, clock)
  const banned = (id: PeerId): boolean => reputation.banned(id.toString())

  /** [ignore] One address has a relay's place for a few nodes only. */
  function crowded(source: PeerId): boolean {
    const host = hostOf(relay.addressOf(source))
    const reservations = relay.reservations()
    if (host === undefined || reservations === undefined || reservations.has(source)) return false
    let count = 0
    for (const { addr } of reservations.values()) if (hostOf(addr) === host) count++
    return count >= relayLimits.perHost
  }

  return {
    // Private addresses are dialled only where they are the network: the library would never dial them.
    denyDialMultiaddr: () => false,
    denyDialPeer: banned,
    denyInboundEncryptedConnection: id => !hasNodeKey(id) || banned(id),
    denyOutboundEncryptedConnection: id => !hasNodeKey(id),
    denyInboundRelayReservation: source => !hasNodeKey(source) || banned(source) || crowded(source),
    // [ignore] A peer opens connections through a relay no faster than its quota.
    denyOutboundRelayedConnection: source => banned(source) || !circuits(source.toString()).take(),
    denyInboundRelayedConnection: (_, remote) => banned(remote)
  }
}

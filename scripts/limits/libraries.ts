import { dhtProtocol, patienceMs } from '../../node/transport/host/services.ts'
import { dhtLimits, greetingLimits, relayLimits } from '../../protocol/wire/index.ts'
import { bytesText, countText, quotaText, timeText } from './forms.ts'

// Protocols that libraries handle on a node's connections: what bounds them, and what happens beyond.

export interface LibraryRow {
  /** As it is negotiated, or as it begins. */
  readonly protocol: string
  readonly what: string
  readonly bounds: string
  readonly beyond: string
}

const meshsub: Omit<LibraryRow, 'protocol'> = {
  what: 'gossip (GossipSub); its topics have rows of their own above',
  bounds: 'one stream a peer each way; one frame as large as the largest topic’s message',
  beyond: 'the stream is reset; what is within is judged by its topic’s row'
}

const identify = (limits: typeof greetingLimits.identify | typeof greetingLimits.push): string =>
  `a message of 8 KiB, 1 stream a connection, 30 s; of a peer ${quotaText(limits.said)}`
const resetAndCharged = 'the stream is reset, and costs a peer that asks too often'

export const libraryRows: readonly LibraryRow[] = [
  {
    protocol: '/ipfs/id/1.0.0',
    what: 'who a peer is',
    bounds: identify(greetingLimits.identify),
    beyond: resetAndCharged
  },
  {
    protocol: '/ipfs/id/push/1.0.0',
    what: 'what a peer handles by now',
    bounds: identify(greetingLimits.push),
    beyond: resetAndCharged
  },
  {
    protocol: '/ipfs/ping/1.0.0',
    what: 'whether a peer is there',
    bounds:
      `2 streams a connection, 32 bytes a ping, ${timeText(patienceMs)}; ` +
      `of a peer ${quotaText(greetingLimits.ping.said)}`,
    beyond: resetAndCharged
  },
  {
    protocol: dhtProtocol,
    what: 'the DHT: who has what, who is where',
    bounds:
      `32 streams a connection; a message of ${bytesText(dhtLimits.message)}, and ${bytesText(dhtLimits.waiting)} ` +
      `of a peer that wait; of a peer ${quotaText(dhtLimits.said)}, each of ${dhtLimits.piece} bytes; of all who ` +
      `came within ${timeText(dhtLimits.newMs)} together ${quotaText(dhtLimits.newcomers)}, and of all others ` +
      `${quotaText(dhtLimits.known)}, answers as well, in turns by network and peer, ` +
      `${dhtLimits.unanswered} questions at a time; ` +
      `${countText(dhtLimits.eachProvider.burst)} new providers’ records of a peer and ` +
      `${countText(dhtLimits.allProviders)} in all, of which ${dhtLimits.told} of a file are told; no values`,
    beyond:
      'what has no turn waits; the stream is reset, and costs a peer that says too much; ' +
      'records beyond are forgotten'
  },
  ...['/meshsub/1.2.0', '/meshsub/1.1.0', '/meshsub/1.0.0'].map(protocol => ({ protocol, ...meshsub })),
  {
    protocol: '/ipfs/bitswap/1.2.0',
    what: 'blocks, by hash',
    bounds: `a message of ${bytesText(4 << 20)}, 1,024 wants of a peer; 1,024 streams a connection`,
    beyond: 'the stream is reset; wants beyond are forgotten'
  },
  ...['/libp2p/circuit/relay/0.2.0/hop', '/libp2p/circuit/relay/0.2.0/stop'].map(protocol => ({
    protocol,
    what: 'connections through a relay',
    bounds:
      `${countText(relayLimits.reservations)} places, ${relayLimits.perHost} an address, ` +
      `${timeText(relayLimits.reservationMs)} each; ${relayLimits.perPeer} connections a peer, ` +
      `${relayLimits.perNode} a node; ${quotaText(relayLimits.opens)}; ` +
      `${bytesText(relayLimits.bytes)} and ${timeText(relayLimits.durationMs)} a connection; ` +
      `${bytesText(relayLimits.memory)} held for slow readers`,
    beyond: 'no place is given; a connection is refused, or ended'
  })),
  {
    protocol: '/libp2p/dcutr',
    what: 'a direct connection in place of a relayed one',
    bounds: '1 stream a connection, a message of 4 KiB',
    beyond: 'the stream is reset'
  }
]

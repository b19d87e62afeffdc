import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { TilthError } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { remember } from '../../node/runtime/cache.ts'
import type { Clock, Log } from '../../node/runtime/types.ts'
import { parseMultiaddr } from '../../node/transport/addresses.ts'
import { unknownPeer } from '../../node/transport/errors.ts'
import { hasNodeKey, parsePeerId, peerNamed, peerOf } from '../../node/transport/identity.ts'
import { createReputation } from '../../node/transport/limits/reputation.ts'
import { createStreams } from '../../node/transport/streams/streams.ts'
import type { Peer, Streams } from '../../node/transport/types.ts'
import { createHost } from './host.ts'
import { noCounts } from './no-counts.ts'

/** Workers whose PeerId and addresses are remembered, and nodes that are tried to begin with. */
const mostKnown = 1_024
const mostFirst = 64
const dialMs = 20_000

export interface LightPeer {
  readonly self: Peer
  readonly streams: Pick<Streams, 'open'>
  connected(): Peer[]
  /** Dials the first nodes again where none is connected. @throws TilthError `client.alone` */
  join(signal?: AbortSignal): Promise<void>
  /** Where a worker is, by somebody's word; that it is the one its own key says. */
  learn(peerId: string, addresses: readonly string[]): Promise<void>
  stop(): Promise<void>
}

/** @param dialled whether the transports can dial an address */
export async function startPeer(
  {
    key,
    transports,
    dialled,
    first
  }: {
    key: Uint8Array
    transports: NonNullable<Libp2pOptions['transports']>
    dialled: (address: string) => boolean
    first: readonly string[]
  },
  { clock, log }: { clock: Clock; log: Log }
): Promise<LightPeer> {
  const libp2p: Libp2p = await createHost(key, transports)
  const targets = first
    .filter(dialled)
    .slice(0, mostFirst)
    .flatMap(text => parseMultiaddr(text) ?? [])
  const known = new Map<Address, Peer>()
  const reputation = createReputation(clock, peerId => {
    log.warn('a peer is cut off for what it did', { peer: peerId })
    libp2p.hangUp(parsePeerId(peerId)).catch((error: unknown) => {
      log.debug('it could not be', { error })
    })
  })

  const connected = (): Peer[] => {
    const all = libp2p.getConnections().map(({ remotePeer }) => remotePeer)
    return [...new Map(all.filter(hasNodeKey).map(id => [id.toString(), peerOf(id)])).values()]
  }
  async function find(name: string): Promise<Peer> {
    const found = peerNamed(name) ?? known.get(name as Address) ?? connected().find(({ address }) => address === name)
    if (found === undefined) throw unknownPeer(name)
    return found
  }
  const streams = createStreams({ libp2p, peers: { find }, reputation, clock, log, counts: noCounts })

  let joining: Promise<void> | undefined
  async function joinNow(signal: AbortSignal): Promise<void> {
    const dial = (target: Multiaddr): Promise<unknown> => libp2p.dial(target, { signal })
    try {
      await Promise.any(targets.map(dial))
    } catch (cause) {
      signal.throwIfAborted()
      throw new TilthError(
        'client.alone',
        targets.length === 0
          ? 'none of the network’s nodes has an address that this peer can dial'
          : `none of ${targets.length} nodes of the network could be reached`,
        {
          help:
            'Give the address of one that runs and listens by WebSocket (/ip4/…/tcp/…/ws/p2p/…, or wss beyond this ' +
            'machine) or by WebRTC.',
          cause
        }
      )
    }
  }

  return {
    self: peerOf(libp2p.peerId),
    streams,
    connected,
    async join(signal) {
      if (connected().length > 0) return
      const within = AbortSignal.any([AbortSignal.timeout(dialMs), ...(signal === undefined ? [] : [signal])])
      joining ??= joinNow(within).finally(() => (joining = undefined))
      await joining
    },
    async learn(peerId, addresses) {
      const peer = peerNamed(peerId)
      if (peer === undefined) return
      remember(known, peer.address, peer, mostKnown)
      const usable = addresses.filter(dialled).flatMap(text => parseMultiaddr(text) ?? [])
      if (usable.length > 0) await libp2p.peerStore.merge(parsePeerId(peerId), { multiaddrs: usable })
    },
    stop: async () => libp2p.stop()
  }
}

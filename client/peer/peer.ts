import type { Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Libp2pOptions } from 'libp2p'
import { TilthError, anySignal } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { remember } from '../../node/runtime/cache.ts'
import { unlessAborted } from '../../node/runtime/signals.ts'
import type { Clock, Log } from '../../node/runtime/types.ts'
import { parseMultiaddr } from '../../node/transport/addresses.ts'
import { unknownPeer } from '../../node/transport/errors.ts'
import { hasNodeKey, parsePeerId, peerNamed, peerOf } from '../../node/transport/identity.ts'
import { isPublic } from '../../node/transport/public.ts'
import { createReputation } from '../../node/transport/limits/reputation.ts'
import { createStreams } from '../../node/transport/streams/streams.ts'
import type { Peer, Streams } from '../../node/transport/types.ts'
import { createHost, mostAddresses } from './host.ts'
import { noCounts } from './no-counts.ts'

/** Workers whose PeerId and addresses are remembered, and nodes that are tried to begin with. */
const mostKnown = 1_024
const mostFirst = 64
const dialMs = 20_000
/** Of a worker's addresses, those that one peer told: in a network beyond one's own they are its public ones. */
const mostOfTeller = { own: 4, beyond: 2 }

export interface LightPeer {
  readonly self: Peer
  readonly streams: Pick<Streams, 'open'>
  connected(): Peer[]
  /** Dials the first nodes again where none is connected. @throws TilthError `client.alone` */
  join(signal?: AbortSignal): Promise<void>
  /** Whether it dials plain TCP, as no page does. */
  readonly dialsTcp: boolean
  /** Where a worker is, by a peer's word; that it is the one its own key says. */
  learn(peerId: string, addresses: readonly string[], teller: string): Promise<void>
  stop(): Promise<void>
}

/** @param dialled whether the transports can dial an address */
export async function startPeer(
  {
    key,
    transports,
    dialled,
    first,
    isDevelopment
  }: {
    key: Uint8Array
    transports: NonNullable<Libp2pOptions['transports']>
    dialled: (address: string) => boolean
    first: readonly string[]
    /** Of a chain that everybody can start on a machine of their own. */
    isDevelopment: boolean
  },
  { clock, log }: { clock: Clock; log: Log }
): Promise<LightPeer> {
  const targets = first
    .filter(dialled)
    .slice(0, mostFirst)
    .flatMap(text => parseMultiaddr(text) ?? [])
  // [reject] What strangers tell leads to no machine of this one's own network, unless that is where the network is.
  const isOwn = isDevelopment || targets.some(target => !isPublic(target))
  const mayDial = (address: Multiaddr): boolean => isOwn || isPublic(address)
  const libp2p: Libp2p = await createHost(key, transports, mayDial)
  /** Workers, and where they are by each peer's word. */
  const known = new Map<Address, { peer: Peer; told: Map<string, readonly Multiaddr[]> }>()
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
    const found =
      peerNamed(name) ?? known.get(name as Address)?.peer ?? connected().find(({ address }) => address === name)
    if (found === undefined) throw unknownPeer(name)
    return found
  }
  const streams = createStreams({ libp2p, peers: { find }, reputation, clock, log, counts: noCounts })

  const life = new AbortController()
  let joining: Promise<void> | undefined
  async function joinNow(): Promise<void> {
    const signal = anySignal([AbortSignal.timeout(dialMs), life.signal])
    const dial = (target: Multiaddr): Promise<unknown> => libp2p.dial(target, { signal })
    try {
      // A machine that has much to do may miss the first call.
      await Promise.any(targets.map(dial)).catch(() => Promise.any(targets.map(dial)))
    } catch (cause) {
      life.signal.throwIfAborted()
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
    dialsTcp: dialled('/ip4/127.0.0.1/tcp/1'),
    async join(signal) {
      if (connected().length > 0) return
      // For all who wait for it: who waits no longer ends it for nobody else.
      joining ??= joinNow().finally(() => (joining = undefined))
      await unlessAborted(joining, signal)
    },
    async learn(peerId, addresses, teller) {
      const peer = peerNamed(peerId)
      if (peer === undefined) return
      const { told } = known.get(peer.address) ?? { told: new Map<string, readonly Multiaddr[]>() }
      remember(known, peer.address, { peer, told }, mostKnown)
      const usable = addresses.filter(dialled).flatMap(text => parseMultiaddr(text) ?? [])
      const some = usable.filter(mayDial).slice(0, isOwn ? mostOfTeller.own : mostOfTeller.beyond)
      if (some.length === 0) return
      remember(told, teller, some, mostAddresses)
      // Each one's first before anybody's second: who tells of addresses that lead nowhere crowds out nobody else's.
      const all = Array.from({ length: mostOfTeller.own }, (_, i) => [...told.values()].flatMap(list => list[i] ?? []))
      const tried = new Map(all.flat().map(address => [address.toString(), address]))
      await libp2p.peerStore.patch(parsePeerId(peerId), { multiaddrs: [...tried.values()].slice(0, mostAddresses) })
    },
    async stop() {
      life.abort(new TilthError('client.closed', 'this client was closed', { consequence: 'retry' }))
      await libp2p.stop()
    }
  }
}

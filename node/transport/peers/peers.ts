import type { Libp2p, PeerId } from '@libp2p/interface'
import { LimitError, address as addressSchema } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { gauge, remember, within } from '../../runtime/index.ts'
import type { Clock, Log, Metrics } from '../../runtime/index.ts'
import { unknownPeer, unreachable } from '../errors.ts'
import { dhtProtocol } from '../host/services.ts'
import type { Host } from '../host/host.ts'
import { addressKey, hasNodeKey, parsePeerId, peerOf } from '../identity.ts'
import { isRelayed, parseMultiaddr } from '../addresses.ts'
import { dialMs, keepConnected } from './keeper.ts'
import type { Peer, Peers } from '../types.ts'

const findMs = 20_000
/** Milliseconds for which it is remembered that an account is nobody's node, and of how many. */
const nobodyMs = 60_000
const mostNobody = 4_096
/** Accounts whose peer is remembered once it has left; the latest. */
const maxMet = 10_000

/** Connected PeerIds. (`libp2p.getPeers` parses each from its text, a curve point every time.) */
function connectedIds(libp2p: Libp2p): PeerId[] {
  const ids = new Map<string, PeerId>()
  for (const { remotePeer } of libp2p.getConnections())
    if (hasNodeKey(remotePeer)) ids.set(remotePeer.toString(), remotePeer)
  return [...ids.values()]
}

export function createPeers(
  { libp2p, bootstrap, announced }: Pick<Host, 'libp2p' | 'bootstrap' | 'announced'>,
  { clock, log, metrics }: { clock: Clock; log: Log; metrics: Metrics }
): Peers & { stop(): void } {
  const self = peerOf(libp2p.peerId)
  /** Those that are connected, and those that were lately. */
  const here = new Map<Address, Peer>()
  const met = new Map<Address, Peer>()
  const acquainted = (account: Address): Peer | undefined =>
    account === self.address ? self : (here.get(account) ?? met.get(account))
  /** Accounts that were no node's when they were looked for last: people without one are named as holders, too. */
  const nobody = new Map<Address, number>()
  const inDht = new Set<string>()
  const connected = (): Peer[] => connectedIds(libp2p).map(peerOf)
  gauge(metrics, 'tilth_peers', 'Connected peers', [], metric => {
    metric.set(connectedIds(libp2p).length)
  })

  const onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    if (!hasNodeKey(detail)) return
    const peer = peerOf(detail)
    here.set(peer.address, peer)
  }
  const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    inDht.delete(detail.toString())
    if (!hasNodeKey(detail)) return
    const peer = peerOf(detail)
    here.delete(peer.address)
    remember(met, peer.address, peer, maxMet)
  }
  libp2p.addEventListener('peer:connect', onConnect)
  libp2p.addEventListener('peer:disconnect', onDisconnect)

  /**
   * Connected peers that take part in the DHT, by what they told in identify; asked once per peer, since each answer
   * costs a curve point.
   */
  async function countDht(): Promise<number> {
    const ids = connectedIds(libp2p)
    for (const id of ids) {
      if (inDht.has(id.toString()) || !(await libp2p.peerStore.has(id))) continue
      if ((await libp2p.peerStore.get(id)).protocols.includes(dhtProtocol)) inDht.add(id.toString())
    }
    return ids.filter(id => inDht.has(id.toString())).length
  }

  async function byAddress(address: Address, signal: AbortSignal): Promise<Peer> {
    const known = acquainted(address)
    if (known !== undefined) return known
    for (const { id } of await libp2p.peerStore.all())
      if (hasNodeKey(id) && peerOf(id).address === address) return peerOf(id)
    if (libp2p.getConnections().length === 0) throw unknownPeer(address) // a DHT without peers waits for them
    if (clock.now() - (nobody.get(address) ?? -Infinity) < nobodyMs) throw unknownPeer(address)
    try {
      for await (const { id } of libp2p.contentRouting.findProviders(addressKey(address), { signal })) {
        if (hasNodeKey(id) && peerOf(id).address === address) return peerOf(id)
      }
      remember(nobody, address, clock.now(), mostNobody)
    } catch (cause) {
      log.debug('the DHT did not find an address', { address, error: cause })
    }
    throw unknownPeer(address)
  }

  async function find(name: string, { signal }: { signal?: AbortSignal } = {}): Promise<Peer> {
    const address = addressSchema.safeParse(name)
    if (!address.success) return peerOf(parsePeerId(name))
    return await byAddress(address.data, within(findMs, signal))
  }

  function listening(): string[] {
    const own = `/p2p/${self.peerId}`
    const told = libp2p.getMultiaddrs().map(String)
    if (announced) return told
    // libp2p tells others of a public address once a peer dialled it; its owner and whoever joins by it may know.
    const all = libp2p.services.addressing.transportManager.getAddrs().map(address => {
      const text = address.toString()
      return text.endsWith(own) ? text : `${text}${own}`
    })
    return [...new Set([...told, ...all])]
  }

  async function known(account: Address): Promise<{ peerId: string; addresses: readonly string[] } | undefined> {
    const peer = acquainted(account)
    if (peer === undefined) return undefined
    if (peer === self) return { peerId: self.peerId, addresses: listening() }
    const id = parsePeerId(peer.peerId)
    if (!(await libp2p.peerStore.has(id))) return { peerId: peer.peerId, addresses: [] }
    const { addresses } = await libp2p.peerStore.get(id)
    const own = `/p2p/${peer.peerId}`
    const texts = addresses.map(({ multiaddr }) => multiaddr.toString())
    return { peerId: peer.peerId, addresses: texts.map(text => (text.endsWith(own) ? text : `${text}${own}`)) }
  }

  async function dial(name: string, { signal }: { signal?: AbortSignal } = {}): Promise<Peer> {
    const options = { signal: within(dialMs, signal) }
    const target = parseMultiaddr(name) ?? parsePeerId((await find(name, { signal })).peerId)
    try {
      return peerOf((await libp2p.dial(target, options)).remotePeer)
    } catch (cause) {
      throw unreachable(name, cause)
    }
  }

  const stopKeeping = keepConnected(libp2p, bootstrap, { clock, log })

  return {
    self,
    listening,
    connected,
    way(peerId) {
      const connections = libp2p.getConnections(parsePeerId(peerId))
      if (connections.length === 0) return undefined
      return connections.every(({ remoteAddr }) => isRelayed(remoteAddr)) ? 'relay' : 'direct'
    },
    find,
    known,
    dial,
    async ready(minPeers, timeoutMs) {
      const deadline = clock.now() + timeoutMs
      while (connectedIds(libp2p).length < minPeers || (await countDht()) < minPeers) {
        if (clock.now() >= deadline) {
          throw new LimitError(
            'network.lonely',
            `${connectedIds(libp2p).length} peers are connected and ${await countDht()} in the DHT's table ` +
              `after ${timeoutMs} ms, of ${minPeers} that were waited for`,
            {
              consequence: 'retry',
              help: 'Check that the bootstrap addresses are right and that their nodes are running.'
            }
          )
        }
        await clock.sleep(100)
      }
    },
    on(event, listener) {
      const name = event === 'connect' ? 'peer:connect' : 'peer:disconnect'
      const relay = ({ detail }: CustomEvent<PeerId>): void => {
        if (hasNodeKey(detail)) listener(peerOf(detail))
      }
      libp2p.addEventListener(name, relay)
      return () => {
        libp2p.removeEventListener(name, relay)
      }
    },
    stop() {
      stopKeeping()
      libp2p.removeEventListener('peer:connect', onConnect)
      libp2p.removeEventListener('peer:disconnect', onDisconnect)
    }
  }
}

/** Cuts a banned peer's connections; the gater keeps it out. */
export async function cutOff(libp2p: Libp2p, peerId: string): Promise<void> {
  await libp2p.hangUp(parsePeerId(peerId))
}

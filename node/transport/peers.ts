import type { Libp2p, PeerId } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { LimitError, address as addressSchema } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { gauge } from '../runtime/index.ts'
import type { Clock, Log, Registry } from '../runtime/index.ts'
import { unknownPeer, unreachable } from './errors.ts'
import { dhtProtocol } from './host.ts'
import type { Host } from './host.ts'
import { addressKey, hasNodeKey, parsePeerId, peerOf } from './identity.ts'
import type { Peer, Peers } from './types.ts'

const dialMs = 15_000
const findMs = 20_000
/** Connections that a node tries to have, as far as it knows so many peers: gossip's mesh degree and some. */
const wantedPeers = 12
/** Milliseconds between looks at who is missing, and at most until a node that did not answer is tried again. */
const keepMs = 3_000
const maxPauseMs = 120_000

/** A parsed multiaddr, or undefined for text that is none. */
function parseMultiaddr(text: string): Multiaddr | undefined {
  if (!text.startsWith('/')) return undefined
  try {
    return multiaddr(text)
  } catch {
    return undefined // the caller answers for it: it has the name
  }
}

export function createPeers({ libp2p, bootstrap }: Pick<Host, 'libp2p' | 'bootstrap'>, { clock, log, registry }: { clock: Clock; log: Log; registry: Registry }): Peers & { stop(): void } {
  const self = peerOf(libp2p.peerId)
  const connected = (): Peer[] => libp2p.getPeers().filter(hasNodeKey).map(peerOf)
  gauge(registry, 'tilth_peers', 'Connected peers', [], metric => { metric.set(connected().length) })

  async function byAddress(address: Address, signal: AbortSignal): Promise<Peer> {
    if (address === self.address) return self
    const here = connected().find(peer => peer.address === address)
    if (here !== undefined) return here
    for (const { id } of await libp2p.peerStore.all()) if (hasNodeKey(id) && peerOf(id).address === address) return peerOf(id)
    if (libp2p.getPeers().length === 0) throw unknownPeer(address) // a DHT without peers waits for them
    try {
      for await (const { id } of libp2p.contentRouting.findProviders(addressKey(address), { signal })) {
        if (hasNodeKey(id) && peerOf(id).address === address) return peerOf(id)
      }
    } catch (cause) {
      log.debug('the DHT did not find an address', { address, error: cause })
    }
    throw unknownPeer(address)
  }

  async function find(name: string, { signal }: { signal?: AbortSignal } = {}): Promise<Peer> {
    const address = addressSchema.safeParse(name)
    if (!address.success) return peerOf(parsePeerId(name))
    const late = AbortSignal.timeout(findMs)
    return await byAddress(address.data, signal === undefined ? late : AbortSignal.any([late, signal]))
  }

  async function dial(name: string, { signal }: { signal?: AbortSignal } = {}): Promise<Peer> {
    const late = AbortSignal.timeout(dialMs)
    const options = { signal: signal === undefined ? late : AbortSignal.any([late, signal]) }
    const target = parseMultiaddr(name) ?? parsePeerId((await find(name, { signal })).peerId)
    try {
      return peerOf((await libp2p.dial(target, options)).remotePeer)
    } catch (cause) {
      throw unreachable(name, cause)
    }
  }

  /** Connected peers that take part in the DHT, by what they told in identify. */
  async function inDht(): Promise<number> {
    let count = 0
    for (const id of libp2p.getPeers()) {
      if (!await libp2p.peerStore.has(id)) continue
      const { protocols } = await libp2p.peerStore.get(id)
      if (protocols.includes(dhtProtocol)) count++
    }
    return count
  }

  // libp2p neither dials a bootstrap node again that went away, nor the peers it hears of. We do both, up to a degree;
  // who does not answer is asked ever more seldom.
  const misses = new Map<string, { count: number; until: number }>()

  async function tryDial(name: string, target: PeerId | Multiaddr): Promise<void> {
    const miss = misses.get(name)
    if (miss !== undefined && clock.now() < miss.until) return
    try {
      await libp2p.dial(target, { signal: AbortSignal.timeout(dialMs) })
      misses.delete(name)
    } catch (error) {
      const count = (miss?.count ?? 0) + 1
      misses.set(name, { count, until: clock.now() + Math.min(maxPauseMs, keepMs * 2 ** count) })
      log.debug('a known node did not answer', { name, error })
    }
  }

  async function keepConnected(): Promise<void> {
    const here = new Set(libp2p.getPeers().map(String))
    const targets = new Map<string, PeerId | Multiaddr>()
    for (const text of bootstrap) {
      const target = parseMultiaddr(text)
      const id = target?.getComponents().findLast(({ name }) => name === 'p2p')?.value
      if (target !== undefined && id !== self.peerId && (id === undefined || !here.has(id))) targets.set(text, target)
    }
    let wanted = wantedPeers - here.size
    for (const { id } of wanted > 0 ? await libp2p.peerStore.all() : []) {
      const name = id.toString()
      if (wanted <= 0 || !hasNodeKey(id) || here.has(name) || name === self.peerId || clock.now() < (misses.get(name)?.until ?? 0)) continue
      targets.set(name, id)
      wanted--
    }
    await Promise.all([...targets].map(([name, target]) => tryDial(name, target)))
  }
  const report = (error: unknown): void => { log.debug('keeping connections failed', { error }) }
  const stopKeeping = clock.every(keepMs, keepConnected, report)
  const first = setTimeout(() => { keepConnected().catch(report) }, 50)

  return {
    self,
    listening: () => libp2p.getMultiaddrs().map(String),
    connected,
    find,
    dial,
    async ready(minPeers, timeoutMs) {
      const deadline = clock.now() + timeoutMs
      while (libp2p.getPeers().length < minPeers || await inDht() < minPeers) {
        if (clock.now() >= deadline) {
          throw new LimitError('network.lonely', `${libp2p.getPeers().length} of ${minPeers} peers after ${timeoutMs} ms`, {
            consequence: 'retry', help: 'Check that the bootstrap addresses are right and that their nodes are running.'
          })
        }
        await clock.sleep(50)
      }
    },
    on(event, listener) {
      const name = event === 'connect' ? 'peer:connect' : 'peer:disconnect'
      const relay = ({ detail }: CustomEvent<PeerId>): void => { if (hasNodeKey(detail)) listener(peerOf(detail)) }
      libp2p.addEventListener(name, relay)
      return () => { libp2p.removeEventListener(name, relay) }
    },
    stop() {
      clearTimeout(first)
      stopKeeping()
    }
  }
}

/** Cuts a banned peer's connections; the gater keeps it out. */
export async function cutOff(libp2p: Libp2p, peerId: string): Promise<void> {
  await libp2p.hangUp(parsePeerId(peerId))
}

import type { Libp2p, PeerId } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { remember } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { parseMultiaddr } from '../addresses.ts'
import { hasNodeKey } from '../identity.ts'

export const dialMs = 15_000
/** Connections that a node tries to have, as far as it knows so many peers: gossip's mesh degree. */
const wantedPeers = 8
/** Milliseconds between looks at who is missing, and at most until a node that did not answer is tried again. */
const keepMs = 3_000
const maxPauseMs = 120_000
/**
 * Looks in the DHT that find nobody new are ever longer apart, by so much: each one costs every peer a question and its
 * notes of all others.
 */
const restful = { growth: 4, mostMs: 600_000 } as const
/** Those that could not be made say nothing of who is there: on a busy machine the first ones may all be of them. */
const failing = { growth: 2, mostMs: 30_000 } as const
/** Peers that are remembered for dialling. */
const maxCandidates = 500

/**
 * Keeps a node connected: libp2p neither dials a bootstrap node again that went away, nor the peers it hears of. Who
 * does not answer is asked ever more seldom. It keeps its own list of whom it heard, since reading the peer store
 * decompresses a curve point for every peer.
 * @returns stop
 */
export function keepConnected(
  libp2p: Libp2p,
  bootstrap: readonly string[],
  { clock, log }: { clock: Clock; log: Log }
): () => void {
  const self = libp2p.peerId.toString()
  const candidates = new Map<string, PeerId>()
  const misses = new Map<string, { count: number; until: number }>()
  const here = (): Set<string> => new Set(libp2p.getConnections().map(({ remotePeer }) => remotePeer.toString()))

  /** When the next look in the DHT is due, and how long it waits; one at a time. */
  let look = { at: 0, pauseMs: keepMs }
  let looking = false

  function consider(id: PeerId): void {
    const name = id.toString()
    if (name === self || !hasNodeKey(id)) return
    remember(candidates, name, id, maxCandidates)
  }
  const heard = ({ detail }: CustomEvent<{ id: PeerId }>): void => {
    consider(detail.id)
  }
  const met = ({ detail }: CustomEvent<PeerId>): void => {
    consider(detail)
    // Who has come may know others, and they this node through it: what was found before says nothing of them.
    look = { at: Math.min(look.at, clock.now() + keepMs), pauseMs: keepMs }
  }
  libp2p.addEventListener('peer:discovery', heard)
  libp2p.addEventListener('peer:connect', met)
  const recall = async (): Promise<void> => {
    for (const { id } of await libp2p.peerStore.all()) consider(id)
  }

  async function tryDial(name: string, target: PeerId | Multiaddr): Promise<void> {
    const miss = misses.get(name)
    if (miss !== undefined && clock.now() < miss.until) return
    try {
      await libp2p.dial(target, { signal: AbortSignal.timeout(dialMs) })
      misses.delete(name)
    } catch (error) {
      const count = (miss?.count ?? 0) + 1
      const until = clock.now() + Math.min(maxPauseMs, keepMs * 2 ** count)
      remember(misses, name, { count, until }, maxCandidates)
      log.debug('a known node did not answer', { name, error })
    }
  }

  // The DHT looks around by itself once after the start and then every five minutes: a node whose first look failed (a
  // busy machine, a bootstrap node that was alone yet) would know nobody else for so long.
  async function lookAround(connected: Set<string>): Promise<void> {
    if (connected.size === 0 || looking || clock.now() < look.at) return
    looking = true
    const begun = look
    let news = false
    let rest: { readonly growth: number; readonly mostMs: number } = restful
    try {
      for await (const { id } of libp2p.peerRouting.getClosestPeers(libp2p.peerId.toMultihash().bytes, {
        signal: AbortSignal.timeout(dialMs)
      })) {
        if (!connected.has(id.toString())) news = true
        consider(id)
      }
    } catch (error) {
      rest = failing
      log.debug('looking around in the DHT failed', { error })
    }
    looking = false
    // Somebody came meanwhile, who may know more.
    if (look !== begun) return
    const pauseMs = news ? keepMs : Math.min(rest.mostMs, begun.pauseMs * rest.growth)
    look = { at: clock.now() + pauseMs, pauseMs }
  }

  async function keep(): Promise<void> {
    const connected = here()
    const targets = new Map<string, PeerId | Multiaddr>()
    for (const text of bootstrap) {
      const target = parseMultiaddr(text)
      const id = target?.getComponents().findLast(({ name }) => name === 'p2p')?.value
      if (target !== undefined && id !== self && (id === undefined || !connected.has(id))) targets.set(text, target)
    }
    let wanted = wantedPeers - connected.size
    if (wanted > 0) void lookAround(connected)
    for (const [name, id] of candidates) {
      if (wanted <= 0 || connected.has(name) || clock.now() < (misses.get(name)?.until ?? 0)) continue
      targets.set(name, id)
      wanted--
    }
    await Promise.all([...targets].map(([name, target]) => tryDial(name, target)))
  }

  const report = (error: unknown): void => {
    log.debug('keeping connections failed', { error })
  }
  const stop = clock.every(keepMs, keep, report)
  const first = setTimeout(() => {
    recall().then(keep).catch(report)
  }, 50)
  return () => {
    clearTimeout(first)
    stop()
    libp2p.removeEventListener('peer:discovery', heard)
    libp2p.removeEventListener('peer:connect', met)
  }
}

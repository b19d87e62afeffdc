import type { Connection, IdentifyResult, Libp2p } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { atHost, hostOf, isRelayed, portOf, withoutPeer } from '../addresses.ts'
import { remember } from '../../runtime/index.ts'
import type { Clock } from '../../runtime/index.ts'
import type { Addressing, Services } from '../host/services.ts'
import type { ReachPolicy } from './policy.ts'

/** IP addresses at which peers say they see us: one, or one of each family. */
const maxSeen = 4
const identifyMs = 10_000

/** An address at which others might dial this node. */
export interface Candidate {
  readonly address: Multiaddr
  /**
   * `announced` by its owner, `listening` by itself, `mapped` by the router (UPnP), or `guessed`: the outside IP
   * address with an inner port.
   */
  readonly kind: 'announced' | 'listening' | 'mapped' | 'guessed'
  /** Of a guess: the listening address that it would lead to. */
  readonly inner?: Multiaddr
}

/** What this node may be called outside, from where it listens and from what its peers see. */
export function createOutside(
  libp2p: Libp2p<Pick<Services, 'identify'>>,
  { addressManager, transportManager }: Addressing,
  announced: readonly Multiaddr[],
  policy: ReachPolicy,
  clock: Pick<Clock, 'now'>
): {
  refresh(connections: readonly Connection[]): Promise<void>
  hosts(): string[]
  listening(): Multiaddr[]
  candidates(): Candidate[]
  stop(): void
} {
  const seen = new Map<string, number>()

  function see({ observedAddr, connection }: IdentifyResult): void {
    if (observedAddr === undefined || isRelayed(connection.remoteAddr) || isRelayed(observedAddr)) return
    const host = hostOf(observedAddr)
    if (host === undefined || !policy.isPublic(observedAddr)) return
    remember(seen, host, clock.now(), maxSeen)
  }
  const onIdentify = ({ detail }: CustomEvent<IdentifyResult>): void => {
    see(detail)
  }
  libp2p.addEventListener('peer:identify', onIdentify)

  /** Asks peers anew as what they see us: the first met us before this was listening, and addresses change. */
  async function refresh(connections: readonly Connection[]): Promise<void> {
    await Promise.allSettled(
      connections.map(connection =>
        libp2p.services.identify.identify(connection, { signal: AbortSignal.timeout(identifyMs) }).then(result => {
          see(result)
        })
      )
    )
    for (const [host, at] of seen) if (clock.now() - at > 3 * policy.againMs.good) seen.delete(host)
  }

  const listening = (): Multiaddr[] =>
    transportManager
      .getAddrs()
      .map(withoutPeer)
      .filter(address => !isRelayed(address))

  return {
    refresh,
    hosts: () => [...seen.keys()],
    listening,
    candidates() {
      const own = listening()
      const found = new Map<string, Candidate>()
      const add = (candidate: Candidate): void => {
        const name = candidate.address.toString()
        if (!found.has(name)) found.set(name, candidate)
      }
      for (const address of announced) add({ address, kind: 'announced' })
      for (const address of own) if (policy.isPublic(address)) add({ address, kind: 'listening' })
      for (const { type, multiaddr } of addressManager.getAddressesWithMetadata())
        if (type === 'ip-mapping' && policy.isPublic(multiaddr))
          add({ address: withoutPeer(multiaddr), kind: 'mapped' })
      for (const host of seen.keys()) {
        const family = host.includes(':') ? 'ip6' : 'ip4'
        for (const inner of own) {
          if (inner.getComponents()[0]?.name !== family || portOf(inner) === undefined) continue
          if (isLoopback(inner) && own.some(other => !isLoopback(other) && portOf(other) === portOf(inner))) continue
          add({ address: atHost(inner, host), kind: 'guessed', inner })
        }
      }
      return [...found.values()]
    },
    stop() {
      libp2p.removeEventListener('peer:identify', onIdentify)
    }
  }
}

const isLoopback = (address: Multiaddr): boolean => /^(127\.|::1$)/.test(hostOf(address) ?? '')

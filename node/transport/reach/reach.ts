import type { Connection, Libp2p } from '@libp2p/interface'
import { maxAsked, reachAnswer } from '../../../protocol/wire/index.ts'
import type { ReachAnswer } from '../../../protocol/wire/index.ts'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { Clock, Log } from '../../runtime/index.ts'
import { hostOf, isRelayed, overWhat, parseMultiaddr, portOf, withoutPeer } from '../addresses.ts'
import type { Addressing, Services } from '../host/services.ts'
import type { Provider } from '../peers/provider.ts'
import type { Reach, ReachAddress, ReachState, ReachView, Streams, TransportOptions } from '../types.ts'
import { answerReach } from './answering.ts'
import { createFindings } from './findings.ts'
import { helpFor } from './help.ts'
import { createOutside } from './outside.ts'
import type { Candidate } from './outside.ts'
import type { ReachPolicy } from './policy.ts'
import { createRelays } from './relays.ts'

/** Peers that are asked in one round. */
const askedAtOnce = 3
const protocol = '/tilth/peers/reach/1'

export interface ReachDeps {
  libp2p: Libp2p<Pick<Services, 'identify'>>
  addressing: Addressing
  streams: Pick<Streams, 'handle' | 'open'>
  provider: Provider
  clock: Clock
  log: Log
}

/**
 * Finds out whether others can dial this node, tells them where, and takes a relay's place when they cannot. Every
 * node dials those who ask it.
 */
export function createReach(deps: ReachDeps, options: TransportOptions, policy: ReachPolicy): Reach & { stop(): void } {
  const { libp2p, addressing, streams, clock, log } = deps
  const announced = (options.announce ?? [])
    .map(parseMultiaddr)
    .filter(address => address !== undefined)
    .map(withoutPeer)
  const outside = createOutside(libp2p, addressing, announced, policy, clock)
  const relays = createRelays(libp2p, addressing, deps)
  const findings = createFindings(clock)
  const inbound = new Map<string, number>() // by what it came over
  const mapped = new Set<string>()
  let asked = { at: -Infinity, names: '' }
  let began: number | undefined
  const stopAnswering = answerReach(deps, policy)

  const direct = (connection: Connection): boolean =>
    !isRelayed(connection.remoteAddr) && connection.limits === undefined

  const onConnection = ({ detail }: CustomEvent<Connection>): void => {
    if (detail.direction === 'inbound' && direct(detail) && policy.isPublic(detail.remoteAddr))
      inbound.set(overWhat(detail.remoteAddr), clock.now())
  }
  libp2p.addEventListener('connection:open', onConnection)

  /** Peers that can be asked: connected directly, at another address than ours, and of this network. */
  async function askable(): Promise<Connection[]> {
    const own = new Set(outside.hosts())
    const found = new Map<string, Connection>()
    for (const connection of libp2p.getConnections()) {
      const { remotePeer, remoteAddr } = connection
      if (!direct(connection) || !policy.isPublic(remoteAddr) || own.has(hostOf(remoteAddr) ?? '')) continue
      if (!(await libp2p.peerStore.has(remotePeer))) continue
      if ((await libp2p.peerStore.get(remotePeer)).protocols.includes(protocol))
        found.set(remotePeer.toString(), connection)
    }
    // Others than last time, if there are others: an answer from elsewhere says more.
    return [...found.values()].sort(() => Math.random() - 0.5).slice(0, askedAtOnce)
  }

  async function ask(peer: string, candidates: readonly Candidate[]): Promise<ReachAnswer['outcomes']> {
    const stream = await streams.open(peer, protocol, { signal: AbortSignal.timeout(45_000) })
    try {
      await stream.send({ addresses: candidates.slice(0, maxAsked).map(({ address }) => address.toString()) })
      const answer = await stream.next(reachAnswer)
      await stream.end()
      return answer?.outcomes ?? []
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  /** What a peer found: kept, and told to others by libp2p. */
  function found(peer: string, candidates: readonly Candidate[], outcomes: ReachAnswer['outcomes']): void {
    for (const { address: name, outcome } of outcomes) {
      const candidate = candidates.find(({ address }) => address.toString() === name)
      if (candidate === undefined || outcome === 'refused') continue
      if (outcome === 'dialled') {
        findings.dialled(name, peer)
        confirm(candidate)
      } else {
        findings.failed(name, peer)
        if (candidate.kind !== 'announced') addressing.addressManager.removeObservedAddr(candidate.address)
      }
    }
  }

  function confirm({ address, kind, inner }: Candidate): void {
    const { addressManager } = addressing
    if (kind === 'listening') addressManager.confirmObservedAddr(address, { type: 'transport' })
    if (kind === 'mapped') addressManager.confirmObservedAddr(address, { type: 'ip-mapping' })
    if (kind !== 'guessed' || inner === undefined) return
    const name = address.toString()
    if (!mapped.has(name)) {
      mapped.add(name)
      const protocol = address.getComponents().some(component => component.name === 'udp') ? 'udp' : 'tcp'
      const at = (of: Multiaddr): [string, number] => [hostOf(of) ?? '', Number(portOf(of))]
      addressManager.addPublicAddressMapping(...at(inner), ...at(address), protocol)
    }
    addressManager.confirmObservedAddr(address, { type: 'ip-mapping' })
  }

  let looking: Promise<void> | undefined
  /** One look at a time. */
  function look(): Promise<void> {
    looking ??= lookOnce().finally(() => {
      looking = undefined
    })
    return looking
  }

  async function lookOnce(): Promise<void> {
    const peers = await askable()
    if (peers.length > 0) began ??= clock.now()
    const due = clock.now() >= asked.at + (findings.good() ? policy.againMs.good : policy.againMs.bad)
    if (due || outside.hosts().length === 0) await outside.refresh(peers)
    const candidates = outside.candidates()
    const names = candidates.map(({ address }) => address.toString())
    findings.keep(names)
    if (peers.length > 0 && names.length > 0 && (due || asked.names !== names.join())) {
      asked = { at: clock.now(), names: names.join() }
      await Promise.all(
        peers.map(async ({ remotePeer }) => {
          const peer = remotePeer.toString()
          try {
            found(peer, candidates, await ask(peer, candidates))
          } catch (error) {
            // Busy, or gone: not an answer, and asked again soon.
            asked.at = Math.min(asked.at, clock.now() - policy.againMs.bad + policy.lookMs)
            log.debug('a peer did not say whether it can dial us', { peer, error })
          }
        })
      )
    }
    if (options.relay !== true && state() !== 'open' && tried()) await relays.seek()
  }

  /** Somebody could not, or there was nobody to ask for a while. */
  const tried = (): boolean => findings.bad() || (began !== undefined && clock.now() - began > 4 * policy.lookMs)

  function state(): ReachState {
    if (findings.good() || came().length > 0) return 'open'
    if (relays.addresses().length > 0) return 'relayed'
    return tried() ? 'closed' : 'unknown'
  }

  /** Candidates that must be those by which somebody came: the only ones over what he came over. */
  function came(): string[] {
    const candidates = outside.candidates()
    return [...inbound.keys()].flatMap(over => {
      const fitting = candidates.filter(({ address }) => overWhat(address) === over)
      return fitting.length === 1 && fitting[0] !== undefined ? [fitting[0].address.toString()] : []
    })
  }

  function view(): ReachView {
    const by = new Set<string>()
    const arrived = came()
    const addresses = outside.candidates().map(({ address, kind }): ReachAddress => {
      const name = address.toString()
      const { dialled, failed } = findings.of(name)
      for (const peer of failed) by.add(peer)
      if (dialled !== undefined) by.add(dialled.by)
      const over = overWhat(address)
      if (dialled !== undefined) return { address: name, over, proof: 'dialled', ...dialled }
      if (arrived.includes(name)) return { address: name, over, proof: 'inbound' }
      if (failed.length > 0) return { address: name, over, proof: 'failed' }
      return { address: name, over, proof: kind === 'announced' ? 'announced' : 'none' }
    })
    for (const address of relays.addresses()) addresses.push({ address, over: 'a relay', proof: 'relay' })
    const now = state()
    const help = helpFor({
      state: now,
      announced,
      listening: outside.listening(),
      outside: outside.hosts(),
      asked: by.size,
      upnp: options.upnp === true
    })
    return { state: now, addresses, seenAt: outside.hosts(), asked: by.size, ...(help === undefined ? {} : { help }) }
  }

  const report = (error: unknown): void => {
    log.debug('whether others can dial this node was not found out', { error })
  }
  let first: NodeJS.Timeout | undefined
  // A first peer is asked soon; its protocols are known when it has said who it is.
  const onIdentify = (): void => {
    if (asked.at !== -Infinity) return
    clearTimeout(first)
    first = setTimeout(() => {
      look().catch(report)
    }, policy.firstMs)
  }
  onIdentify()
  libp2p.addEventListener('peer:identify', onIdentify)
  const stop = clock.every(policy.lookMs, look, report)

  return {
    view,
    stop() {
      clearTimeout(first)
      libp2p.removeEventListener('peer:identify', onIdentify)
      stop()
      outside.stop()
      libp2p.removeEventListener('connection:open', onConnection)
      void stopAnswering().catch(report)
    }
  }
}

/** Of a local network: nobody outside is to dial it. */
export const localReach = (listening: () => string[]): Reach & { stop(): void } => ({
  view: () => ({
    state: 'local',
    addresses: listening().map(address => ({ address, over: 'TCP', proof: 'none' })),
    seenAt: [],
    asked: 0
  }),
  stop: () => undefined
})

import type { Connection, Libp2p } from '@libp2p/interface'
import { maxNeighbours, neighboursAnswer, neighboursQuestion } from '../../../protocol/wire/index.ts'
import type { NeighboursAnswer } from '../../../protocol/wire/index.ts'
import { anySignal } from '../../../protocol/primitives/index.ts'
import { createQueue, remember } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'
import { isRelayed } from '../addresses.ts'
import { hasNodeKey, peerOf } from '../identity.ts'
import type { NeighbourView, Neighbours, Streams } from '../types.ts'

const protocol = '/tilth/peers/neighbours/1'
/** What a peer said counts for so long, and that it said nothing; it is asked again only while somebody looks. */
const freshMs = { answered: 60_000, silent: 5_000 } as const
/** Somebody looks: a view was asked for within so long. How often it is seen who is to be asked again. */
const lookMs = { since: 90_000, every: 5_000 } as const
/** Peers that are asked because of one look, at once and in all. */
const asked = { atOnce: 4, most: 64 } as const
/** Milliseconds for one of them. */
const askMs = 20_000
/** Peers whose word is remembered. */
const maxTold = 1_000

interface Told {
  /** The last one; null: asked, and none came. */
  readonly answer: NeighboursAnswer | null
  readonly at: number
  /** Until when it is not asked again. */
  readonly until: number
}

/** The milliseconds there and back, by libp2p's own ping of every connection. */
const msOf = (connections: readonly Connection[]): number | null => {
  const measured = connections.flatMap(({ rtt }) => (rtt === undefined ? [] : [rtt]))
  return measured.length === 0 ? null : Math.max(0, Math.round(Math.min(...measured)))
}

/**
 * Whom this node is connected to, and what they say of themselves. Nobody is asked before somebody looks.
 * @param roles what this node says of its own
 */
export function createNeighbours(
  {
    libp2p,
    streams,
    clock,
    log
  }: { libp2p: Libp2p; streams: Pick<Streams, 'handle' | 'open'>; clock: Clock; log: Log },
  roles: NeighboursAnswer['roles']
): Neighbours & { stop(): Promise<void> } {
  const told = new Map<string, Told>()
  const asking = new Set<string>()
  const queue = createQueue({ name: 'neighbours', bound: asked.most, concurrency: asked.atOnce })
  const listeners = new Set<() => void>()
  const life = new AbortController()

  /** Those with a node's key, each with its connections, the oldest first. */
  function connections(): Map<string, Connection[]> {
    const found = new Map<string, Connection[]>()
    for (const connection of libp2p.getConnections().toSorted((a, b) => a.timeline.open - b.timeline.open)) {
      if (!hasNodeKey(connection.remotePeer)) continue
      const name = connection.remotePeer.toString()
      found.set(name, [...(found.get(name) ?? []), connection])
    }
    return found
  }
  const tell = (): void => {
    for (const listener of listeners) listener()
  }

  async function ask(peerId: string): Promise<void> {
    const signal = anySignal([life.signal, AbortSignal.timeout(askMs)])
    let answer: NeighboursAnswer | null = null
    try {
      const stream = await streams.open(peerId, protocol, { signal })
      await stream.send({})
      answer = (await stream.next(neighboursAnswer, { signal })) ?? null
      await stream.end()
    } catch (error) {
      log.debug('a peer did not say whom it is connected to', { peer: peerId, error })
    }
    const at = clock.now()
    const until = at + (answer === null ? freshMs.silent : freshMs.answered)
    // Who does not answer now has not taken back what it said before.
    remember(told, peerId, { answer: answer ?? told.get(peerId)?.answer ?? null, at, until }, maxTold)
    tell()
  }
  function refresh(names: Iterable<string>): void {
    let begun = asking.size
    for (const name of names) {
      const known = told.get(name)
      if (asking.has(name) || (known !== undefined && clock.now() < known.until)) continue
      if (begun++ >= asked.most) return
      asking.add(name)
      queue
        .run(name, () => ask(name))
        .catch((error: unknown) => {
          log.debug('a peer could not be asked for its neighbours', { peer: name, error })
        })
        .finally(() => asking.delete(name))
    }
  }

  let lookedAt = -Infinity
  const stopLooking = clock.every(lookMs.every, () => {
    if (clock.now() - lookedAt < lookMs.since) refresh(connections().keys())
  })
  const unhandle = streams.handle(protocol, async stream => {
    if ((await stream.next(neighboursQuestion)) === undefined) return
    const all = [...connections()].filter(([peerId]) => peerId !== stream.peerId)
    await stream.send({
      roles,
      connected: all.length,
      neighbours: all.slice(0, maxNeighbours).map(([peerId, of]) => ({ peerId, ms: msOf(of) }))
    } satisfies NeighboursAnswer)
  })
  libp2p.addEventListener('peer:connect', tell)
  libp2p.addEventListener('peer:disconnect', tell)

  return {
    view() {
      const now = connections()
      lookedAt = clock.now()
      refresh(now.keys())
      return [...now].map(([peerId, of]): NeighbourView => {
        const known = told.get(peerId)
        const said = known?.answer ?? undefined
        return {
          ...peerOf(of[0]!.remotePeer),
          way: of.every(({ remoteAddr }) => isRelayed(remoteAddr)) ? 'relay' : 'direct',
          ms: msOf(of),
          since: Math.min(...of.map(({ timeline }) => timeline.open)),
          roles: said?.roles ?? null,
          connected: said?.connected ?? null,
          neighbours: said?.neighbours ?? null,
          toldAt: known?.at ?? null
        }
      })
    },
    onChange(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    },
    async stop() {
      life.abort()
      stopLooking()
      libp2p.removeEventListener('peer:connect', tell)
      libp2p.removeEventListener('peer:disconnect', tell)
      await unhandle()
    }
  }
}

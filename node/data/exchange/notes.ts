import { NotFoundError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { DatanetDocument } from '../../../protocol/data/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { DataMetrics } from '../metrics.ts'
import type { Receiver } from './receive.ts'
import { pullFrom } from './sync.ts'

/** Longest comparison of notes with one peer. */
const limitMs = 60_000
/** Comparisons under way at once. */
const atOnce = 8
/** Documents that are looked for in one comparison. */
const documentsAtOnce = 64
/** Datanets compared in one comparison; the others have their turn with the next. */
const datanetsAtOnce = 32
/** Datanets of which is remembered where the next comparison goes on. */
const remembered = 4096

/** Comparing notes with peers: whom to ask, for what. */
export interface Notes {
  /** Compares with one peer now. One comparison with a peer at a time. */
  pull(peer: string): Promise<void>
  /** The same, for when nobody waits for it. */
  pullQuietly(peer: string): void
  /** Compares with some peer, for each followed Datanet in turn with one that follows it too. */
  round(): void
  /** Rules of a Datanet, asked for if they are not here. @throws NotFoundError `datanet.unknown` */
  document(datanet: Hex): Promise<DatanetDocument>
  idle(): Promise<void>
}

export function createNotes(
  deps: Pick<DataDeps, 'log' | 'peers' | 'self' | 'streams'>,
  interest: { all(): readonly Hex[]; peersIn(datanet: Hex): Address[] },
  metrics: DataMetrics,
  book: Book,
  receiver: Receiver,
  stopping: AbortSignal
): Notes {
  const { log, peers, self } = deps
  const running = new Map<string, Promise<void>>() // at most atOnce
  const reached = createCache<Hex, number>({ max: remembered })
  const refused = createCache<Hex, number>({ max: remembered })
  /** Where the search for missing documents, and the turn of followed Datanets, goes on. */
  let missingAfter = ''
  let turn = 0

  async function documentsWanted(): Promise<Hex[]> {
    const wanted = await book.missing(missingAfter, documentsAtOnce)
    missingAfter = wanted.length < documentsAtOnce ? '' : (wanted.at(-1) ?? '')
    return wanted
  }
  function datanetsWanted(): Hex[] {
    const all = interest.all()
    const first = all.length <= datanetsAtOnce ? 0 : turn % all.length
    turn = first + datanetsAtOnce
    return [...all.slice(first), ...all.slice(0, first)].slice(0, datanetsAtOnce)
  }

  async function compare(peer: string): Promise<void> {
    const wanted = {
      documents: await documentsWanted(),
      datanets: datanetsWanted().map(id => [id, reached.get(id) ?? 1] as const),
      refused,
      reached: (id: Hex, next: number) => {
        reached.set(id, next)
      }
    }
    if (wanted.documents.length === 0 && wanted.datanets.length === 0) return
    try {
      const signal = anySignal([stopping, AbortSignal.timeout(limitMs)])
      await pullFrom(peer, wanted, deps, book, receiver, signal)
      metrics.synced('done')
    } catch (error) {
      metrics.synced('failed')
      throw error
    }
  }

  const notes: Notes = {
    pull(peer) {
      const known = running.get(peer)
      if (known !== undefined) return known
      const work = compare(peer).finally(() => {
        running.delete(peer)
      })
      running.set(peer, work)
      return work
    },
    pullQuietly(peer) {
      if (stopping.aborted || running.size >= atOnce) return
      notes.pull(peer).catch((error: unknown) => {
        log.debug('comparing notes failed', { peer, error })
      })
    },
    round() {
      const connected = peers.connected()
      const names = new Set(connected.map(({ address }) => address))
      const all = interest.all()
      const some = all[Math.floor(Math.random() * all.length)]
      const inIt = some === undefined ? [] : interest.peersIn(some).filter(address => names.has(address))
      const from = inIt.length > 0 ? inIt : [...names]
      const chosen = from[Math.floor(Math.random() * from.length)]
      if (chosen !== undefined) notes.pullQuietly(chosen)
    },
    async document(datanet) {
      const here = (await book.datanet(datanet))?.document
      if (here !== undefined) return here
      const host = (await book.listing(datanet))?.host
      const wanted = { documents: [datanet], datanets: [], refused, reached: () => undefined }
      const connected = peers.connected().map(({ address }) => address)
      for (const peer of new Set([...(host === undefined ? [] : [host]), ...connected.slice(0, 5)])) {
        if (peer === self) continue
        await pullFrom(peer, wanted, deps, book, receiver, anySignal([stopping, AbortSignal.timeout(5_000)])).catch(
          (error: unknown) => {
            log.debug('a Datanet was not to be had from a peer', { datanet, peer, error })
          }
        )
        const found = (await book.datanet(datanet))?.document
        if (found !== undefined) return found
      }
      throw new NotFoundError('datanet.unknown', `no Datanet ${datanet} is known here`, {
        help: 'It may not have arrived yet; list the known ones.'
      })
    },
    async idle() {
      await Promise.allSettled(running.values())
    }
  }
  return notes
}

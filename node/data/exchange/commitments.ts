import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEventOf } from '../../chain/types.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'

export interface CommitmentHooks {
  follows(datanet: Hex): boolean
  /** A Datanet that stands on chain and whose rules are not known here. */
  missing(datanet: Hex): void
  /** It stands on chain, for the first time or again. */
  committed(id: Hex): Promise<void>
  /** Its rules, or its host, are others now, or again those before. */
  terms(event: OfTerms, back: boolean): Promise<void>
  changed(datanet: Hex): void
  /** A roster follows another: who sits on it has to do with the Datanet from now on. */
  seated(datanet: Hex, validators: readonly Address[]): Promise<void>
  /**
   * Forgets what is on chain no more, within what the book does in turn, with whatever follows from that. It may come
   * back in another block, at another place.
   */
  dropping<T>(gone: ContributionRecord, drop: () => Promise<T>): Promise<T>
}

const ofTerms = ['RulesProposed', 'RulesSet', 'HostNamed', 'HostChanged'] as const
export type OfTerms = ChainEventOf<(typeof ofTerms)[number]>
const isOfTerms = (event: { readonly name: string }): event is OfTerms => ofTerms.some(name => name === event.name)

/** What the chain tells of Datanets: all of it of those that are followed, of others how far they are. */
export interface Commitments {
  /** Reads on, and takes back what the chain drops. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Reads what the chain told of a Datanet before it was followed. */
  catchUp(datanet: Hex, signal: AbortSignal): Promise<void>
}

export function createCommitments(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'events' | 'log'>,
  book: Book,
  hooks: CommitmentHooks
): Commitments {
  const { chain, clock, events, log } = deps
  let stopReading: (() => Promise<void>) | undefined

  /** How far a Datanet is, as the ledger has it. */
  async function list(datanet: Hex): Promise<void> {
    const known = await chain.ledger.datanet(datanet)
    if (known === undefined) return
    const { host, block, version } = known
    const count = (await chain.ledger.version(datanet, version))?.count ?? 0
    await book.putListing(datanet, { host, block, version, count, commitments: Number(known.commitments) })
  }

  async function committed({
    contribution: id,
    datanet,
    contributor,
    commitment,
    block,
    ...at
  }: Omit<ChainEventOf<'Committed'>, 'name' | 'logIndex'>): Promise<void> {
    if (!hooks.follows(datanet)) return
    const index = Number(at.index)
    const isNew = await book.serially(async () => {
      if ((await book.contribution(id)) !== undefined) return false
      const now = clock.now()
      await book.putContribution({
        id,
        datanet,
        index,
        contributor,
        commitment,
        block,
        seenAt: now,
        state: { name: 'committed', at: now }
      })
      return true
    })
    if (isNew) events.emit('data.committed', { datanet, contribution: id, contributor, index })
    await hooks.committed(id)
    hooks.changed(datanet)
  }

  async function anchored(
    event: Omit<ChainEventOf<'VersionAnchored'>, 'name' | 'logIndex' | 'blockHash'>
  ): Promise<void> {
    const { datanet, version, root, count, cid, transaction, block } = event
    if (!hooks.follows(datanet) || (await book.version(datanet, version))?.root === root) return
    await book.putVersion({ datanet, version, root, count, cid, transaction, block })
    events.emit('data.version', { datanet, version, root, count, cid, transaction })
  }

  return {
    async start() {
      stopReading = await chain.ledger.consume({
        name: 'data',
        names: ['DatanetCreated', 'RosterSeated', 'Committed', 'VersionAnchored', ...ofTerms],
        async forward(event) {
          await list(event.datanet)
          if (event.name === 'Committed') await committed(event)
          else if (event.name === 'VersionAnchored') await anchored(event)
          else if (isOfTerms(event)) await hooks.terms(event, false)
          else if (event.name === 'RosterSeated')
            await hooks.seated(
              event.datanet,
              event.validators.map(({ address }) => address)
            )
          else if ((await book.datanet(event.datanet)) === undefined) hooks.missing(event.datanet)
        },
        async back(event) {
          await list(event.datanet)
          if (isOfTerms(event)) return hooks.terms(event, true)
          if (event.name === 'VersionAnchored') return book.dropVersion(event.datanet, event.version, event.block)
          if (event.name !== 'Committed') return
          const { contribution, block } = event
          const gone = await book.serially(async () => {
            const known = await book.contribution(contribution)
            if (known?.block !== block) return undefined // it is there in another block already
            return hooks.dropping(known, () => book.dropContribution(contribution, block))
          })
          if (gone === undefined) return
          log.warn('the chain took a commitment back', { contribution, block: String(block) })
        }
      })
    },
    stop: async () => stopReading?.(),
    async catchUp(datanet, signal) {
      const inTurn = async <T>(
        pageAfter: (page: { after?: string }) => Promise<{ readonly items: readonly T[]; readonly next?: string }>,
        take: (item: T) => Promise<void>
      ): Promise<void> => {
        for (let after: string | undefined; !signal.aborted && hooks.follows(datanet);) {
          const { items, next } = await pageAfter(after === undefined ? {} : { after })
          for (const item of items) if (!signal.aborted) await take(item)
          if (next === undefined) return
          after = next
        }
      }
      await inTurn(
        page => chain.ledger.commitments(datanet, page),
        ({ id: contribution, ...rest }) => committed({ ...rest, contribution })
      )
      await inTurn(page => chain.ledger.versions(datanet, page), anchored)
    }
  }
}

import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEvent, ChainEventOf, Follower } from '../../chain/types.ts'
import type { Book, ContributionRecord, ListingRecord } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'

export interface CommitmentHooks {
  follows(datanet: Hex): boolean
  /** A Datanet that stands on chain and whose rules are not known here. */
  missing(datanet: Hex): void
  committed(id: Hex): Promise<void>
  changed(datanet: Hex): void
  /** These are on chain no more; they may come back in another block, at another place. */
  rewound(gone: readonly ContributionRecord[]): Promise<void>
}

/** What the chain tells of Datanets: all of it of those that are followed, of others how far they are. */
export interface Commitments {
  /** Reads on, and takes back what the chain drops. */
  start(): Promise<void>
  stop(): Promise<void>
  /** Reads what the chain told of a Datanet before it was followed. */
  catchUp(datanet: Hex, signal: AbortSignal): Promise<void>
}

const noListing: Omit<ListingRecord, 'host' | 'block'> = { commitments: 0, version: 0, count: 0 }

export function createCommitments(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'events' | 'log'>,
  timing: DataTiming,
  book: Book,
  hooks: CommitmentHooks
): Commitments {
  const { chain, clock, events, log } = deps
  let follower: Follower | undefined

  async function created({ datanet, host, block }: ChainEventOf<'DatanetCreated'>): Promise<void> {
    if ((await book.listing(datanet)) === undefined) await book.putListing(datanet, { ...noListing, host, block })
    if ((await book.datanet(datanet)) === undefined) hooks.missing(datanet)
  }

  async function committed({
    contribution,
    datanet,
    contributor,
    commitment,
    block,
    ...at
  }: ChainEventOf<'Committed'>): Promise<void> {
    const index = Number(at.index)
    const listing = await book.listing(datanet)
    if (listing !== undefined) await book.putListing(datanet, { ...listing, commitments: index })
    if (!hooks.follows(datanet)) return
    await keep({ contribution, datanet, contributor, commitment, block, index })
  }

  async function keep({
    contribution: id,
    datanet,
    index,
    contributor,
    commitment,
    block
  }: { contribution: Hex } & Omit<ContributionRecord, 'id' | 'seenAt' | 'state'>): Promise<void> {
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

  async function anchored(event: ChainEventOf<'VersionAnchored'>): Promise<void> {
    const { datanet, version, root, count, cid, transaction, block } = event
    const listing = await book.listing(datanet)
    if (listing !== undefined && listing.version <= version)
      await book.putListing(datanet, { ...listing, version, count })
    if (!hooks.follows(datanet) || (await book.version(datanet, version))?.root === root) return
    await book.putVersion({ datanet, version, root, count, cid, transaction, block })
    events.emit('data.version', { datanet, version, root, count, cid, transaction })
  }

  async function take(event: ChainEvent): Promise<void> {
    if (event.name === 'DatanetCreated') await created(event)
    if (event.name === 'Committed') await committed(event)
    if (event.name === 'VersionAnchored') await anchored(event)
  }

  return {
    async start() {
      const cursor = await book.cursor()
      follower = chain.follow(
        {
          from: cursor === undefined ? 0n : cursor.block + 1n,
          ...(cursor === undefined ? {} : { parent: cursor.hash }),
          names: ['DatanetCreated', 'Committed', 'VersionAnchored'],
          pollMs: timing.pollMs
        },
        {
          event: take,
          reached: (block, hash) => book.putCursor(block, hash),
          rewound: async block => {
            const gone = await book.serially(() => book.rewind(block))
            log.warn('the chain took commitments back', { block: String(block), contributions: gone.length })
            await hooks.rewound(gone)
          },
          failed: (error, at) => {
            log.warn('an event of the chain was not handled; it is again', { event: at?.name, error })
          },
          health: ({ up, error }) => {
            if (up) log.info('the chain answers again')
            else log.warn('the chain does not answer', { error })
          }
        }
      )
    },
    stop: async () => follower?.stop(),
    async catchUp(datanet, signal) {
      const to = (await book.cursor())?.block
      const from = (await book.listing(datanet))?.block
      if (to === undefined || from === undefined) return // all of it is still to come
      const done = Promise.withResolvers<void>()
      const stop = (): void => {
        done.resolve()
      }
      signal.addEventListener('abort', stop, { once: true })
      const past = chain.follow(
        { from, names: ['Committed', 'VersionAnchored'], pollMs: timing.pollMs },
        {
          event: async event => {
            if (!hooks.follows(datanet)) return
            if (event.name === 'Committed' && event.datanet === datanet)
              await keep({ ...event, index: Number(event.index) })
            if (event.name === 'VersionAnchored' && event.datanet === datanet) await anchored(event)
          },
          reached: block => {
            if (block >= to) done.resolve()
          },
          failed: (error, at) => {
            log.warn('an event of the chain was not handled; it is again', { event: at?.name, error })
          }
        }
      )
      await done.promise
      signal.removeEventListener('abort', stop)
      await past.stop()
    }
  }
}

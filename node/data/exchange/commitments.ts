import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChainEvent, ChainEventOf, Follower } from '../../chain/types.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps, DataTiming } from '../deps.ts'
import type { ContributionRecord } from '../book/index.ts'

export interface CommitmentHooks {
  /** A Datanet that stands on chain and whose rules are not known here. */
  missing(host: Address): void
  committed(id: Hex): Promise<void>
  changed(datanet: Hex): void
  /** These are on chain no more; they may come back in another block, at another place. */
  rewound(gone: readonly ContributionRecord[]): Promise<void>
}

/** Reads commitments and versions from the chain, and takes back what the chain drops. */
export async function readCommitments(
  deps: Pick<DataDeps, 'chain' | 'clock' | 'events' | 'log'>,
  timing: DataTiming,
  book: Book,
  hooks: CommitmentHooks
): Promise<Follower> {
  const { chain, clock, events, log } = deps

  async function committed({
    contribution,
    datanet,
    contributor,
    commitment,
    block,
    ...at
  }: ChainEventOf<'Committed'>): Promise<void> {
    const index = Number(at.index)
    const isNew = await book.serially(async () => {
      if (book.contribution(contribution) !== undefined) return false
      const now = clock.now()
      await book.putContribution(contribution, {
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
    if (isNew) events.emit('data.committed', { datanet, contribution, contributor, index })
    await hooks.committed(contribution)
    hooks.changed(datanet)
  }

  async function anchored({
    datanet,
    version,
    root,
    count,
    cid,
    transaction,
    block
  }: ChainEventOf<'VersionAnchored'>): Promise<void> {
    if (book.versions(datanet).some(known => known.version === version && known.root === root)) return
    await book.putVersion({ datanet, version, root, count, cid, transaction, block })
    events.emit('data.version', { datanet, version, root, count, cid, transaction })
  }

  async function event(event: ChainEvent): Promise<void> {
    if (event.name === 'DatanetCreated' && book.datanet(event.datanet) === undefined) hooks.missing(event.host)
    if (event.name === 'Committed') await committed(event)
    if (event.name === 'VersionAnchored') await anchored(event)
  }

  const cursor = await book.cursor()
  return chain.follow(
    {
      from: cursor === undefined ? 0n : cursor.block + 1n,
      ...(cursor === undefined ? {} : { parent: cursor.hash }),
      names: ['DatanetCreated', 'Committed', 'VersionAnchored'],
      pollMs: timing.pollMs
    },
    {
      event,
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
}

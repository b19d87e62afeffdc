import { defaultPage, InvalidError, largestPage } from '../../protocol/primitives/index.ts'
import type { Address, Hex, Page as ListPage, PageRequest } from '../../protocol/primitives/index.ts'
import { everyOf } from '../chain/index.ts'
import type { ChainEventOf, ClaimRecord, ProposalRecord, Totals } from '../chain/types.ts'
import { poolsAtOnce } from './limits.ts'
import type { PayoutsDeps } from './types.ts'

const names = [
  'ReceiptsAnchored',
  'ScorersDrawn',
  'WordsCommitted',
  'EpochProposed',
  'EpochVoided',
  'EpochFinalized',
  'PayoutClaimed',
  'Slashed'
] as const
export type MoneyEvent = ChainEventOf<(typeof names)[number]>

/** Events older than this many blocks are history: nobody waits to be told. */
const newsBlocks = 64n

/** One proposal of an epoch and what became of it. A voided epoch may be proposed again. */
export interface Proposal {
  readonly event: ProposalRecord
  readonly state: ProposalRecord['state']
}

/** What the chain has told about money, from the node's ledger of it. */
export interface Proposals {
  /** Hears each event once it is in the ledger, over a restart too; `live` when it is news. */
  start(listener: (event: MoneyEvent, live: boolean) => void): Promise<void>
  stop(): Promise<void>
  /** Until everything up to the chain's present head is in. @throws ChainError `chain.behind` */
  caughtUp(): Promise<void>
  pools(): AsyncIterable<{ readonly id: Hex; readonly epoch: number; readonly payoutsTotal: bigint }>
  /** Those of one epoch, in the chain's order: a voided one may be proposed again. */
  of(pool: Hex, epoch: number): Promise<Proposal[]>
  /** Newest first, pool by pool. @throws InvalidError `page.cursor` */
  page(filter: PageRequest & { pool?: Hex | undefined }): Promise<ListPage<Proposal>>
  /** What is open to challenge, in all pools. */
  pending(): Promise<Proposal[]>
  /** Channels for the models of a pool. */
  channelsOf(pool: Hex): AsyncIterable<{ channel: Hex; worker: Address; claimed: bigint; expiry: bigint }>
  totals(): Promise<Totals>
  claimed(pool: Hex, account: Address): Promise<bigint>
  claims(filter: { pool?: Hex; account?: Address }): AsyncIterable<ClaimRecord>
}

async function listed(records: AsyncIterable<ProposalRecord>): Promise<Proposal[]> {
  const list: Proposal[] = []
  for await (const event of records) list.push({ event, state: event.state })
  return list
}

export function createProposals({ chain: { ledger } }: Pick<PayoutsDeps, 'chain'>): Proposals {
  let stop: (() => Promise<void>) | undefined
  return {
    async start(listener) {
      stop = await ledger.consume({
        name: 'payouts',
        names,
        forward(event) {
          listener(event, (ledger.head()?.block ?? 0n) - event.block < newsBlocks)
        },
        // Everything here is asked of the ledger, which has gone back already.
        back: () => undefined
      })
    },
    async stop() {
      await stop?.()
    },
    caughtUp: () => ledger.caughtUp(),
    pools: () => everyOf(page => ledger.pools(page)),
    of: (pool, epoch) => listed(everyOf(page => ledger.proposalsOf(pool, epoch, page))),
    async page({ pool: only, limit = defaultPage, cursor }) {
      const [, from, after] = /^(0x[0-9a-f]{64})\/([0-9.]{1,60})$/u.exec(cursor ?? '') ?? []
      if ((cursor !== undefined && from === undefined) || (only !== undefined && from !== undefined && from !== only))
        throw new InvalidError('page.cursor', 'that is no cursor of a list of epochs', {
          help: 'Begin again without a cursor.'
        })
      const most = Math.min(Math.max(1, limit), largestPage)
      const items: Proposal[] = []
      // One more than is shown tells whether there are more.
      const read = async (pool: Hex, begin?: string): Promise<void> => {
        const wanted = { limit: most + 1 - items.length, reverse: true }
        const { items: found } = await ledger.proposals(
          pool,
          begin === undefined ? wanted : { ...wanted, after: begin }
        )
        items.push(...found.map(event => ({ event, state: event.state })))
      }
      if (from !== undefined) await read(from as Hex, after)
      else if (only !== undefined) await read(only)
      if (only === undefined)
        for (let begin = from; items.length <= most;) {
          const ahead = { limit: poolsAtOnce, reverse: true }
          const { items: pools, next } = await ledger.pools(begin === undefined ? ahead : { ...ahead, after: begin })
          for (const { id } of pools) if (items.length <= most) await read(id)
          if (next === undefined) break
          begin = next
        }
      const last = items.length > most ? items[most - 1]?.event : undefined
      return { items: items.slice(0, most), next: last === undefined ? null : `${last.pool}/${last.place}` }
    },
    pending: () => listed(everyOf(page => ledger.pending(page))),
    async *channelsOf(pool) {
      for await (const { id: model } of everyOf(page => ledger.models({ datanet: pool }, page)))
        for await (const { id: channel, worker, claimed, expiry } of everyOf(page => ledger.channels({ model }, page)))
          yield { channel, worker, claimed, expiry }
    },
    totals: () => ledger.totals(),
    claimed: (pool, account) => ledger.claimed(pool, account),
    async *claims({ pool, account }) {
      const filter = account !== undefined ? { account } : pool !== undefined ? { pool } : undefined
      for await (const claim of everyOf(page => ledger.claims(filter, page)))
        if (pool === undefined || claim.pool === pool) yield claim
    }
  }
}

import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { BatchRecord, DueRecord } from './batches.ts'
import type { Book } from './book.ts'
import type { AuditRecord } from './audit-records.ts'
import type { StandingRecord } from './standings.ts'
import { claimedKey, emptyAccount, emptyNode, emptyPool, noTotals } from './records.ts'
import type { ChannelClaimRecord, ChannelRecord } from './channel-records.ts'
import type { EscrowRecord } from './escrow-records.ts'
import type {
  AccountRecord,
  AmendmentRecord,
  BondRecord,
  ClaimRecord,
  CommitmentRecord,
  DatanetRecord,
  IncomeRecord,
  ModelRecord,
  NodeRecord,
  PoolRecord,
  ProposalRecord,
  RulesRecord,
  SuccessionRecord,
  Table,
  Totals,
  VersionRecord
} from './records.ts'
import type { SlashRecord } from './slash-records.ts'
import type { TrialRecord } from './trials.ts'

/** Records in memory for each of the tables that are asked while somebody waits. */
const cached = 4096
export const defaultLimit = 100
export const maxLimit = 1000

/** Part of a list. `after` is the `next` of the page before; newest first with `reverse`. */
export interface PageOptions {
  after?: string
  /** 100 unless given, at most 1000. */
  limit?: number
  reverse?: boolean
}
export interface Page<T> {
  readonly items: readonly T[]
  /** Where the next page begins; undefined at the end. */
  readonly next?: string
}

/** What the chain has told, as it stood at the block that was read last. No call here asks the RPC. */
export interface Views {
  datanet(id: Hex): Promise<DatanetRecord | undefined>
  /** In the order of their creation. */
  datanets(page?: PageOptions): Promise<Page<DatanetRecord>>
  /** The validators of one of a Datanet's rosters, from 1 on. */
  roster(datanet: Hex, number: number): Promise<DatanetRecord['validators'] | undefined>
  /** Whether two of a Datanet's rosters are the same seats, which were only weighed anew between them. */
  sameSeats(datanet: Hex, one: number, other: number): Promise<boolean>
  /**
   * A roster's validators with their weights, then as they were weighed before where that still sat after a block:
   * the newest first, at most 64.
   */
  weighings(datanet: Hex, number: number, since: bigint): Promise<readonly DatanetRecord['validators'][]>
  /** The validators that sat when a block was over. */
  rosterAt(datanet: Hex, block: bigint): Promise<DatanetRecord['validators'] | undefined>
  /** Rosters that were put forward for a Datanet, in the order of the chain. */
  successions(datanet: Hex, page?: PageOptions): Promise<Page<SuccessionRecord>>
  succession(id: Hex): Promise<SuccessionRecord | undefined>
  /** Rules that were put forward for a Datanet, in the order of the chain. */
  amendments(datanet: Hex, page?: PageOptions): Promise<Page<AmendmentRecord>>
  amendment(id: Hex): Promise<AmendmentRecord | undefined>
  /** Rules that were set after the first ones, from a number (2 unless given) up to one, in their order. */
  rules(datanet: Hex, upTo: number, from?: number): Promise<readonly RulesRecord[]>
  /** Number of the rules in force when a block was over; 1 also before the Datanet was there. */
  rulesAt(datanet: Hex, block: bigint): Promise<number>
  /** Batches of held-out questions that were put for a Datanet, in the order of the chain. */
  batches(datanet: Hex, page?: PageOptions): Promise<Page<BatchRecord>>
  batch(id: Hex): Promise<BatchRecord | undefined>
  /** Those that judge a version, in the order in which they were accepted. */
  batchesFor(datanet: Hex, version: number): Promise<readonly BatchRecord[]>
  /** Undefined before the version is anchored, and for one that no batches judge. */
  batchesDue(datanet: Hex, version: number): Promise<DueRecord | undefined>
  commitment(contribution: Hex): Promise<CommitmentRecord | undefined>
  /** In the order of authorship. */
  commitments(datanet: Hex, page?: PageOptions): Promise<Page<CommitmentRecord>>
  /** What was challenged of a contribution's decision. */
  trial(contribution: Hex): Promise<TrialRecord | undefined>
  /** Of a Datanet, in the order of the contributions' ids. */
  trials(datanet: Hex, page?: PageOptions): Promise<Page<TrialRecord>>
  /** What is open, of all Datanets. */
  openTrials(page?: PageOptions): Promise<Page<TrialRecord>>
  /** Trials that are closed, where somebody was absent who has not paid for it. */
  absentTrials(page?: PageOptions): Promise<Page<TrialRecord>>
  /** What was locked with a commitment; undefined where nothing was. */
  bond(contribution: Hex): Promise<BondRecord | undefined>
  /** An account's bonds that are open, those first that come back first. */
  openBonds(contributor: Address, page?: PageOptions): Promise<Page<BondRecord>>
  version(datanet: Hex, version: number): Promise<VersionRecord | undefined>
  versions(datanet: Hex, page?: PageOptions): Promise<Page<VersionRecord>>
  model(id: Hex): Promise<ModelRecord | undefined>
  /** In the order of their registration; those of a Datanet, or all. */
  models(filter?: { datanet?: Hex }, page?: PageOptions): Promise<Page<ModelRecord>>
  escrow(id: Hex): Promise<EscrowRecord | undefined>
  channel(id: Hex): Promise<ChannelRecord | undefined>
  /** In the order of their opening. */
  channels(
    by: { client: Address } | { worker: Address } | { model: Hex },
    page?: PageOptions
  ): Promise<Page<ChannelRecord>>
  /** Of one channel whose model has a pool, in the order of the chain. */
  channelClaims(channel: Hex, page?: PageOptions): Promise<Page<ChannelClaimRecord>>
  node(address: Address): Promise<NodeRecord>
  /** Stakes that were taken, of all nodes or of one, in the order of the chain. */
  slashes(filter?: { node?: Address }, page?: PageOptions): Promise<Page<SlashRecord>>
  pool(id: Hex): Promise<PoolRecord>
  pools(page?: PageOptions): Promise<Page<PoolRecord>>
  /** In the order of the chain. */
  proposals(pool: Hex, page?: PageOptions): Promise<Page<ProposalRecord>>
  /** Of one epoch, in the order of the chain: a voided one may be proposed again. */
  proposalsOf(pool: Hex, epoch: number, page?: PageOptions): Promise<Page<ProposalRecord>>
  /** Of all pools, what is open to challenge. */
  pending(page?: PageOptions): Promise<Page<ProposalRecord>>
  /** Of a builder's job, by `auditId`. */
  audit(id: Hex): Promise<AuditRecord | undefined>
  /** In the order of their opening. */
  audits(page?: PageOptions): Promise<Page<AuditRecord>>
  /** Of a worker in a pool; undefined where it never stood for its answers there. */
  standing(pool: Hex, worker: Address): Promise<StandingRecord | undefined>
  /** Of a worker in all pools, or of all workers, in the order of pools. */
  standings(worker: Address | undefined, page?: PageOptions): Promise<Page<StandingRecord>>
  /** What an account was paid from a pool so far. */
  claimed(pool: Hex, account: Address): Promise<bigint>
  /** By its place. */
  claim(place: string): Promise<ClaimRecord | undefined>
  claims(filter?: { account: Address } | { pool: Hex }, page?: PageOptions): Promise<Page<ClaimRecord>>
  totals(): Promise<Totals>
  /** What an account was paid by kind, and what it has in escrow. */
  account(address: Address): Promise<AccountRecord>
  /** Its payments, in the order of the chain. */
  income(address: Address, page?: PageOptions): Promise<Page<IncomeRecord>>
}

export function createViews(book: Book): Views {
  const { tables } = book
  const caches = new Map(
    [tables.channels, tables.datanets, tables.models, tables.rules].map(({ name }) => [
      name,
      createCache<string, unknown>({ max: cached })
    ])
  )
  let writes = 0
  book.onChange(changed => {
    writes++
    for (const [table, key] of changed) caches.get(table)?.delete(key)
  })

  async function get<T>(table: Table<T>, key: string): Promise<T | undefined> {
    const cache = caches.get(table.name)
    const known = cache?.get(key)
    if (known !== undefined) return known as T
    const before = writes
    const value = await table.collection.get(key)
    // What was written while it was read may be newer.
    if (value !== undefined && before === writes) cache?.set(key, value)
    return value
  }

  /** A page of a table under a prefix, each entry made into what it stands for. */
  async function list<E, T>(
    table: Table<E>,
    prefix: string,
    { after, limit = defaultLimit, reverse = false }: PageOptions,
    read: (value: E) => Promise<T | undefined> | T
  ): Promise<Page<T>> {
    const most = Math.max(1, Math.min(limit, maxLimit))
    const bound = after === undefined ? {} : reverse ? { to: prefix + after } : { from: `${prefix}${after}\u0001` }
    const items: T[] = []
    let next: string | undefined
    let last = ''
    let seen = 0
    for await (const [key, value] of table.collection.entries({ prefix, reverse, limit: most + 1, ...bound })) {
      if (seen++ === most) {
        next = last
        break
      }
      last = key.slice(prefix.length)
      const item = await read(value)
      if (item !== undefined) items.push(item)
    }
    return { items, ...(next === undefined ? {} : { next }) }
  }
  const same = <T>(value: T): T => value
  const rosterOf = (datanet: Hex, number: number) => get(tables.rosters, `${datanet}/${sequenceKey(number)}`)
  const rulesOf = (datanet: Hex, number: number) => get(tables.rules, `${datanet}/${sequenceKey(number)}`)

  return {
    datanet: id => get(tables.datanets, id),
    datanets: (page = {}) => list(tables.datanetOrder, '', page, id => get(tables.datanets, id)),
    roster: async (datanet, number) => (await rosterOf(datanet, number))?.validators,
    async sameSeats(datanet, one, other) {
      if (one === other) return true
      const [a, b] = await Promise.all([rosterOf(datanet, one), rosterOf(datanet, other)])
      return a !== undefined && a.seatedAs === b?.seatedAs
    },
    async weighings(datanet, number, since) {
      const all: DatanetRecord['validators'][] = []
      const last = await rosterOf(datanet, number)
      let next: bigint | undefined
      for (let one = last, at = number; one !== undefined && all.length < 64; one = await rosterOf(datanet, --at)) {
        if (one.seatedAs !== last?.seatedAs || (next !== undefined && next < since)) break
        all.push(one.validators)
        next = one.block
      }
      return all
    },
    async rosterAt(datanet, block) {
      // Most have one roster, and nobody has many.
      for (let number = (await get(tables.datanets, datanet))?.roster ?? 0; number > 0; number--) {
        const seated = await rosterOf(datanet, number)
        if (seated !== undefined && seated.block <= block) return seated.validators
      }
      return undefined
    },
    successions: (datanet, page = {}) =>
      list(tables.successionsOf, `${datanet}/`, page, id => get(tables.successions, id)),
    succession: id => get(tables.successions, id),
    amendments: (datanet, page = {}) =>
      list(tables.amendmentsOf, `${datanet}/`, page, id => get(tables.amendments, id)),
    amendment: id => get(tables.amendments, id),
    async rules(datanet, upTo, from = 2) {
      const all: RulesRecord[] = []
      for (let number = from; number <= upTo; number++) {
        const set = await rulesOf(datanet, number)
        if (set !== undefined) all.push(set)
      }
      return all
    },
    async rulesAt(datanet, block) {
      // Most have few, and nobody has many.
      for (let number = (await get(tables.datanets, datanet))?.rulesNumber ?? 1; number > 1; number--) {
        const set = await rulesOf(datanet, number)
        if (set !== undefined && set.block <= block) return number
      }
      return 1
    },
    batches: (datanet, page = {}) => list(tables.batchesOf, `${datanet}/`, page, id => get(tables.batches, id)),
    batch: id => get(tables.batches, id),
    // The contract lets so few judge one version that they are a page.
    batchesFor: async (datanet, version) =>
      (await list(tables.batchesFor, `${datanet}/${sequenceKey(version)}/`, {}, id => get(tables.batches, id))).items,
    batchesDue: (datanet, version) => get(tables.batchesDue, `${datanet}/${sequenceKey(version)}`),
    commitment: id => get(tables.commitments, id),
    commitments: (datanet, page = {}) =>
      list(tables.authorship, `${datanet}/`, page, id => get(tables.commitments, id)),
    trial: id => get(tables.trials, id),
    trials: (datanet, page = {}) => list(tables.trialsOf, `${datanet}/`, page, id => get(tables.trials, id)),
    openTrials: (page = {}) => list(tables.openTrials, '', page, id => get(tables.trials, id)),
    absentTrials: (page = {}) => list(tables.absentTrials, '', page, id => get(tables.trials, id)),
    bond: contribution => get(tables.bonds, contribution),
    openBonds: (contributor, page = {}) =>
      list(tables.openBonds, `${contributor}/`, page, contribution => get(tables.bonds, contribution)),
    version: (datanet, version) => get(tables.versions, `${datanet}/${sequenceKey(version)}`),
    versions: (datanet, page = {}) => list(tables.versions, `${datanet}/`, page, same),
    model: id => get(tables.models, id),
    models: ({ datanet } = {}, page = {}) =>
      datanet === undefined
        ? list(tables.modelOrder, '', page, id => get(tables.models, id))
        : list(tables.modelsOf, `${datanet}/`, page, id => get(tables.models, id)),
    escrow: id => get(tables.escrows, id),
    channel: id => get(tables.channels, id),
    channels: (by, page = {}) => {
      const [kind, id] = Object.entries(by)[0] ?? ['', '']
      return list(tables.channelsBy, `${kind}/${id}/`, page, channel => get(tables.channels, channel))
    },
    channelClaims: (channel, page = {}) => list(tables.channelClaims, `${channel}/`, page, same),
    node: async address => (await get(tables.nodes, address)) ?? emptyNode,
    slashes: ({ node } = {}, page = {}) =>
      node === undefined
        ? list(tables.slashes, '', page, same)
        : list(tables.slashesOf, `${node}/`, page, place => get(tables.slashes, place)),
    pool: async id => (await get(tables.pools, id)) ?? emptyPool(id),
    pools: (page = {}) => list(tables.pools, '', page, same),
    proposals: (pool, page = {}) => list(tables.proposals, `${pool}/`, page, same),
    proposalsOf: (pool, epoch, page = {}) =>
      list(tables.proposalsOf, `${pool}/${sequenceKey(epoch)}/`, page, place =>
        get(tables.proposals, `${pool}/${place}`)
      ),
    async pending(page = {}) {
      const found: ProposalRecord[] = []
      const { items, next } = await list(tables.pending, '', page, same)
      for (const pool of items) {
        const place = (await get(tables.pools, pool))?.pending ?? undefined
        const proposal = place === undefined ? undefined : await get(tables.proposals, `${pool}/${place}`)
        if (proposal !== undefined) found.push(proposal)
      }
      return { items: found, ...(next === undefined ? {} : { next }) }
    },
    audit: id => get(tables.audits, id),
    audits: (page = {}) => list(tables.auditOrder, '', page, id => get(tables.audits, id)),
    standing: (pool, worker) => get(tables.standings, `${pool}/${worker}`),
    standings: (worker, page = {}) =>
      worker === undefined
        ? list(tables.standings, '', page, same)
        : list(tables.standingsOf, `${worker}/`, page, pool => get(tables.standings, `${pool}/${worker}`)),
    claimed: async (pool, account) => (await get(tables.claimed, claimedKey(pool, account))) ?? 0n,
    claim: place => get(tables.claims, place),
    claims: (filter, page = {}) => {
      if (filter === undefined) return list(tables.claims, '', page, same)
      const [kind, id] = Object.entries(filter)[0] ?? ['', '']
      return list(tables.claimsBy, `${kind}/${id}/`, page, place => get(tables.claims, place))
    },
    totals: async () => (await get(tables.totals, 'all')) ?? noTotals,
    account: async address => (await get(tables.accounts, address)) ?? emptyAccount,
    income: (address, page = {}) => list(tables.income, `${address}/`, page, same)
  }
}

import { digest } from '../../../protocol/crypto/index.ts'
import { isDecided, removedBy } from '../../../protocol/data/index.ts'
import type { ContributionState, RemovalRecord, Removed, Verdict } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { Batch } from '../../store/index.ts'
import type { DataDeps } from '../deps.ts'
import { createDirectory } from './directory.ts'
import type { Directory } from './directory.ts'
import { createGoneCounts } from './gone.ts'
import type { GoneCounts } from './gone.ts'
import { createKept } from './kept.ts'
import { noProgress, openTables } from './records.ts'
import type {
  BallotRecord,
  ContributionRecord,
  DatanetRole,
  EvidenceRecord,
  ProgressRecord,
  OutboxRecord,
  ReturningRecord,
  Tables,
  UnsentRecord,
  VersionRecord
} from './records.ts'

/** Records held in memory beside the disk; verdicts of large shards are megabytes. */
const cachedRecords = 2048
/**
 * … and statements of them, some kilobyte each: a vote of twenty-one is as large as seven of three. What is voted on
 * now is in memory by these; of what is decided hardly anything is read again.
 */
const cachedStatements = 512
const cachedVerdicts = 16

/**
 * What this node knows of Datanets, on disk before a write resolves; only what was used lately is in memory. Says
 * nothing to anybody and judges nothing; whoever writes here has checked.
 */
export interface Book extends Directory {
  /** One change after another: what a task reads is still so when it writes. */
  serially<T>(task: () => Promise<T>): Promise<T>
  roles(): Promise<[Hex, DatanetRole][]>
  putRole(datanet: Hex, role: DatanetRole, held: boolean): Promise<void>
  progress(datanet: Hex): Promise<ProgressRecord>
  /** All up to this index are over and done with: where a node that starts again goes on. */
  pass(datanet: Hex, index: number): Promise<void>
  contribution(id: Hex): Promise<ContributionRecord | undefined>
  /** By its place in the order of authorship, from 1. */
  at(datanet: Hex, index: number): Promise<ContributionRecord | undefined>
  /** In the order of authorship, from an index on. */
  contributions(datanet: Hex, from: number, limit?: number): AsyncIterable<ContributionRecord>
  /** An account's, in that order. */
  contributionsBy(datanet: Hex, contributor: Address, from: number, limit: number): Promise<ContributionRecord[]>
  /** Of all Datanets, in the order of the ids. */
  contributionIds(beginning: string): AsyncIterable<Hex>
  /** Indices from one on of what no certificate has decided. */
  open(datanet: Hex, from: number, limit: number): Promise<number[]>
  /** Indices from one on of what was rejected. */
  refused(datanet: Hex, from: number, limit: number): Promise<number[]>
  /** How many contributions of an account stand before an index; counted no further than `most`. */
  uploads(datanet: Hex, contributor: Address, before: number, most: number): Promise<number>
  putContribution(record: ContributionRecord): Promise<void>
  setState(id: Hex, state: ContributionState): Promise<void>
  ballot(id: Hex): Promise<BallotRecord>
  putBallot(id: Hex, record: BallotRecord): Promise<void>
  /** The contribution that a vote, or a commitment to one, is about; by its digest. */
  votedOn(vote: Hex): Promise<Hex | undefined>
  /** Digests that begin so. */
  voteIds(beginning: string): AsyncIterable<Hex>
  verdict(id: Hex): Promise<Verdict | undefined>
  /** How many rows were accepted so far, of a Datanet that is followed; undefined while none was counted. */
  acceptedRows(datanet: Hex): Promise<number | undefined>
  putVerdict(id: Hex, verdict: Verdict): Promise<void>
  version(datanet: Hex, version: number): Promise<VersionRecord | undefined>
  versions(datanet: Hex, from: number, limit: number): Promise<VersionRecord[]>
  putVersion(record: VersionRecord): Promise<void>
  evidence(key: string): Promise<EvidenceRecord | undefined>
  /** Of any Datanet, in the order of their keys. */
  allEvidence(limit: number): AsyncIterable<EvidenceRecord>
  unreported(limit: number): Promise<(readonly [string, EvidenceRecord])[]>
  putEvidence(key: string, record: EvidenceRecord): Promise<void>
  /** What is known of a contribution's removal. */
  removal(record: Pick<ContributionRecord, 'datanet' | 'index'>): Promise<RemovalRecord | undefined>
  putRemoval(record: Pick<ContributionRecord, 'datanet' | 'index'>, removal: RemovalRecord): Promise<void>
  /** Whether a contribution has left, and by whom; of one that is not known here undefined. */
  removed(contribution: Hex): Promise<Removed | undefined>
  /** How much of what was accepted of a Datanet has left since. */
  gone: GoneCounts['of']
  /** Whether all that was accepted of a Datanet has left since. */
  emptied(datanet: Hex): Promise<boolean>
  /** Of a Datanet, in the order of authorship, from an index on. */
  removals(datanet: Hex, from: number, limit: number): AsyncIterable<{ index: number; removal: RemovalRecord }>
  /** A contribution is sent from now on; it takes the place of one that could not be sent, so that only one ever is. */
  promise(id: Hex, statements: OutboxRecord, instead?: Hex): Promise<void>
  /** It is sent no more: what waits for its contributor instead. */
  unpromise(id: Hex, waits: { readonly id: Hex; readonly record: UnsentRecord }): Promise<void>
  outbox: Tables['outbox']
  unsent: Tables['unsent']
  bonded: Tables['bonded']
  withdrawn: Tables['withdrawn']
  juryVotes: Tables['juryVotes']
  reasons: Tables['reasons']
  told: Tables['told']
  chosen: Tables['chosen']
  policies: Tables['policies']
  prepared: Tables['prepared']
  /**
   * Forgets what the chain dropped with a block, but for what was revealed of it, in case it comes again.
   * @returns what was known of it, if it stood in that block
   */
  dropContribution(id: Hex, block: bigint): Promise<ContributionRecord | undefined>
  /** What had been revealed of a contribution that the chain took back and has brought again; until that is taken. */
  returned(id: Hex): Promise<ReturningRecord | undefined>
  takenAgain(id: Hex): Promise<void>
  dropVersion(datanet: Hex, version: number, block: bigint): Promise<void>
  /** Forgets a Datanet's contributions, when it is followed no more. @returns those that are gone */
  drop(datanet: Hex): AsyncIterable<ContributionRecord>
}

const placeOf = ({ datanet, index }: Pick<ContributionRecord, 'datanet' | 'index'>): string =>
  `${datanet}/${sequenceKey(index)}`
const versionKey = ({ datanet, version }: Pick<VersionRecord, 'datanet' | 'version'>): string =>
  `${datanet}/${sequenceKey(version)}`
const revealedOf = ({ state, provider }: ContributionRecord): ReturningRecord | undefined =>
  'statements' in state && state.statements !== undefined
    ? { statements: state.statements, ...(provider === undefined ? {} : { provider }) }
    : undefined
const inOrder = (datanet: Hex, from: number): { prefix: string; from: string } => ({
  prefix: `${datanet}/`,
  from: `${datanet}/${sequenceKey(from)}`
})

export function createBook({ store, network }: Pick<DataDeps, 'store' | 'network'>): Book {
  const tables = openTables(store)
  const { contributions, places, open, uploads, ballots, votePlaces, verdicts, versions } = tables
  const { evidence, returning, unreported } = tables
  const records = createKept<string, ContributionRecord>({
    max: cachedRecords,
    weight: {
      of: ({ state }) => 2 + ('certificate' in state ? state.certificate.votes.length : 0),
      most: cachedStatements
    }
  })
  const knownPlaces = createKept<Hex, string>({ max: cachedRecords })
  const knownBallots = createKept<Hex, BallotRecord>({
    max: cachedRecords,
    weight: { of: ({ commits, votes }) => commits.length + votes.length, most: cachedStatements }
  })
  const knownVerdicts = createKept<Hex, Verdict>({ max: cachedVerdicts })
  let last: Promise<unknown> = Promise.resolve()

  const recordAt = (place: string): Promise<ContributionRecord | undefined> =>
    records.read(place, key => contributions.get(key))
  /** Every statement of a vote leads to what it is about. */
  function votesIn({ commits = [], votes = [], mine }: Partial<BallotRecord>): Hex[] {
    const shown = [...votes, ...(mine === undefined ? [] : [mine])]
    return [
      ...commits.map(({ message }) => digest(network, 'VoteCommit', message)),
      ...shown.map(({ message }) => digest(network, 'Vote', message))
    ]
  }
  /** @param before whose votes have their places: a ballot is put anew with each of its votes. */
  function placeVotes(id: Hex, ballot: Partial<BallotRecord>, batch: Batch, before: Partial<BallotRecord> = {}): void {
    const placed = new Set(votesIn(before))
    for (const vote of votesIn(ballot)) if (!placed.has(vote)) batch.put(votePlaces, vote, id)
  }
  /** A folder of an older version has votes and no places of them. */
  async function placeOldVotes(): Promise<void> {
    for await (const _ of votePlaces.keys({ limit: 1 })) return
    for await (const [id, ballot] of ballots.entries())
      await store.batch(batch => {
        placeVotes(id as Hex, ballot, batch)
      })
  }
  const isFinal = (state: ContributionState): boolean => state.name === 'accepted' || state.name === 'rejected'
  const weigh = (record: ContributionRecord | undefined, sign: 1 | -1, progress: ProgressRecord): ProgressRecord =>
    record === undefined
      ? progress
      : {
          ...progress,
          contributions: progress.contributions + sign,
          accepted: progress.accepted + (record.state.name === 'accepted' ? sign : 0)
        }
  /**
   * A folder of an older version may have passed by what nobody had looked at: another, that was decided, stood in its
   * place before the chain took that back, and what was decided there said that its quorum had gone past it.
   */
  async function lookAtPassed(): Promise<void> {
    if (await tables.mended.has('passed')) return
    for await (const [datanet, { passed }] of tables.progress.entries())
      for await (const place of open.keys({ prefix: `${datanet}/`, to: `${datanet}/${sequenceKey(passed + 1)}` })) {
        const record = await contributions.get(place)
        if (record === undefined || isDecided(record.state)) continue
        const known = await book.progress(datanet as Hex)
        const before = record.index - 1
        const decided = Math.min(known.decided, before)
        await tables.progress.put(datanet, { ...known, passed: before, decided })
        break
      }
    await tables.mended.put('passed', true)
  }
  const returnKey = ({ datanet, id }: ContributionRecord): string => `${datanet}/${id}`
  /** What was decided where it stood before the chain took it back says nothing of what comes before it now. */
  const reaches = async (record: ContributionRecord): Promise<number> =>
    !isFinal(record.state) || (await returning.has(returnKey(record))) ? 0 : record.index

  function forget(record: ContributionRecord, batch: Batch): void {
    const place = placeOf(record)
    batch
      .delete(contributions, place)
      .delete(places, record.id)
      .delete(open, place)
      .delete(tables.refused, place)
      .delete(uploads, `${record.datanet}/${record.contributor}/${sequenceKey(record.index)}`)
      .delete(verdicts, record.id)
      .delete(tables.removals, place)
  }
  /** Once it is gone from the disk. */
  function forgotten(record: ContributionRecord): void {
    records.delete(placeOf(record))
    knownPlaces.delete(record.id)
    knownVerdicts.delete(record.id)
    gone.changed(record.datanet)
  }

  const directory = createDirectory(store, tables)
  const gone = createGoneCounts({
    at: (datanet, index) => book.at(datanet, index),
    removals: datanet => book.removals(datanet, 1, -1),
    verdict: id => book.verdict(id)
  })
  const book: Book = {
    ...directory,
    async load() {
      await directory.load()
      await placeOldVotes()
      await lookAtPassed()
    },
    serially(task) {
      const run = last.then(task, task)
      last = run.catch(() => undefined) // told to whoever asked for it
      return run
    },
    async roles() {
      const out: [Hex, DatanetRole][] = []
      for await (const key of tables.roles.keys()) out.push([key.slice(0, 66) as Hex, key.slice(67) as DatanetRole])
      return out
    },
    putRole: (datanet, role, held) =>
      held ? tables.roles.put(`${datanet}/${role}`, true) : tables.roles.delete(`${datanet}/${role}`),
    progress: async datanet => (await tables.progress.get(datanet)) ?? noProgress,
    async pass(datanet, index) {
      // gone after a crash, it is found again by looking
      await tables.progress.put(datanet, { ...(await book.progress(datanet)), passed: index }, { sync: false })
    },
    async contribution(id) {
      const place = await knownPlaces.read(id, key => places.get(key))
      return place === undefined ? undefined : recordAt(place)
    },
    async contributionsBy(datanet, contributor, from, limit) {
      const prefix = `${datanet}/${contributor}/`
      const records: ContributionRecord[] = []
      for await (const key of uploads.keys({ prefix, from: `${prefix}${sequenceKey(from)}`, limit })) {
        const record = await recordAt(`${datanet}/${key.slice(prefix.length)}`)
        if (record !== undefined) records.push(record)
      }
      return records
    },
    async *contributionIds(beginning) {
      for await (const id of places.keys({ prefix: beginning })) yield id as Hex
    },
    at: (datanet, index) => recordAt(placeOf({ datanet, index })),
    contributions: (datanet, from, limit = -1) => contributions.values({ ...inOrder(datanet, from), limit }),
    async open(datanet, from, limit) {
      const indices: number[] = []
      for await (const key of open.keys({ ...inOrder(datanet, from), limit })) indices.push(Number(key.slice(67)))
      return indices
    },
    async refused(datanet, from, limit) {
      const indices: number[] = []
      for await (const key of tables.refused.keys({ ...inOrder(datanet, from), limit }))
        indices.push(Number(key.slice(67)))
      return indices
    },
    async uploads(datanet, contributor, before, most) {
      let count = 0
      const prefix = `${datanet}/${contributor}/`
      for await (const _ of uploads.keys({ prefix, to: `${prefix}${sequenceKey(before)}`, limit: most })) count++
      return count
    },
    async putContribution(record) {
      const place = placeOf(record)
      const before = await recordAt(place)
      const counted = weigh(record, 1, weigh(before, -1, await book.progress(record.datanet)))
      const progress = { ...counted, decided: Math.max(counted.decided, await reaches(record)) }
      await store.batch(batch => {
        if (before === undefined)
          batch
            .put(places, record.id, place)
            .put(uploads, `${record.datanet}/${record.contributor}/${sequenceKey(record.index)}`, true)
        if (isFinal(record.state)) batch.delete(open, place)
        else if (before === undefined || isFinal(before.state)) batch.put(open, place, true)
        if (record.state.name === 'rejected') batch.put(tables.refused, place, true)
        else if (before?.state.name === 'rejected') batch.delete(tables.refused, place)
        // Whoever hears of a vote by the certificate alone finds it as well.
        if ('certificate' in record.state) placeVotes(record.id, record.state.certificate, batch)
        batch.put(contributions, place, record).put(tables.progress, record.datanet, progress)
      })
      records.set(place, record)
      gone.changed(record.datanet)
    },
    async setState(id, state) {
      const record = await book.contribution(id)
      if (record === undefined) return
      await book.putContribution({ ...record, state })
      if (isDecided(state)) await tables.outbox.delete(id)
    },
    async ballot(id) {
      const none = { commits: [], votes: [] }
      return (await knownBallots.read(id, async key => (await ballots.get(key)) ?? none)) ?? none
    },
    async putBallot(id, record) {
      const before = knownBallots.get(id) ?? (await ballots.get(id))
      await store.batch(batch => {
        batch.put(ballots, id, record)
        placeVotes(id, record, batch, before)
      })
      knownBallots.set(id, record)
    },
    votedOn: async vote => (await votePlaces.get(vote)) as Hex | undefined,
    async *voteIds(beginning) {
      for await (const id of votePlaces.keys({ prefix: beginning })) yield id as Hex
    },
    verdict: id => knownVerdicts.read(id, key => verdicts.get(key)),
    async putVerdict(id, verdict) {
      await verdicts.put(id, { ...verdict })
      knownVerdicts.set(id, verdict)
      const place = knownPlaces.get(id) ?? (await places.get(id))
      if (place !== undefined) gone.changed(place.slice(0, 66) as Hex)
    },
    acceptedRows: datanet => tables.rowCounts.get(datanet),
    version: (datanet, version) => versions.get(versionKey({ datanet, version })),
    async versions(datanet, from, limit) {
      const out: VersionRecord[] = []
      for await (const record of versions.values({ ...inOrder(datanet, from), limit })) out.push(record)
      return out
    },
    putVersion: record => versions.put(versionKey(record), record),
    evidence: key => evidence.get(key),
    allEvidence: limit => evidence.values({ limit }),
    async unreported(limit) {
      const out: (readonly [string, EvidenceRecord])[] = []
      for await (const key of unreported.keys({ limit })) {
        const record = await evidence.get(key)
        if (record !== undefined) out.push([key, record])
      }
      return out
    },
    putEvidence: (key, record) =>
      store.batch(batch => {
        batch.put(evidence, key, record)
        if (record.reported) batch.delete(unreported, key)
        else batch.put(unreported, key, true)
      }),
    removal: record => tables.removals.get(placeOf(record)),
    async putRemoval(record, removal) {
      await tables.removals.put(placeOf(record), removal)
      gone.changed(record.datanet)
    },
    gone: datanet => gone.of(datanet),
    async emptied(datanet) {
      const { accepted } = await book.progress(datanet)
      return accepted > 0 && accepted === (await gone.of(datanet)).contributions
    },
    async removed(id) {
      const place = knownPlaces.get(id) ?? (await places.get(id))
      return place === undefined ? undefined : removedBy(await tables.removals.get(place))
    },
    async *removals(datanet, from, limit) {
      for await (const [key, removal] of tables.removals.entries({ ...inOrder(datanet, from), limit }))
        yield { index: Number(key.slice(67)), removal }
    },
    promise: (id, statements, instead) =>
      store.batch(batch => {
        batch.put(tables.outbox, id, statements)
        if (instead !== undefined) batch.delete(tables.unsent, instead)
      }),
    unpromise: (id, waits) =>
      store.batch(batch => {
        batch.put(tables.unsent, waits.id, waits.record).delete(tables.outbox, id)
      }),
    outbox: tables.outbox,
    unsent: tables.unsent,
    bonded: tables.bonded,
    withdrawn: tables.withdrawn,
    juryVotes: tables.juryVotes,
    reasons: tables.reasons,
    told: tables.told,
    chosen: tables.chosen,
    policies: tables.policies,
    prepared: tables.prepared,
    async dropContribution(id, block) {
      const record = await book.contribution(id)
      if (record?.block !== block) return undefined // it is there in another block already
      const progress = weigh(record, -1, await book.progress(record.datanet))
      await store.batch(batch => {
        forget(record, batch)
        const passed = Math.min(progress.passed, record.index - 1)
        batch
          .put(tables.progress, record.datanet, { ...progress, passed, decided: passed })
          .put(returning, returnKey(record), revealedOf(record) ?? true)
      })
      forgotten(record)
      return record
    },
    async returned(id) {
      const record = await book.contribution(id)
      const kept = record === undefined ? undefined : await returning.get(returnKey(record))
      return kept === true ? undefined : kept
    },
    async takenAgain(id) {
      const record = await book.contribution(id)
      if (record !== undefined) await returning.put(returnKey(record), true)
    },
    async dropVersion(datanet, version, block) {
      const record = await book.version(datanet, version)
      if (record?.block === block) await versions.delete(versionKey(record))
    },
    async *drop(datanet) {
      for await (const record of contributions.values({ prefix: `${datanet}/` })) {
        const votes = votesIn(await book.ballot(record.id))
        await store.batch(batch => {
          forget(record, batch)
          batch.delete(ballots, record.id)
          for (const vote of votes) batch.delete(votePlaces, vote)
        })
        forgotten(record)
        knownBallots.delete(record.id)
        for await (const key of tables.told.keys({ prefix: `${record.id}/` })) await tables.told.delete(key)
        yield record
      }
      for await (const key of returning.keys({ prefix: `${datanet}/` })) await returning.delete(key)
      await tables.progress.delete(datanet)
    }
  }
  return book
}

import { isDecided } from '../../../protocol/data/index.ts'
import type { ContributionState, Verdict } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { sequenceKey } from '../../store/index.ts'
import type { DataDeps } from '../deps.ts'
import { openTables } from './records.ts'
import type { BallotRecord, ContributionRecord, DatanetRecord, EvidenceRecord, VersionRecord } from './records.ts'

/**
 * What this node knows of Datanets: in memory for reading, on disk before a write resolves. Says nothing to anybody and
 * judges nothing; whoever writes here has checked.
 */
export interface Book {
  load(): Promise<void>
  /** One change after another: what a task reads is still so when it writes. */
  serially<T>(task: () => Promise<T>): Promise<T>
  datanets(): ReadonlyMap<Hex, DatanetRecord>
  datanet(id: Hex): DatanetRecord | undefined
  putDatanet(id: Hex, record: DatanetRecord): Promise<void>
  contribution(id: Hex): ContributionRecord | undefined
  /** Of a Datanet, in order of authorship. */
  contributions(datanet: Hex): readonly (readonly [Hex, ContributionRecord])[]
  putContribution(id: Hex, record: ContributionRecord): Promise<void>
  setState(id: Hex, state: ContributionState): Promise<void>
  ballot(id: Hex): BallotRecord
  putBallot(id: Hex, record: BallotRecord): Promise<void>
  verdict(id: Hex): Verdict | undefined
  putVerdict(id: Hex, verdict: Verdict): Promise<void>
  versions(datanet: Hex): readonly VersionRecord[]
  putVersion(record: VersionRecord): Promise<void>
  evidence(key: string): EvidenceRecord | undefined
  unreported(): readonly (readonly [string, EvidenceRecord])[]
  putEvidence(key: string, record: EvidenceRecord): Promise<void>
  outbox: ReturnType<typeof openTables>['outbox']
  /** Block up to which the chain was read. */
  cursor(): Promise<{ block: bigint; hash: Hex } | undefined>
  putCursor(block: bigint, hash: Hex): Promise<void>
  /** Forgets what the chain dropped. @returns the contributions that are gone, with what was known of them */
  rewind(block: bigint): Promise<ContributionRecord[]>
}

export function createBook({ store }: Pick<DataDeps, 'store'>): Book {
  const tables = openTables(store)
  const datanets = new Map<Hex, DatanetRecord>()
  const contributions = new Map<Hex, ContributionRecord>()
  const order = new Map<Hex, [Hex, ContributionRecord][]>()
  const ballots = new Map<Hex, BallotRecord>()
  const verdicts = new Map<Hex, Verdict>()
  const versions = new Map<Hex, VersionRecord[]>()
  const evidence = new Map<string, EvidenceRecord>()
  let last: Promise<unknown> = Promise.resolve()

  function place(id: Hex, record: ContributionRecord): void {
    contributions.set(id, record)
    const list = order.get(record.datanet) ?? []
    const at = list.findIndex(([known]) => known === id)
    if (at === -1) list.push([id, record])
    else list[at] = [id, record]
    list.sort(([, a], [, b]) => a.index - b.index)
    order.set(record.datanet, list)
  }
  function placeVersion(record: VersionRecord): void {
    versions.set(
      record.datanet,
      [...(versions.get(record.datanet) ?? []).filter(({ version }) => version !== record.version), record].sort(
        (a, b) => a.version - b.version
      )
    )
  }
  const versionKey = ({ datanet, version }: VersionRecord): string => `${datanet}/${sequenceKey(version)}`

  const book: Book = {
    async load() {
      for await (const [id, record] of tables.datanets.entries()) datanets.set(id as Hex, record)
      for await (const [id, record] of tables.contributions.entries()) place(id as Hex, record)
      for await (const [id, record] of tables.ballots.entries()) ballots.set(id as Hex, record)
      for await (const [id, record] of tables.verdicts.entries()) verdicts.set(id as Hex, record)
      for await (const record of tables.versions.values()) placeVersion(record)
      for await (const [key, record] of tables.evidence.entries()) evidence.set(key, record)
    },
    serially(task) {
      const run = last.then(task, task)
      last = run.catch(() => undefined) // told to whoever asked for it
      return run
    },
    datanets: () => datanets,
    datanet: id => datanets.get(id),
    async putDatanet(id, record) {
      await tables.datanets.put(id, record)
      datanets.set(id, record)
    },
    contribution: id => contributions.get(id),
    contributions: datanet => order.get(datanet) ?? [],
    async putContribution(id, record) {
      await tables.contributions.put(id, record)
      place(id, record)
    },
    async setState(id, state) {
      const record = contributions.get(id)
      if (record === undefined) return
      await book.putContribution(id, { ...record, state })
      if (isDecided(state)) await tables.outbox.delete(id)
    },
    ballot: id => ballots.get(id) ?? { commits: [], votes: [] },
    async putBallot(id, record) {
      await tables.ballots.put(id, record)
      ballots.set(id, record)
    },
    verdict: id => verdicts.get(id),
    async putVerdict(id, verdict) {
      await tables.verdicts.put(id, { ...verdict })
      verdicts.set(id, verdict)
    },
    versions: datanet => versions.get(datanet) ?? [],
    async putVersion(record) {
      await tables.versions.put(versionKey(record), record)
      placeVersion(record)
    },
    evidence: key => evidence.get(key),
    unreported: () => [...evidence].filter(([, { reported }]) => !reported),
    async putEvidence(key, record) {
      await tables.evidence.put(key, record)
      evidence.set(key, record)
    },
    outbox: tables.outbox,
    cursor: () => tables.cursor.get('chain'),
    // read again, it is read the same
    putCursor: (block, hash) => tables.cursor.put('chain', { block, hash }, { sync: false }),
    async rewind(block) {
      const gone: ContributionRecord[] = []
      for (const [id, record] of contributions) {
        if (record.block <= block) continue
        gone.push(record)
        contributions.delete(id)
        verdicts.delete(id)
        order.set(
          record.datanet,
          (order.get(record.datanet) ?? []).filter(([known]) => known !== id)
        )
        await tables.contributions.delete(id)
        await tables.verdicts.delete(id)
      }
      for (const record of [...versions.values()].flat().filter(version => version.block > block)) {
        await tables.versions.delete(versionKey(record))
        versions.set(
          record.datanet,
          (versions.get(record.datanet) ?? []).filter(({ version }) => version !== record.version)
        )
      }
      return gone
    }
  }
  return book
}

import { questionSet } from '../../../protocol/data/index.ts'
import type { DatanetDocument, HeldOutQuestion, OpenedBatch, Row, Standing } from '../../../protocol/data/index.ts'
import { NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord, DueRecord, VersionRecord } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import { createTerms } from '../terms/terms.ts'
import type { DataService } from '../types.ts'
import { readRows } from './sealed.ts'
import type { QuestionsService } from './types.ts'

/** Versions of which is kept who has how many rows in them. */
const versionsCounted = 16

/** Which questions judge a version: from the chain, and the founder's file, on every node alike. */
export function createJudging(
  { chain: { ledger } }: Pick<DataDeps, 'chain'>,
  parts: {
    document(datanet: Hex): Promise<DatanetDocument>
    founders(datanet: Hex): Promise<readonly Row[]>
    checkMix(datanet: Hex): Promise<void>
    manifest: DataService['manifest']
  }
): Pick<QuestionsService, 'versionQuestions'> {
  const terms = createTerms({ ledger })
  /** Rows of each contributor in versions that were asked about last. */
  const counted = createCache<string, ReadonlyMap<Address, number>>({ max: versionsCounted })

  /** What a version's batches come to once no more of them can be opened. @throws TilthError `held-out.sealed` */
  async function settled(datanet: Hex, version: number, due: DueRecord): Promise<readonly BatchRecord[]> {
    const isOver = (): boolean => (ledger.head()?.timestamp ?? 0n) > due.until
    let batches = await ledger.batchesFor(datanet, version)
    const shut = (): number => batches.filter(({ key }) => key === null).length
    if (shut() > 0 && isOver()) {
      // Those of the last moment are in as well.
      await ledger.caughtUp()
      batches = await ledger.batchesFor(datanet, version)
    }
    if (shut() > 0 && !isOver())
      throw new TilthError(
        'held-out.sealed',
        `${shut()} of the ${batches.length} batches of questions that judge version ${version} are not opened yet`,
        {
          consequence: 'retry',
          help: `Its validators open them; what is shut at ${whenText(due.until)} judges nothing.`
        }
      )
    return batches
  }

  /** Who of a version's writers is somebody: by the chain, and by its manifest, which whoever is judged by it has. */
  async function standingOf(
    { datanet, version, cid }: VersionRecord,
    batches: readonly BatchRecord[],
    brief: boolean
  ): Promise<Standing> {
    const seated = new Set<Address>()
    for (const { roster, writer } of batches) {
      const seats = (await ledger.roster(datanet, roster)) ?? []
      if (seats.some(({ address }) => address === writer)) seated.add(writer)
    }
    const known = counted.get(`${datanet}/${version}/${cid}`)
    if (known !== undefined) return { seated, rows: known }
    const rows = new Map<Address, number>()
    const { entries } = await parts.manifest(datanet, version, { brief })
    for (const { contributor, own } of entries) rows.set(contributor, (rows.get(contributor) ?? 0) + own.length)
    counted.set(`${datanet}/${version}/${cid}`, rows)
    return { seated, rows }
  }

  async function own(datanet: Hex, version: number, brief: boolean): Promise<readonly HeldOutQuestion[]> {
    // The event of what is due stands beside that of the version: who has not heard of one has not of the other.
    if ((await ledger.version(datanet, version)) === undefined) await ledger.caughtUp()
    const anchored = await ledger.version(datanet, version)
    if (anchored === undefined)
      throw new NotFoundError('version.unknown', `version ${version} of that Datanet is not anchored`, {
        consequence: 'retry'
      })
    const due = await ledger.batchesDue(datanet, version)
    const founder = await parts.founders(datanet)
    if (due === undefined) return founder
    const batches = await settled(datanet, version, due)
    const opened: OpenedBatch[] = batches.flatMap(batch =>
      batch.key === null ? [] : { writer: batch.writer, rows: readRows(batch, batch.key) }
    )
    // The rules that were in force when it was anchored: what older versions were judged by stays what it was.
    const { rules } = await terms.at(datanet, anchored.block, await parts.document(datanet))
    if (rules.questionWriters === undefined) return questionSet(founder, opened)
    return questionSet(founder, opened, await standingOf(anchored, batches, brief))
  }

  return {
    async versionQuestions(datanet, version, { brief = false } = {}) {
      const { rules } = await parts.document(datanet)
      if (rules.parents === undefined) return own(datanet, version, brief)
      await parts.checkMix(datanet)
      // A mix is judged by what judges the versions that it is made of, each question once.
      const { parents = [] } = await parts.manifest(datanet, version, { brief })
      const all = new Map<string, HeldOutQuestion>()
      for (const parent of parents)
        for (const row of await own(parent.datanet, parent.version, brief)) {
          const text = JSON.stringify(row.messages)
          if (!all.has(text)) all.set(text, row)
        }
      return [...all.values()]
    }
  }
}

const whenText = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString()

import { questionSet } from '../../../protocol/data/index.ts'
import type { DatanetDocument, HeldOutQuestion, Row } from '../../../protocol/data/index.ts'
import { NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord, DueRecord } from '../../chain/types.ts'
import type { DataDeps } from '../deps.ts'
import type { DataService } from '../types.ts'
import { readRows } from './sealed.ts'
import type { QuestionsService } from './types.ts'

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

  async function own(datanet: Hex, version: number): Promise<readonly HeldOutQuestion[]> {
    // The event of what is due stands beside that of the version: who has not heard of one has not of the other.
    if ((await ledger.version(datanet, version)) === undefined) await ledger.caughtUp()
    if ((await ledger.version(datanet, version)) === undefined)
      throw new NotFoundError('version.unknown', `version ${version} of that Datanet is not anchored`, {
        consequence: 'retry'
      })
    const due = await ledger.batchesDue(datanet, version)
    const founder = await parts.founders(datanet)
    if (due === undefined) return founder
    const opened = (await settled(datanet, version, due)).flatMap(batch =>
      batch.key === null ? [] : { writer: batch.writer, rows: readRows(batch, batch.key) }
    )
    return questionSet(founder, opened)
  }

  return {
    async versionQuestions(datanet, version) {
      const { rules } = await parts.document(datanet)
      if (rules.parents === undefined) return own(datanet, version)
      await parts.checkMix(datanet)
      // A mix is judged by what judges the versions that it is made of, each question once.
      const { parents = [] } = await parts.manifest(datanet, version)
      const all = new Map<string, HeldOutQuestion>()
      for (const parent of parents)
        for (const row of await own(parent.datanet, parent.version)) {
          const text = JSON.stringify(row.messages)
          if (!all.has(text)) all.set(text, row)
        }
      return [...all.values()]
    }
  }
}

const whenText = (seconds: bigint): string => new Date(Number(seconds) * 1000).toISOString()

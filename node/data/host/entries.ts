import { isDecided, isJuried } from '../../../protocol/data/index.ts'
import type { VersionEntry } from '../../../protocol/data/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import { acceptedRows } from '../jury/taken.ts'

/** What was accepted of a Datanet, in the order of authorship, as far as all before it is decided here. */
export interface Accepted {
  readonly entries: readonly VersionEntry[]
  /** Place of the last one; 0 where there is none. */
  readonly last: number
}

/** @returns whether the rows that a jury took are known now */
export type LearnRows = (record: ContributionRecord) => Promise<boolean>

/**
 * What a version of a Datanet holds, by what is known here. What a jury accepted is in it by the rows that it took.
 * What nobody tells the rows of, or has none that can be used, is in none: no jury stops a Datanet's versions.
 * @param held what is challenged, and not decided by a jury yet
 * @param last the place to stop at; all that is decided without a gap, where it is not given
 * @param learn asks others for the rows that a jury took
 * @throws TilthError `version.rows` where this node does not know which rows its roster accepted
 */
export async function acceptedOf(
  book: Pick<Book, 'contributions' | 'removed' | 'verdict'>,
  datanet: Hex,
  held: ReadonlySet<Hex>,
  last = Infinity,
  learn?: LearnRows
): Promise<Accepted> {
  const entries: VersionEntry[] = []
  let at = 0
  for await (const record of book.contributions(datanet, 1)) {
    if (record.index > last) break
    // Where nothing is said of how far to look, what is open holds up what comes after it.
    if (last === Infinity && !isDecided(record.state)) break
    // What has left is in no version from then on.
    // … and what is challenged waits for its jury.
    if (held.has(record.id)) continue
    if (record.state.name !== 'accepted' || (await book.removed(record.id)) !== undefined) continue
    const entry = await entryOf(book, record, record.state, learn)
    if (entry === undefined) continue
    entries.push(entry)
    at = record.index
  }
  return { entries, last: at }
}

async function entryOf(
  book: Pick<Book, 'verdict'>,
  record: ContributionRecord,
  { certificate, statements }: Extract<ContributionRecord['state'], { name: 'accepted' }>,
  learn?: LearnRows
): Promise<VersionEntry | undefined> {
  const { id, contributor } = record
  const isJurys = isJuried(record.state)
  let own = await acceptedRows(book, record)
  if (own === undefined && isJurys && learn !== undefined && (await learn(record)))
    own = await acceptedRows(book, record)
  if (own !== undefined) return { contribution: id, contributor, cid: statements.reveal.message.cid, own, certificate }
  if (isJurys) return undefined
  throw new TilthError('version.rows', `which rows of ${id} were accepted is not known here`, {
    help:
      'Try again in a moment: its shard is being fetched. If it stays so, the validators run other checks than ' +
      'this node.'
  })
}

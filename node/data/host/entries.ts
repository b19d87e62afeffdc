import { isDecided, outcomeOf, ownRows } from '../../../protocol/data/index.ts'
import type { VersionEntry } from '../../../protocol/data/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'

/** What was accepted of a Datanet, in the order of authorship, as far as all before it is decided here. */
export interface Accepted {
  readonly entries: readonly VersionEntry[]
  /** Place of the last one; 0 where there is none. */
  readonly last: number
}

/**
 * What a version of a Datanet holds, by what is known here.
 * @param held what is challenged, and not decided by a jury yet
 * @param last the place to stop at; all that is decided without a gap, where it is not given
 * @throws TilthError `version.rows` where this node does not know which rows were accepted
 */
export async function acceptedOf(
  book: Pick<Book, 'contributions' | 'removed' | 'verdict'>,
  datanet: Hex,
  held: ReadonlySet<Hex>,
  last = Infinity
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
    entries.push(await entryOf(book, record, record.state))
    at = record.index
  }
  return { entries, last: at }
}

async function entryOf(
  book: Pick<Book, 'verdict'>,
  { id, contributor }: ContributionRecord,
  { certificate, statements }: Extract<ContributionRecord['state'], { name: 'accepted' }>
): Promise<VersionEntry> {
  const { cid } = statements.reveal.message
  const verdict = await book.verdict(id)
  const own = verdict === undefined ? [] : ownRows(verdict)
  if (outcomeOf({ contribution: id, cid, own }, true) !== certificate.outcome) {
    throw new TilthError('version.rows', `which rows of ${id} were accepted is not known here`, {
      help:
        'Try again in a moment: its shard is being fetched. If it stays so, the validators run other checks than ' +
        'this node.'
    })
  }
  return { contribution: id, contributor, cid, own, certificate }
}

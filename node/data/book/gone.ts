import { ownRows, removedBy } from '../../../protocol/data/index.ts'
import type { RemovalRecord, Verdict } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createKept } from './kept.ts'
import type { ContributionRecord } from './records.ts'

/** Datanets whose counts are in memory. */
const kept = 256

/** What was accepted of a Datanet and has left since, by whosever word: it counts as accepted no more. */
export interface Gone {
  readonly contributions: number
  /** Of its rows those that were counted here. */
  readonly rows: number
}

/** Counted once, and again only when something changes: pages tell it, and a Datanet may have lost thousands. */
export interface GoneCounts {
  of(datanet: Hex): Promise<Gone>
  /** Something of it is, or is not, accepted or removed from now on: once that is on disk. */
  changed(datanet: Hex): void
}

/** What is read for it. */
export interface GoneParts {
  at(datanet: Hex, index: number): Promise<ContributionRecord | undefined>
  removals(datanet: Hex): AsyncIterable<{ index: number; removal: RemovalRecord }>
  verdict(id: Hex): Promise<Verdict | undefined>
}

export function createGoneCounts(book: GoneParts): GoneCounts {
  const counts = createKept<Hex, Gone>({ max: kept })
  async function count(datanet: Hex): Promise<Gone> {
    const gone = { contributions: 0, rows: 0 }
    for await (const { index, removal } of book.removals(datanet)) {
      if (removedBy(removal) === undefined) continue
      const record = await book.at(datanet, index)
      if (record?.state.name !== 'accepted') continue
      const verdict = await book.verdict(record.id)
      gone.contributions++
      gone.rows += verdict === undefined ? 0 : ownRows(verdict).length
    }
    return gone
  }
  return {
    of: async datanet => (await counts.read(datanet, count)) ?? { contributions: 0, rows: 0 },
    changed(datanet) {
      counts.delete(datanet)
    }
  }
}

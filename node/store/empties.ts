import type { Commit, Operation } from './commits.ts'
import { tableOf } from './keys.ts'

/** Which tables hold nothing, so that nobody asks the disk for it again and again. */
export interface Empties {
  /** Nothing was put into it since it was found empty. */
  has(table: string): boolean
  /** To be called before a look through all of it. @returns what to call when that has found nothing */
  looking(table: string): () => void
}

/**
 * Many lists are looked through every second or two, of what waits to be sent, to be voted on or to be reported, and
 * most are empty on most nodes and days: each look costs some turns of the threads that read the disk, which is most of
 * what a node without anything to do asks of it.
 * @returns with it, `commit` as before: whatever writes has to go through it
 */
export function watchEmpties(commit: Commit): { commit: Commit; empties: Empties } {
  /** Of each table: writes that are on their way, how many came so far, and whether it is known to be empty. */
  const tables = new Map<string, { underWay: number; came: number; isEmpty: boolean }>() // as many as there are tables
  const of = (table: string): { underWay: number; came: number; isEmpty: boolean } => {
    const known = tables.get(table) ?? { underWay: 0, came: 0, isEmpty: false }
    tables.set(table, known)
    return known
  }
  const filled = (operations: readonly Operation[]): Set<string> =>
    new Set(operations.flatMap(({ type, key }) => (type === 'put' ? [tableOf(key)] : [])))

  return {
    async commit(operations, sync) {
      const changed = [...filled(operations)].map(of)
      for (const table of changed) {
        table.underWay++
        table.came++
        table.isEmpty = false
      }
      try {
        await commit(operations, sync)
      } finally {
        for (const table of changed) table.underWay--
      }
    },
    empties: {
      has: table => tables.get(table)?.isEmpty === true,
      looking(table) {
        const known = of(table)
        const { underWay, came } = known
        return () => {
          if (underWay === 0 && known.came === came) known.isEmpty = true
        }
      }
    }
  }
}

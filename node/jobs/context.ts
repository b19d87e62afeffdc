import { setImmediate } from 'node:timers/promises'
import { RetrievalIndex } from '../../protocol/data/index.ts'
import type { ChatMessage } from '../../protocol/data/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { OwnedRow } from './deps.ts'

/** Versions whose rows are at hand, and rows of one of them that are looked through, the first ones. */
const versionsKept = 4
const mostRows = 200_000
/** Rows between two looks at whether anything else is to be done. */
const rowsAtOnce = 1_000

interface Indexed {
  readonly index: RetrievalIndex
  readonly rows: readonly OwnedRow[]
}

/** Rows of versions that say something about a question: the same ones on every node. */
export function createContexts(
  rowsOf: (datanet: Hex, version: number, which: { remaining: boolean }) => Promise<readonly OwnedRow[]>
): (
  version: { readonly datanet: Hex; readonly version: number },
  messages: readonly ChatMessage[],
  most: number
) => Promise<readonly OwnedRow[]> {
  const kept = createCache<string, Promise<Indexed>>({ max: versionsKept })

  async function make(datanet: Hex, version: number): Promise<Indexed> {
    // What a quorum took down nobody has any more, and nobody is shown it.
    const all = await rowsOf(datanet, version, { remaining: false }).catch((error: unknown) => {
      if (error instanceof TilthError && error.code === 'version.taken-down')
        return rowsOf(datanet, version, { remaining: true })
      throw error
    })
    const rows = all.slice(0, mostRows)
    const index = new RetrievalIndex()
    for (const [at, { row }] of rows.entries()) {
      index.add(row)
      if ((at + 1) % rowsAtOnce === 0) await setImmediate()
    }
    return { index, rows }
  }

  return async ({ datanet, version }, messages, most) => {
    const key = `${datanet}/${version}`
    let known = kept.get(key)
    if (known === undefined) {
      known = make(datanet, version)
      kept.set(key, known)
      known.catch(() => {
        kept.delete(key)
      })
    }
    const { index, rows } = await known
    return index.find(messages, most).flatMap(at => rows[at] ?? [])
  }
}

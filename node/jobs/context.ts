import { setImmediate } from 'node:timers/promises'
import { RetrievalIndex } from '../../protocol/data/index.ts'
import type { ChatMessage } from '../../protocol/data/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { ContextOptions, OwnedRow } from './deps.ts'

/** Versions whose rows are at hand, and rows and bytes of one of them that are looked through, the first ones. */
const versionsKept = 4
const mostRows = 200_000
const mostBytes = 64 << 20
/** Rows between two looks at whether anything else is to be done. */
const rowsAtOnce = 1_000

interface Indexed {
  readonly index: RetrievalIndex
  /** Those that may be found, by their order of coming. */
  readonly rows: ReadonlyMap<number, OwnedRow>
}

/**
 * Rows of versions that say something about a question: the same ones on every node. Where something of a version was
 * taken down whoever has heard of it would find other rows than who has not: then there are none.
 * @param rowsOf all of a version: refused where some were taken down
 * @param goneOf what of a version was taken down: rows that are at hand are read anew once that is something else
 */
export function createContexts(
  rowsOf: (datanet: Hex, version: number) => Promise<readonly OwnedRow[]>,
  goneOf: (datanet: Hex, version: number) => Promise<string> = async () => ''
): (
  version: { readonly datanet: Hex; readonly version: number },
  messages: readonly ChatMessage[],
  most: number,
  options?: ContextOptions
) => Promise<readonly OwnedRow[]> {
  const kept = createCache<string, { gone: string; indexed: Promise<Indexed> }>({ max: versionsKept })

  async function make(datanet: Hex, version: number): Promise<Indexed> {
    const all = await rowsOf(datanet, version)
    const index = new RetrievalIndex()
    const rows = new Map<number, OwnedRow>()
    let bytes = 0
    for (const [at, owned] of all.slice(0, mostRows).entries()) {
      const added = index.add(owned.row)
      bytes += added
      if (bytes > mostBytes) break
      if (added > 0) rows.set(at, owned)
      if ((at + 1) % rowsAtOnce === 0) await setImmediate()
    }
    return { index, rows }
  }

  async function indexedOf(datanet: Hex, version: number): Promise<Indexed> {
    const key = `${datanet}/${version}`
    const gone = await goneOf(datanet, version)
    const known = kept.get(key)
    if (known?.gone === gone) return known.indexed
    const made = { gone, indexed: make(datanet, version) }
    kept.set(key, made)
    try {
      const indexed = await made.indexed
      // Something was taken down while it was read: it is known by a name that is not its own.
      if ((await goneOf(datanet, version)) !== gone) forget(key, made)
      return indexed
    } catch (error) {
      forget(key, made)
      throw error
    }
  }
  function forget(key: string, made: object): void {
    if (kept.get(key) === made) kept.delete(key)
  }

  return async ({ datanet, version }, messages, most, { of } = {}) => {
    const { index, rows } = await indexedOf(datanet, version)
    const isOf = (contributor: Address | undefined): boolean =>
      contributor !== undefined && (of === undefined || of(contributor))
    return index.find(messages, most, at => isOf(rows.get(at)?.contributor)).flatMap(at => rows.get(at) ?? [])
  }
}

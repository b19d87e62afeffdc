import type { DatanetDocument } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'

const pageOfDocuments = 500

/** Which mixes are made of a Datanet, of those whose rules are known here: whoever gave to it may earn in them, too. */
export interface Made {
  load(): Promise<void>
  note(mix: Hex, document: DatanetDocument): void
  of(datanet: Hex): readonly Hex[]
}

export function createMade(book: Pick<Book, 'datanet' | 'datanets'>): Made {
  const made = new Map<Hex, Set<Hex>>() // of documents that are kept, which have a bound
  const note: Made['note'] = (mix, { rules: { parents = [] } }) => {
    for (const parent of parents) made.set(parent, (made.get(parent) ?? new Set()).add(mix))
  }
  return {
    async load() {
      for (let after: Hex | undefined; ;) {
        const ids = await book.datanets(after, pageOfDocuments)
        for (const id of ids) {
          const known = await book.datanet(id)
          if (known !== undefined) note(id, known.document)
        }
        after = ids.at(-1)
        if (ids.length < pageOfDocuments) return
      }
    },
    note,
    of: datanet => [...(made.get(datanet) ?? [])]
  }
}

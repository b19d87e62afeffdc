import { removedBy } from '../../../protocol/data/index.ts'
import type { Removed, VersionManifest } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'

type Removals = Pick<Book, 'at' | 'removals'>

/** All that has left some Datanets, and by whom: few do, so they are asked for and not each contribution. */
export async function goneFrom(book: Removals, datanets: readonly Hex[]): Promise<Map<Hex, Removed>> {
  const gone = new Map<Hex, Removed>()
  for (const datanet of datanets)
    for await (const { index, removal } of book.removals(datanet, 1, -1)) {
      const by = removedBy(removal)
      const record = by === undefined ? undefined : await book.at(datanet, index)
      if (by !== undefined && record !== undefined) gone.set(record.id, by)
    }
  return gone
}

/** Contributions of a version that have left its Datanet since, and by whom; what leaves a mix leaves its parents. */
export async function leftOf(
  book: Removals,
  { datanet, parents = [], entries }: Pick<VersionManifest, 'datanet' | 'parents' | 'entries'>
): Promise<Map<Hex, Removed>> {
  const gone = await goneFrom(book, [datanet, ...parents.map(parent => parent.datanet)])
  const left = new Map<Hex, Removed>()
  if (gone.size === 0) return left
  for (const { contribution } of entries) {
    const by = gone.get(contribution)
    if (by !== undefined) left.set(contribution, by)
  }
  return left
}

/** [reject] What was taken down is given to nobody, so nobody can have that version any more. */
export function refuseTakenDown(left: ReadonlyMap<Hex, Removed>, version: number): void {
  if (![...left.values()].includes('taken-down')) return
  throw new InvalidError('version.taken-down', `version ${version} holds rows that were taken down`, {
    help:
      'Use a version that was anchored since; its host anchors one with: tilth datanet anchor NAME, as soon as there ' +
      'is something accepted that has not left.'
  })
}

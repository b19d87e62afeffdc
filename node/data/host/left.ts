import type { Removed, VersionManifest } from '../../../protocol/data/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Book } from '../book/index.ts'

/** Contributions of a version that have left its Datanet since, and by whom. */
export async function leftOf(
  book: Pick<Book, 'removed'>,
  { entries }: Pick<VersionManifest, 'entries'>
): Promise<Map<Hex, Removed>> {
  const left = new Map<Hex, Removed>()
  for (const { contribution } of entries) {
    const removed = await book.removed(contribution)
    if (removed !== undefined) left.set(contribution, removed)
  }
  return left
}

/** [reject] What was taken down is given to nobody, so nobody can have that version any more. */
export function refuseTakenDown(left: ReadonlyMap<Hex, Removed>, version: number): void {
  if (![...left.values()].includes('taken-down')) return
  throw new InvalidError('version.taken-down', `version ${version} holds rows that were taken down`, {
    help: 'Use a version that was anchored since; its host anchors one with: tilth datanet anchor NAME.'
  })
}

import { mostCharacters } from '../../protocol/data/index.ts'
import type { Row, VersionManifest } from '../../protocol/data/index.ts'
import type { OwnedRow } from './deps.ts'

const words = 'a row that nobody here may read is reckoned with as if it said this '
const saying = (characters: number): string =>
  words.repeat(Math.ceil(characters / words.length)).slice(0, Math.min(mostCharacters, Math.max(1, characters)))

/** Bytes of a line that are no text of its own: names, quotes and braces. */
const around = 40

/**
 * As many rows as a version has, whose they are, and as long as they are on average: for who knows the sizes of shards
 * and not what is in them.
 * @param sizes bytes of each entry's shard
 */
export function standInRows({ entries }: VersionManifest, sizes: readonly number[]): OwnedRow[] {
  return entries.flatMap(({ contribution, contributor, own }, at): OwnedRow[] => {
    const lines = Math.max(1, (own.at(-1) ?? 0) + 1)
    const half = Math.max(1, Math.floor(((sizes[at] ?? 0) / lines - around) / 2))
    const row: Row = {
      messages: [
        { role: 'user', content: saying(half) },
        { role: 'assistant', content: saying(half) }
      ]
    }
    return own.map(index => ({ contributor, contribution, index, row }))
  })
}

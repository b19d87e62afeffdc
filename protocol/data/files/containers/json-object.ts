import { FileError } from '../errors.ts'
import type { Found } from '../types.ts'
import { allOf } from './chunks.ts'
import { jsonOf } from './json-lines.ts'
import { textOf } from './lines.ts'

/** A single JSON value has to be held whole. */
const mostBytes = 64 << 20

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Rows in a JSON object: what stands in its one list of objects, or columns as lists of one length, or itself. */
function rowsIn(value: unknown): readonly unknown[] {
  if (!isObject(value)) return [value]
  // What is a row itself has lists, too: its turns.
  const turns = ['messages', 'conversations', 'conversation']
  if (turns.some(name => Array.isArray(value[name]))) return [value]
  const entries = Object.entries(value)
  const lists = entries.filter(([, list]) => Array.isArray(list) && list.length > 0 && list.every(isObject))
  const [only] = lists
  if (only !== undefined && lists.length === 1) return only[1] as unknown[]
  // Splits of a data set: all of them.
  if (only !== undefined && lists.length === entries.length) return lists.flatMap(([, list]) => list as unknown[])
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0
  if (length > 0 && entries.every(([, list]) => Array.isArray(list) && list.length === length))
    return Array.from({ length }, (_, i) =>
      Object.fromEntries(entries.map(([key, list]) => [key, (list as unknown[])[i]]))
    )
  return [value]
}

/** Records of a file that is one JSON object. @throws FileError `file.format`, `file.damaged` */
export async function* jsonObject(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Found[]> {
  const bytes = await allOf(
    chunks,
    mostBytes,
    () =>
      new FileError(
        'file.format',
        `it is one JSON object of more than ${mostBytes >> 20} MiB`,
        'Give a JSON array of rows, or JSONL: those are read piece by piece.'
      )
  )
  const text = textOf({ bytes, isTooLong: false })
  const json = typeof text === 'string' ? jsonOf(text) : text
  if (!('value' in json))
    throw new FileError('file.damaged', `as one JSON object: ${json.says}`, 'Mend what is wrong there.')
  yield rowsIn(json.value).map((value, i) => ({ place: { unit: 'row', number: i + 1 }, value }))
}

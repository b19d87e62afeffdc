import { FileError } from '../errors.ts'
import type { Found } from '../types.ts'
import { planFor } from '../layouts/recognise.ts'
import { isObject } from '../layouts/texts.ts'
import { allOf } from './chunks.ts'
import { jsonOf } from './json-lines.ts'
import { textOf } from './lines.ts'

/** A single JSON value has to be held whole. */
const mostBytes = 64 << 20

type Fields = Record<string, unknown>
const splitNames = /^(?:train|test|valid|validation|dev|eval)/i
const isStrings = (list: unknown): list is string[] =>
  Array.isArray(list) && list.every(name => typeof name === 'string')

/** A table whose columns' names stand beside its rows, as pandas writes it. */
function namedBeside({ columns, data }: Fields): readonly unknown[] | undefined {
  if (!isStrings(columns) || !Array.isArray(data) || !data.every(row => Array.isArray(row))) return undefined
  return data.map(row => Object.fromEntries(columns.map((name, i) => [name, (row as unknown[])[i]])))
}

/** A table as objects within one, as pandas writes it: columns by row, or rows by name. */
function named(value: Fields): readonly unknown[] | undefined {
  const parts = Object.values(value)
  const [first] = parts
  if (!isObject(first) || !parts.every(isObject)) return undefined
  const rows = Object.keys(first)
  const isOfColumns = parts.every(part => Object.keys(part).length === rows.length && rows.every(row => row in part))
  if (isOfColumns && planFor(Object.keys(value)) !== undefined)
    return rows.map(row => Object.fromEntries(Object.entries(value).map(([name, of]) => [name, (of as Fields)[row]])))
  return planFor(rows) === undefined ? undefined : parts
}

/** Rows that stand in others: SQuAD's questions below their passage, and those of the Hub's viewer. */
function within(list: readonly unknown[]): readonly unknown[] {
  const listsIn = (value: unknown, name: string): readonly unknown[] =>
    isObject(value) && Array.isArray(value[name]) ? (value[name] as unknown[]) : []
  if (list.every(item => isObject(item) && Array.isArray(item['paragraphs'])))
    return list.flatMap(item =>
      listsIn(item, 'paragraphs').flatMap(passage =>
        listsIn(passage, 'qas').map(asked => ({
          context: isObject(passage) ? passage['context'] : '',
          ...(asked as Fields)
        }))
      )
    )
  return list.every(item => isObject(item) && isObject(item['row'])) ? list.map(item => (item as Fields)['row']) : list
}

/**
 * Rows in a JSON object: what stands in its one list of objects or in those of its splits, columns as lists of one
 * length, a table of pandas, or itself.
 */
function rowsIn(value: unknown): readonly unknown[] {
  if (!isObject(value)) return [value]
  // What is a row itself has lists, too: its turns.
  const columns = Object.keys(value)
  const turns = ['messages', 'conversations', 'conversation', 'contents']
  if (turns.some(name => Array.isArray(value[name]))) return [value]
  const table = namedBeside(value)
  if (table !== undefined) return table
  const entries = Object.entries(value)
  const lists = entries.filter(([, list]) => Array.isArray(list) && list.length > 0 && list.every(isObject))
  const only = lists.length === 1 ? lists[0] : lists.find(([name]) => name === 'rows')
  if (only !== undefined && planFor(columns, value) === undefined) return within(only[1] as unknown[])
  // Splits of a data set: all of them.
  if (lists.length > 0 && (lists.length === entries.length || lists.every(([name]) => splitNames.test(name))))
    return lists.flatMap(([, list]) => list as unknown[])
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0
  if (length > 0 && entries.every(([, list]) => Array.isArray(list) && list.length === length))
    return Array.from({ length }, (_, i) =>
      Object.fromEntries(entries.map(([key, list]) => [key, (list as unknown[])[i]]))
    )
  return named(value) ?? [value]
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

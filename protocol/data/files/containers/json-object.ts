import { FileError } from '../errors.ts'
import { issueInWords } from '../../explain.ts'
import { maxLineBytes } from '../../lines.ts'
import type { Fault, Found } from '../types.ts'
import { planFor } from '../layouts/recognise.ts'
import { isObject } from '../layouts/texts.ts'
import { allOf } from './chunks.ts'
import { jsonOf } from './json-lines.ts'
import { textOf } from './lines.ts'

/** A single JSON value has to be held whole. */
const mostBytes = 64 << 20
/** Rows handed on at once: few enough that each may have a passage as long as any. */
const batch = 128
/** A passage with many questions stands in many rows: by the file's size so often, and so much in any file. */
const mostRepeated = 40
const freeRepeated = 8 << 20
const tooLong: Fault = { code: 'too-long', says: issueInWords('too-long') }

type Fields = Record<string, unknown>
const splitNames = /^(?:train|test|valid|validation|dev|eval)/i
const isStrings = (list: unknown): list is string[] =>
  Array.isArray(list) && list.every(name => typeof name === 'string')

/** A row, or what is wrong with one. None is made before it is asked for: of columns and rows there may be many. */
type Made = { readonly value: unknown } | { readonly fault: Fault; readonly raw: string }
type Rows = Iterable<Made>

function* each(values: Iterable<unknown>): Rows {
  for (const value of values) yield { value }
}

/** A table whose columns' names stand beside its rows, as pandas writes it. */
function namedBeside({ columns: names, data }: Fields): Rows | undefined {
  if (!isStrings(names) || !Array.isArray(data) || !data.every(row => Array.isArray(row))) return undefined
  const columns: readonly string[] = names
  const rows: readonly (readonly unknown[])[] = data
  function* made(): Rows {
    for (const row of rows)
      // [reject] A row has what each column says of it, so that rows come to no more than what stands there.
      if (row.length === columns.length) yield { value: Object.fromEntries(columns.map((name, i) => [name, row[i]])) }
      else yield { fault: { code: 'fields', says: `it has ${row.length} fields of ${columns.length}` }, raw: '' }
  }
  return made()
}

/** A table as objects within one, as pandas writes it: columns by row, or rows by name. */
function named(value: Fields): Rows | undefined {
  const parts = Object.values(value)
  const [first] = parts
  if (!isObject(first) || !parts.every(isObject)) return undefined
  const rows = Object.keys(first)
  const isOfColumns = parts.every(part => Object.keys(part).length === rows.length && rows.every(row => row in part))
  const columns = Object.entries(value) as [string, Fields][]
  function* made(): Rows {
    for (const row of rows) yield { value: Object.fromEntries(columns.map(([name, of]) => [name, of[row]])) }
  }
  if (isOfColumns && planFor(Object.keys(value)) !== undefined) return made()
  return planFor(rows) === undefined ? undefined : each(parts)
}

const listsIn = (value: unknown, name: string): readonly unknown[] =>
  isObject(value) && Array.isArray(value[name]) ? (value[name] as unknown[]) : []

/** Rows that stand in others: SQuAD's questions below their passage, and those of the Hub's viewer. */
function* within(list: readonly unknown[], bytes: number): Rows {
  if (list.every(item => isObject(item) && Array.isArray(item['paragraphs']))) {
    let repeated = 0
    for (const passage of list.flatMap(item => listsIn(item, 'paragraphs'))) {
      const context = isObject(passage) ? passage['context'] : ''
      const length = typeof context === 'string' ? context.length : JSON.stringify(context ?? '').length
      for (const asked of listsIn(passage, 'qas')) {
        repeated += length
        // [reject] Each question is a row with its passage.
        if (repeated > freeRepeated && repeated > bytes * mostRepeated)
          throw new FileError(
            'file.bomb',
            `its passages, each with all of its questions, come to more than ${mostRepeated} times its size`,
            'Split its passages into shorter ones, each with the questions that it answers.'
          )
        // What no row may be long enough for is named without it.
        if (length > maxLineBytes) yield { fault: tooLong, raw: '' }
        else yield { value: { context, ...(asked as Fields) } }
      }
    }
  } else if (list.every(item => isObject(item) && isObject(item['row'])))
    for (const item of list) yield { value: (item as Fields)['row'] }
  else yield* each(list)
}

/**
 * Rows in a JSON object: what stands in its one list of objects or in those of its splits, columns as lists of one
 * length, a table of pandas, or itself.
 * @param bytes how large the file is
 */
function rowsIn(value: unknown, bytes: number): Rows {
  if (!isObject(value)) return each([value])
  // What is a row itself has lists, too: its turns.
  const columns = Object.keys(value)
  const turns = ['messages', 'conversations', 'conversation', 'contents']
  if (turns.some(name => Array.isArray(value[name]))) return each([value])
  const table = namedBeside(value)
  if (table !== undefined) return table
  const entries = Object.entries(value)
  const lists = entries.filter(([, list]) => Array.isArray(list) && list.length > 0 && list.every(isObject))
  const only = lists.length === 1 ? lists[0] : lists.find(([name]) => name === 'rows')
  if (only !== undefined && planFor(columns, value) === undefined) return within(only[1] as unknown[], bytes)
  // Splits of a data set: all of them.
  if (lists.length > 0 && (lists.length === entries.length || lists.every(([name]) => splitNames.test(name))))
    return each(lists.flatMap(([, list]) => list as unknown[]))
  const length = Array.isArray(entries[0]?.[1]) ? entries[0][1].length : 0
  function* byColumns(): Rows {
    for (let i = 0; i < length; i++)
      yield { value: Object.fromEntries(entries.map(([key, list]) => [key, (list as unknown[])[i]])) }
  }
  if (length > 0 && entries.every(([, list]) => Array.isArray(list) && list.length === length)) return byColumns()
  return named(value) ?? each([value])
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
  let number = 0
  let some: Found[] = []
  for (const made of rowsIn(json.value, bytes.length)) {
    some.push({ place: { unit: 'row', number: ++number }, ...made })
    if (some.length < batch) continue
    yield some
    some = []
  }
  if (some.length > 0) yield some
}

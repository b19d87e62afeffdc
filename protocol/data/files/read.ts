import { issueInWords } from '../explain.ts'
import { parseShard } from '../lines.ts'
import { mostMessages } from '../types.ts'
import type { ChatMessage, Row } from '../types.ts'
import { openContainer } from './container.ts'
import { lineOf } from './line-of.ts'
import { FileError } from './errors.ts'
import { createLayoutReader } from './layouts/reader.ts'
import { missing } from './layouts/recognise.ts'
import { isFault } from './layouts/texts.ts'
import type { ColumnMap, Fault, FileSource, Found, MappingView, ReadRow } from './types.ts'

/** A file that is being read. */
export interface ReadFile {
  /** In words: "CSV with semicolons, UTF-16 LE". */
  readonly container: string
  readonly columns: readonly string[] | undefined
  readonly notes: readonly string[]
  /** Every record in order, some at a time: as a row, or what is wrong with it. */
  readonly rows: AsyncGenerator<ReadRow[]>
  /** In what ways rows were made, of those read so far. */
  mappings(): MappingView[]
  /** Names of fields seen so far, where there are no columns. */
  fields(): string[]
}

const encoder = new TextEncoder()

export interface ReadOptions {
  /** Which columns are what, where the usual names do not say so. */
  readonly map?: ColumnMap | undefined
  /** Told now and then how many bytes of the file were read. */
  readonly said?: ((bytes: number) => void) | undefined
  /** Rows longer than a Datanet takes are rows, too: for tuning by hand. */
  readonly isAnyLength?: boolean | undefined
}

/** [invalid] A row is what the validators' own reader takes: it is asked, of many lines at once. */
function judged(made: readonly ({ messages: ChatMessage[] } | undefined)[]): Map<number, Row | string> {
  const found = new Map<number, Row | string>()
  // Blank lines keep the numbers.
  const text = made.map(row => (row === undefined ? '' : lineOf(row))).join('\n')
  for (const line of parseShard(encoder.encode(text))) found.set(line.line - 1, 'row' in line ? line.row : line.code)
  return found
}

const tooMany = (turns: number): Fault => ({
  code: 'too-many-turns',
  says: `a row of ${turns} turns, where ${mostMessages} are taken at most`
})
/** What only a Datanet asks of a row. */
const ofLength: ReadonlySet<unknown> = new Set(['text-too-long', 'too-long', 'not-a-row'])

/** How a row that is too long, or empty, is named. */
const wrongRow = (code: string): string =>
  code === 'too-long' ? 'the row is longer than any row may be' : issueInWords(code)

/**
 * Opens a file of rows, whatever container and layout it has: the one reader that contributors, hosts and tuners share.
 * @throws FileError, also while its rows are read
 */
export async function readFile(
  source: FileSource,
  { map, said = () => undefined, isAnyLength = false }: ReadOptions = {}
): Promise<ReadFile> {
  const { container, columns, notes = [], found } = await openContainer(source, map, said)
  const layouts = createLayoutReader(map, columns)
  // [reject] A mapping names columns that are there.
  if (columns !== undefined && map !== undefined) {
    const [absent] = missing(columns, map)
    if (absent !== undefined)
      throw new FileError(
        'file.map',
        `it has no column "${absent}"; its columns are ${columns.slice(0, 30).join(', ')}`,
        'Name columns as they stand there: --map prompt=…,response=….'
      )
  }
  function made(records: readonly Found[]): ReadRow[] {
    const values = records.map(record => ('value' in record ? layouts.make(record.value) : record.fault))
    const rows = judged(values.map(value => (isFault(value) ? undefined : value)))
    return records.map((record, i): ReadRow => {
      const { place } = record
      const value = values[i]
      const row = rows.get(i)
      if (typeof row === 'object') return { place, row }
      if (!isFault(value) && value !== undefined) {
        if (isAnyLength && ofLength.has(row)) return { place, row: { messages: value.messages } }
        if (value.messages.length > mostMessages) return { place, fault: tooMany(value.messages.length), raw: '' }
      }
      const fault = isFault(value) ? value : { code: row ?? 'not-a-row', says: wrongRow(row ?? 'not-a-row') }
      return { place, fault, raw: 'value' in record ? rawOf(record.value) : (record.raw ?? '') }
    })
  }
  async function* rows(): AsyncGenerator<ReadRow[]> {
    for await (const records of found) if (records.length > 0) yield made(records)
  }
  return { container, columns, notes, rows: rows(), mappings: () => layouts.mappings(), fields: () => layouts.fields() }
}

/** What is shown of a record that is no row. */
function rawOf(value: unknown): string {
  try {
    return (
      JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field)) ?? ''
    ).slice(0, 4000)
  } catch {
    return ''
  }
}

import { gzipSync, zstdCompressSync } from 'node:zlib'
import Papa from 'papaparse'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { readFile, sourceOfBytes } from '../../../../protocol/data/files/index.ts'
import type { MappingView, ReadOptions, ReadRow } from '../../../../protocol/data/files/index.ts'
import type { Row } from '../../../../protocol/data/index.ts'

// Rows written in every container, and files read whole.

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
export const pair = (prompt: string, response: string) => ({ prompt, response })
type Pair = ReturnType<typeof pair>
export const rowOf = ({ prompt, response }: Pair): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})

export interface WholeFile {
  readonly container: string
  readonly rows: Row[]
  /** `line 3: …` */
  readonly problems: string[]
  readonly codes: string[]
  readonly places: string[]
  readonly mappings: MappingView[]
  readonly notes: readonly string[]
}

export async function readWhole(name: string, bytes: Uint8Array | string, options?: ReadOptions): Promise<WholeFile> {
  const file = await readFile(sourceOfBytes(name, typeof bytes === 'string' ? encode(bytes) : bytes), options)
  const all: ReadRow[] = []
  for await (const rows of file.rows) all.push(...rows)
  const place = ({ place }: ReadRow): string => `${place.unit} ${place.number}`
  const wrong = all.flatMap(read => ('fault' in read ? [read] : []))
  return {
    container: file.container,
    rows: all.flatMap(read => ('row' in read ? [read.row] : [])),
    problems: wrong.map(read => `${place(read)}: ${read.fault.says}`),
    codes: wrong.map(read => read.fault.code),
    places: all.map(place),
    mappings: file.mappings(),
    notes: file.notes
  }
}

const utf16 = (text: string, unit: 'le' | 'be', mark: boolean): Uint8Array => {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le')
  return unit === 'le' ? bytes : bytes.swap16()
}

/** Text in every encoding that is read; without a mark UTF-16 is told by its letters alone, and ASCII must prevail. */
export const encodings: Readonly<Record<string, (text: string) => Uint8Array>> = {
  'UTF-8': encode,
  'UTF-8 with a mark': text => encode(`\ufeff${text}`),
  'UTF-16 LE': text => utf16(text, 'le', true),
  'UTF-16 BE': text => utf16(text, 'be', true)
}
export const withoutMark = {
  le: (text: string) => utf16(text, 'le', false),
  be: (text: string) => utf16(text, 'be', false)
}

export const packings: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  '': bytes => bytes,
  '.gz': bytes => gzipSync(bytes),
  '.zst': bytes => zstdCompressSync(bytes)
}

const sv = (rows: readonly Pair[], delimiter: string, newline: string): string =>
  `${Papa.unparse([...rows], { delimiter, newline, header: true })}${newline}`

/** Containers of text. */
export const texts: Readonly<Record<string, (rows: readonly Pair[]) => string>> = {
  'rows.jsonl': rows => rows.map(row => JSON.stringify(row)).join('\n'),
  'windows.jsonl': rows => rows.map(row => `${JSON.stringify(row)}\r\n`).join(''),
  'rows.json': rows => JSON.stringify(rows),
  'pretty.json': rows => JSON.stringify(rows, undefined, 2),
  'object.json': rows => JSON.stringify({ data: rows }, undefined, 1),
  'one-line.json': rows => JSON.stringify({ rows }),
  'rows.csv': rows => sv(rows, ',', '\n'),
  'windows.csv': rows => sv(rows, ',', '\r\n'),
  'semicolons.csv': rows => sv(rows, ';', '\n'),
  'rows.tsv': rows => sv(rows, '\t', '\n')
}

export const parquetOf = (
  rows: readonly Record<string, unknown>[],
  options: { codec?: 'SNAPPY' | 'UNCOMPRESSED'; rowGroupSize?: number; pageSize?: number } = {}
): Uint8Array => {
  const names = Object.keys(rows[0] ?? { prompt: '', response: '' })
  const columnData = names.map(name => ({ name, data: rows.map(row => row[name]), type: 'STRING' as const }))
  return new Uint8Array(parquetWriteBuffer({ columnData, ...options }))
}

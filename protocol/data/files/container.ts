import { FileError } from './errors.ts'
import { allOf, chunksOf, peek, sourceOfBytes } from './containers/chunks.ts'
import { jsonArray } from './containers/json-array.ts'
import { jsonLines, jsonOf } from './containers/json-lines.ts'
import { jsonObject } from './containers/json-object.ts'
import { asArray, endOfValue } from './containers/json-values.ts'
import { partsOf, textRecords } from './containers/text.ts'
import { toUtf8, withLineFeeds } from './containers/utf8.ts'
import { gunzip, unzstd } from './containers/compressed.ts'
import { refuseMarkup, refuseOthers, toldBy } from './containers/others.ts'
import { isZstd } from './containers/zstd-frames.ts'
import { isByNumber } from './layouts/mapping.ts'
import { planFor, planOfMap } from './layouts/recognise.ts'
import { isTurns } from './layouts/turns.ts'
import type { ColumnMap, FileSource, Found, Records } from './types.ts'

/** Documents are held whole. */
const mostDocument = 64 << 20
/** Of a stream, to see what it is. */
const peeked = 64 << 10

type Packed = 'gzip' | 'zstd'
type Binary = 'Parquet' | 'PDF' | 'ZIP'

const begins = (bytes: Uint8Array, ...with_: number[]): boolean => with_.every((byte, i) => bytes[i] === byte)

const packedAs = (head: Uint8Array): Packed | undefined => {
  if (begins(head, 0x1f, 0x8b)) return 'gzip'
  return isZstd(head) ? 'zstd' : undefined
}
const binaryAs = (head: Uint8Array): Binary | undefined => {
  if (begins(head, 0x50, 0x41, 0x52, 0x31)) return 'Parquet'
  // Blanks may stand before it.
  const first = head.findIndex(byte => byte !== 0x0a && byte !== 0x0d && byte !== 0x20)
  if (begins(head.subarray(Math.max(first, 0)), 0x25, 0x50, 0x44, 0x46, 0x2d)) return 'PDF'
  return begins(head, 0x50, 0x4b, 0x03, 0x04) ? 'ZIP' : undefined
}
/** Whether a file is of a kind whose reading strangers can make costly: unpacked, or read by a large library. */
export const isCostly = (head: Uint8Array): boolean => packedAs(head) !== undefined || binaryAs(head) !== undefined

/** Opens a file as records, whatever it is. @throws FileError */
export async function openContainer(
  source: FileSource,
  map: ColumnMap | undefined,
  said: (bytes: number) => void
): Promise<Records> {
  // Which kind it is cannot be told, and need not be.
  if (source.size === 0) return { container: 'an empty file', found: none() }
  const head = await source.slice(0, Math.min(source.size, toldBy))
  const packed = packedAs(head)
  const binary = binaryAs(head)
  if (packed !== undefined) return unpacked(source, packed, map, said)
  if (binary !== undefined) return binaryRecords(source, binary, map, said)
  refuseOthers(head)
  return textual(chunksOf(source, said), source.name, map)
}

async function* none(): AsyncGenerator<Found[]> {
  yield []
}

async function unpacked(
  source: FileSource,
  packed: Packed,
  map: ColumnMap | undefined,
  said: (bytes: number) => void
): Promise<Records> {
  const name = source.name.replace(/\.(gz|gzip|zst|zstd)$/i, '')
  const chunks = chunksOf(source, said)
  const { head: inner, whole } = await peek(packed === 'gzip' ? gunzip(chunks) : unzstd(chunks), toldBy)
  // [reject] One packing is enough.
  if (packedAs(inner) !== undefined) throw new FileError('file.format', 'it is packed twice', 'Unpack it once.')
  const binary = binaryAs(inner)
  if (binary === undefined) refuseOthers(inner)
  const tooLarge = (): Error =>
    new FileError(
      'file.format',
      `a ${binary} of more than ${mostDocument >> 20} MiB is packed in it`,
      'Unpack it first.'
    )
  const records =
    binary === undefined
      ? await textual(whole, name, map)
      : await binaryRecords(sourceOfBytes(name, await allOf(whole, mostDocument, tooLarge)), binary, map, said)
  return { ...records, container: `${records.container}, packed by ${packed}` }
}

/** Columns that rows are made of; all of them where none is known, to say what there is. */
function pickFor(map: ColumnMap | undefined) {
  return (columns: readonly string[]): ReadonlySet<string> => {
    const plan = map === undefined || map.layout !== undefined ? planFor(columns) : planOfMap(columns, map)
    // A column called like turns may hold none: then its rows are a question and an answer.
    const instead = map === undefined ? planFor(columns.filter(column => plan?.used.has(column) !== true)) : undefined
    const names = [...(plan?.used ?? columns), ...(instead?.used ?? [])]
    return new Set(names.flatMap(name => (columns.includes(name) ? [name] : [name.split('.')[0] ?? name])))
  }
}

async function binaryRecords(
  source: FileSource,
  binary: Binary,
  map: ColumnMap | undefined,
  said: (bytes: number) => void
): Promise<Records> {
  if (binary === 'Parquet') {
    const { parquet } = await import('./containers/parquet.ts')
    return parquet(source, pickFor(map), said)
  }
  if (source.size > mostDocument)
    throw new FileError(
      'file.format',
      `it is a ${binary} file of more than ${mostDocument >> 20} MiB`,
      'Split it, or give its rows as JSONL, CSV or Parquet.'
    )
  const bytes = await source.slice(0, source.size)
  said(source.size)
  if (binary === 'PDF') {
    const { pdfParts } = await import('./containers/pdf.ts')
    return textRecords(await pdfParts(bytes), 'PDF', map)
  }
  const { docxParts } = await import('./containers/docx.ts')
  return textRecords(docxParts(bytes), 'DOCX document', map)
}

const decoder = new TextDecoder('utf-8')
/** `{"rows": [{`: a data set in one object, whatever its lines are. */
const wrapped = /^\s*\{\s*"(?!messages"|conversations?")[^"\\]{1,60}"\s*:\s*\[\s*\{/

type JsonKind = 'lines' | 'array' | 'object' | 'values'

const isJson = (text: string): boolean => 'value' in jsonOf(text)

/** Which way of writing rows in JSON a text has, by its name and its beginning; undefined where it begins like none. */
function jsonKind(ending: string, text: string, first: string, isWhole: boolean): JsonKind | undefined {
  const isOfLines = ending === 'jsonl' || ending === 'ndjson'
  const more = text.slice(first.length).trimStart()
  if (text.startsWith('[')) {
    // Lines that are arrays each are JSONL of turns; an array of rows has its end elsewhere.
    if (!isOfLines) return isJson(first) && more.startsWith('[') ? 'lines' : 'array'
    const line = jsonOf(first)
    if ('value' in line) return more === '' && Array.isArray(line.value) && !isTurns(line.value) ? 'array' : 'lines'
    return first.trim() === '[' || isJson(`${first.trim().replace(/,$/, '')}]`) ? 'array' : 'lines'
  }
  if (!text.startsWith('{')) return undefined
  if (wrapped.test(text) && !isOfLines) return 'object'
  if (isJson(first)) return more === '' && ending === 'json' && isWhole ? 'object' : 'lines'
  // Over several lines: one value, or one after another. A line that is broken makes no values of those after it.
  const end = endOfValue(text)
  if (end !== undefined && end > first.length && isJson(text.slice(0, end)) && text.slice(end).trim() !== '')
    return 'values'
  // A line of many that is broken.
  if (more.startsWith('{') && first.trimEnd().endsWith('}')) return 'lines'
  if (ending === 'json' || (ending === '' && isWhole && isJson(text))) return 'object'
  return isOfLines && isWhole && isJson(text) ? 'object' : 'lines'
}

/** What a text is, by its name and its beginning. */
function textKind(
  name: string,
  start: string,
  isWhole: boolean,
  map: ColumnMap | undefined
): JsonKind | 'csv' | 'tsv' | 'text' | 'markdown' {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? ''
  if (ending === 'csv') return 'csv'
  if (ending === 'tsv' || ending === 'tab') return 'tsv'
  if (ending === 'md' || ending === 'markdown') return 'markdown'
  const trimmed = start.trimStart()
  const [first = ''] = trimmed.split('\n', 1)
  const json = jsonKind(ending, trimmed, first, isWhole)
  if (json !== undefined) return json
  if (ending === 'jsonl' || ending === 'ndjson' || ending === 'json') return 'lines'
  // Who says which column is which has a table.
  if (map !== undefined && map.layout === undefined) return 'csv'
  if (ending === 'txt' || ending === 'text') {
    // Tables are saved as .txt, too.
    const names = first.split('\t').map(column => column.trim())
    return names.length > 1 && planFor(names) !== undefined ? 'tsv' : 'text'
  }
  const names = first.split(/[,;\t|]/).map(column => column.trim().replaceAll('"', ''))
  if (names.length > 1 && planFor(names) !== undefined) return 'csv'
  return ending === '' ? 'lines' : 'text'
}

async function textual(chunks: AsyncGenerator<Uint8Array>, name: string, map: ColumnMap | undefined): Promise<Records> {
  const { encoding: letters, chunks: utf8 } = await toUtf8(chunks)
  const { head: begun, whole: rest, ended } = await peek(utf8, peeked)
  const hasReturns = begun.includes(0x0d) && !begun.includes(0x0a)
  const encoding = hasReturns ? `${letters}, lines that end with CR` : letters
  const head = hasReturns ? begun.map(byte => (byte === 0x0d ? 0x0a : byte)) : begun
  const whole = hasReturns ? withLineFeeds(rest) : rest
  const start = decoder.decode(head)
  refuseMarkup(start)
  const kind = textKind(name, start, ended, map)
  switch (kind) {
    case 'lines':
      return { container: `JSONL, ${encoding}`, found: jsonLines(whole) }
    case 'array':
      return { container: `JSON array, ${encoding}`, found: jsonArray(whole) }
    case 'values':
      return { container: `JSON values, ${encoding}`, found: jsonArray(asArray(whole)) }
    case 'object':
      return { container: `JSON object, ${encoding}`, found: jsonObject(whole) }
    case 'csv':
    case 'tsv': {
      const { csv } = await import('./containers/csv.ts')
      return csv(whole, encoding, { isTabbed: kind === 'tsv', hasHeader: !isByNumber(map) })
    }
    case 'text':
    case 'markdown':
      return textRecords(await partsOf(whole), `${kind === 'text' ? 'text' : 'Markdown'}, ${encoding}`, map)
  }
}

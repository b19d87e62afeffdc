import type { RowGroup, SchemaTree } from 'hyparquet'
import { parquetHeader, readPage } from 'hyparquet/src/column.js'
import { assembleNested } from 'hyparquet/src/assemble.js'
import { convert } from 'hyparquet/src/convert.js'
import { parquetMetadataAsync, parquetSchema } from 'hyparquet/src/metadata.js'
import { getTreePath } from 'hyparquet/src/schema.js'
import { decompressGzip, compressors as usual } from 'hyparquet-compressors'
import { decompress as decompressZstd } from 'fzstd'
import { FileError, damaged } from '../errors.ts'
import type { FileSource, Found, Records } from '../types.ts'
import { exactly, parsers } from './parquet-values.ts'

// Read page by page: a row group may be a gigabyte, a page is about one megabyte. The library's own reader takes a
// whole column of a row group at once.

type Decoder = Parameters<typeof readPage>[2]
type Values = unknown[]

/** [reject] A page is no larger, packed or not, and has no more values: writers make pages of a megabyte. */
const mostPage = 64 << 20
const mostValues = 4 << 20
/** [reject] What a file says about itself is no longer. */
const mostMetadata = 64 << 20
/** Enough for the header of any page: statistics in it are short. */
const headerBytes = 64 << 10
/** Rows handed on at once. */
const batch = 128

/** [reject] A page unpacks into the bytes that it says it has, and into no others. */
const compressors = {
  ...usual,
  GZIP: decompressGzip,
  ZSTD: (input: Uint8Array, length: number) => decompressZstd(input, new Uint8Array(length))
}

const tooLarge = (what: string): FileError =>
  new FileError('file.bomb', `the Parquet file has ${what}`, 'Write it again with pages of about a megabyte.')

/** The values of one column of a row group, page after page; of nested ones, whole rows only. */
async function* columnPages(source: FileSource, stored: Decoder, from: number, to: number): AsyncGenerator<Values> {
  const { decoder, of } = exactly(stored)
  let dictionary: Values | undefined
  /** The last row, which the next page may go on with. */
  let open: Values | undefined
  const isNested = decoder.schemaPath.some(({ element }) => element.repetition_type === 'REPEATED')
  for (let at = from; at < to - 1;) {
    const head = await source.slice(at, Math.min(to, at + headerBytes))
    const reader = { view: viewOf(head), offset: 0 }
    const header = parquetHeader(reader)
    requireSound(header)
    const begin = at + reader.offset
    at = begin + header.compressed_page_size
    if (at > source.size) throw new Error('a page goes beyond the end of the file')
    const page = await source.slice(begin, at)
    const content = { view: viewOf(page), offset: 0 }
    if (header.type === 'DICTIONARY_PAGE') {
      const { data } = readPage(content, header, decoder, undefined, undefined, 0)
      dictionary = data === undefined ? undefined : (convert(data, decoder) as Values)
      continue
    }
    const before = open
    const { data } = readPage(content, header, decoder, dictionary as never, before as never, 0)
    if (data === undefined) continue
    const rows = data as Values
    if (!isNested) yield Array.from(rows, of)
    else {
      open = rows.splice(-1)
      if (rows.length > 0) yield rows.map(of)
    }
  }
  if (open !== undefined) yield open.map(of)
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/**
 * [reject] A page says how large it is, how many values it has, and how they are written: the library believes it.
 * @throws FileError `file.bomb` · Error for what is none
 */
function requireSound(header: ReturnType<typeof parquetHeader>): void {
  const { compressed_page_size: packed, uncompressed_page_size: unpacked, data_page_header_v2: v2 } = header
  const page =
    header.type === 'DICTIONARY_PAGE'
      ? header.dictionary_page_header
      : header.type === 'DATA_PAGE'
        ? header.data_page_header
        : v2
  const counts = [packed, unpacked, page?.num_values]
  if (header.type === 'DATA_PAGE_V2')
    counts.push(v2?.num_rows, v2?.num_nulls, v2?.definition_levels_byte_length, v2?.repetition_levels_byte_length)
  if (page === undefined || page.encoding === undefined || !counts.every(isCount)) throw new Error('a page is not told')
  if (Math.max(...counts.map(Number)) > mostPage || page.num_values > mostValues)
    throw tooLarge(`a page of ${unpacked} bytes and ${page.num_values} values`)
  if (
    v2 !== undefined &&
    header.type === 'DATA_PAGE_V2' &&
    (v2.num_nulls > v2.num_values || v2.num_rows > v2.num_values)
  )
    throw new Error('a page has more rows than values')
}

const viewOf = (bytes: Uint8Array): DataView => {
  // A page must be alone in its buffer: the library makes arrays from the buffer itself.
  const own = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
  return new DataView(own.buffer)
}

/** The pages of a leaf column, taken in rows. */
class Leaf {
  readonly path: string
  private readonly pages: AsyncGenerator<Values>
  private page: Values = []
  private at = 0
  constructor(path: string, pages: AsyncGenerator<Values>) {
    this.path = path
    this.pages = pages
  }
  /** Rows that can be taken now; 0 at the end. */
  async ready(): Promise<number> {
    while (this.at >= this.page.length) {
      const { value, done } = await this.pages.next()
      if (done === true) return 0
      this.page = value
      this.at = 0
    }
    return this.page.length - this.at
  }
  take(rows: number): Values {
    const taken = Array.from(this.page.slice(this.at, this.at + rows))
    this.at += rows
    return taken
  }
}

/** Leaves of a row group that stand below one of the wanted columns. */
function leavesOf(source: FileSource, tree: SchemaTree, group: RowGroup, wanted: ReadonlySet<string>): Leaf[] {
  return group.columns.flatMap(({ meta_data: meta, file_path: elsewhere }) => {
    if (meta === undefined) throw new Error('a column is encrypted')
    const [top = ''] = meta.path_in_schema
    if (!wanted.has(top)) return []
    if (elsewhere !== undefined) throw new Error('a column stands in another file')
    const schemaPath = getTreePath(tree, meta.path_in_schema)
    const { element } = schemaPath.at(-1) ?? tree
    const [data, dictionary] = [Number(meta.data_page_offset), Number(meta.dictionary_page_offset ?? 0)]
    const from = dictionary > 0 && dictionary < data ? dictionary : data
    const to = from + Number(meta.total_compressed_size)
    if (!(from >= 4 && to <= source.size)) throw new Error(`column ${top} goes beyond the end of the file`)
    const decoder: Decoder = {
      pathInSchema: meta.path_in_schema,
      element,
      schemaPath,
      type: meta.type,
      codec: meta.codec,
      parsers,
      compressors
    }
    return [new Leaf(meta.path_in_schema.join('.'), columnPages(source, decoder, from, to))]
  })
}

/** The rows of one row group as objects, some hundred at a time. */
async function* groupRows(
  source: FileSource,
  tree: SchemaTree,
  group: RowGroup,
  wanted: ReadonlySet<string>
): AsyncGenerator<Record<string, unknown>[]> {
  const leaves = leavesOf(source, tree, group, wanted)
  const columns = tree.children.filter(({ element }) => wanted.has(element.name))
  for (;;) {
    const ready = await Promise.all(leaves.map(leaf => leaf.ready()))
    const rows = Math.min(batch, ...ready)
    if (leaves.length === 0 || rows === 0) {
      if (ready.some(left => left > 0)) throw new Error('its columns have different numbers of rows')
      return
    }
    const parts = new Map<string, Values>(leaves.map(leaf => [leaf.path, leaf.take(rows)]))
    for (const column of columns) if (column.children.length > 0) assembleNested(parts, column, parsers)
    yield Array.from({ length: rows }, (_, i) =>
      Object.fromEntries(columns.map(({ element: { name } }) => [name, parts.get(name)?.[i]]))
    )
  }
}

/**
 * Records of a Parquet file.
 * @param pick names of the columns that are read, of those there are: what nobody needs is not looked at
 * @throws FileError `file.damaged`, `file.bomb`
 */
export async function parquet(
  source: FileSource,
  pick: (columns: readonly string[]) => ReadonlySet<string>,
  said: (bytes: number) => void
): Promise<Records> {
  try {
    const end = await source.slice(Math.max(0, source.size - 8), source.size)
    const length = end.length === 8 ? viewOf(end).getUint32(0, true) : 0
    if (length + 8 > source.size) throw new Error('it ends too early')
    if (length > mostMetadata) throw tooLarge(`${length} bytes about itself`)
    const file = {
      byteLength: source.size,
      slice: async (from: number, to = source.size) => viewOf(await source.slice(from, to)).buffer as ArrayBuffer
    }
    const metadata = await parquetMetadataAsync(file, { geoparquet: false })
    const tree = parquetSchema(metadata)
    const columns = tree.children.map(({ element }) => element.name)
    const wanted = pick(columns)
    async function* found(): AsyncGenerator<Found[]> {
      let number = 0
      try {
        for (const group of metadata.row_groups) {
          // Writers of an empty table say of its columns that they stand nowhere.
          if (Number(group.num_rows) === 0) continue
          const before = number
          for await (const rows of groupRows(source, tree, group, wanted)) {
            yield rows.map((value): Found => ({ place: { unit: 'row', number: ++number }, value }))
            // Rows say how far it has come: what stands in the columns that are not read is not known.
            said(Math.min(source.size, Math.round((number / Math.max(1, Number(metadata.num_rows))) * source.size)))
          }
          if (number - before !== Number(group.num_rows))
            throw new Error(`it says ${group.num_rows} rows and has ${number - before}`)
        }
      } catch (cause) {
        throw damaged('Parquet file', cause)
      }
    }
    return { container: 'Parquet', columns, found: found() }
  } catch (cause) {
    throw damaged('Parquet file', cause)
  }
}

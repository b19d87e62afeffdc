import Papa from 'papaparse'
import { decodeUtf8, maxLineBytes } from '../../lines.ts'
import { issueInWords } from '../../explain.ts'
import type { Fault, Found, Records } from '../types.ts'
import { FileError, saveAsUtf8 } from '../errors.ts'
import { mostColumns, planFor } from '../layouts/recognise.ts'
import { peek } from './chunks.ts'

// The parser works on text, and what the bytes are must not be lost on the way: it is given one character a byte, and
// each field is decoded by itself. All that CSV is made of is ASCII.

const delimiters = { ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars' } as const
type Delimiter = keyof typeof delimiters

const latin1 = new TextDecoder('latin1')
/** What the platform's latin1 makes of bytes above 7f is Windows-1252; those are put back. */
function binaryOf(bytes: Uint8Array): string {
  if (bytes.every(byte => byte < 0x80)) return latin1.decode(bytes)
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
function fieldOf(binary: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- ASCII is its own UTF-8
  if (/^[\x00-\x7f]*$/.test(binary)) return binary
  return decodeUtf8(Uint8Array.from(binary, letter => letter.charCodeAt(0)))
}

const endless: Fault = { code: 'too-long', says: 'a quote that opens there does not close, or the record has no end' }
/** @param last the line at which it ends */
const quotes = ({ line, last }: Raw): Fault => ({
  code: 'quotes',
  says: `its quotes do not fit together${last > line ? `, so that it goes on to line ${last}` : ''}`
})
const blankBefore: Fault = { code: 'quotes', says: 'a blank stands before the quote that opens a field' }
/** Of a field without what is blank at its end. */
const blankAndQuote = /^ +"[^"]*"?$/
const notUtf8: Fault = { code: 'not-utf8', says: issueInWords('not-utf8') }
/** Between two commas that quotes surround, and beyond which nothing good comes. */
const mostRecord = 2 * maxLineBytes

/** Blanks in a row, and quotes, of what is read at once: of more of both nothing good comes. */
const mostBlanks = 512
const mostQuotes = 512
/** The parser looks for each quote through all blanks before the next field: so many of both would never end. */
function isTangled(text: string): boolean {
  let [quoted, blanks, longest] = [0, 0, 0]
  for (let at = 0; at < text.length; at++) {
    const letter = text.charCodeAt(at)
    if (letter === 0x22) quoted++
    blanks = letter === 0x20 || (letter >= 0x09 && letter <= 0x0d) || letter === 0xa0 ? blanks + 1 : 0
    if (blanks > longest) longest = blanks
  }
  return quoted > mostQuotes && longest > mostBlanks
}

/** Lines that other tools write above a table, to say what is in it. */
const remarksAbove = /^(?:(?:#[^\t,;|\n]*|[ \r]*)\n)+/
/** What spreadsheets write above a table to say what its fields are divided by. */
const saidDelimiter = /^sep=([,;\t|])\r?\n/i

/** The one by which the first line names a row's columns, or that the first lines have most evenly. */
function guessDelimiter(sample: string): Delimiter {
  const found = (Object.keys(delimiters) as Delimiter[]).find(delimiter => {
    const [names = []] = Papa.parse<string[]>(sample, { preview: 1, delimiter, skipEmptyLines: 'greedy' }).data
    return names.length > 1 && planFor(names.map(name => name.trim())) !== undefined
  })
  if (found !== undefined) return found
  const { meta } = Papa.parse(sample, {
    preview: 20,
    skipEmptyLines: 'greedy',
    delimitersToGuess: Object.keys(delimiters)
  })
  return meta.delimiter in delimiters ? (meta.delimiter as Delimiter) : ','
}

interface Raw {
  readonly line: number
  /** The line at which it ends. */
  readonly last: number
  readonly fields: readonly string[]
  readonly isBroken: boolean
}

const withoutReturn = (fields: readonly string[]): string[] =>
  fields.map((field, i) => (i === fields.length - 1 && field.endsWith('\r') ? field.slice(0, -1) : field))

/** Lines whose fields tabs divide, quotes being letters like others. */
const plain = (text: string, line: number): Raw[] =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((one, i) => ({ line: line + i, last: line + i, fields: withoutReturn(one.split('\t')), isBroken: false }))

/** Names of columns that differ: the second of one name is told by its number, and not taken for the first. */
function distinct(names: readonly string[]): string[] {
  const given = new Set(names)
  const taken = new Set<string>()
  /** The number that the next of a name is given. */
  const next = new Map<string, number>()
  return names.map(name => {
    let own = name
    let number = next.get(name) ?? 2
    for (; taken.has(own) || (own !== name && given.has(own)); number++) own = `${name} ${number}`
    next.set(name, number)
    taken.add(own)
    return own
  })
}

/** Records as fields, with the line at which each begins; ends with `undefined` where one has no end. */
async function* rawRecords(chunks: AsyncIterable<Uint8Array>, delimiter: string): AsyncGenerator<(Raw | undefined)[]> {
  let held = ''
  let line = 1
  const parse = (isLast: boolean): Raw[] => {
    const raws: Raw[] = []
    let from = 0
    const parser = new Papa.Parser({
      delimiter,
      // A line ends with LF; a CR before it is taken away below, where it is not within quotes.
      newline: '\n',
      step({ data, errors, meta }: { data: string[][]; errors: { code: string }[]; meta: { cursor: number } }) {
        const [fields] = data
        const begin = line
        const isBroken = errors.length > 0
        const text = held.slice(from, meta.cursor)
        for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) line++
        from = meta.cursor
        if (fields === undefined) return
        // Between tabs most people write quotes as letters: what does not fit together is no quoting.
        if (isBroken && delimiter === '\t') for (const one of plain(text, begin)) raws.push(one)
        else {
          const isEnded = text.endsWith('\n')
          raws.push({ line: begin, last: isEnded ? line - 1 : line, fields: withoutReturn(fields), isBroken })
        }
      }
    } as never)
    parser.parse(held, 0, !isLast)
    held = held.slice(from)
    return raws
  }
  for await (const chunk of chunks) {
    held += binaryOf(chunk)
    if (isTangled(held)) {
      yield [undefined]
      return
    }
    const raws = parse(false)
    if (held.length > mostRecord) {
      yield [...raws, undefined]
      return
    }
    if (raws.length > 0) yield raws
  }
  if (held !== '') yield parse(true)
}

const isBlank = ({ fields }: Raw): boolean => fields.every(field => field.trim() === '')

/**
 * Records of CSV, TSV and their kin: objects by the names in the first line, or by numbers from 1 where there is no
 * such line.
 * @param hasHeader whether the first line names the columns
 */
export async function csv(
  chunks: AsyncGenerator<Uint8Array>,
  encoding: string,
  { isTabbed, hasHeader }: { isTabbed: boolean; hasHeader: boolean }
): Promise<Records> {
  const { head, whole } = await peek(chunks, 64 << 10)
  const sample = binaryOf(head).replace(remarksAbove, '')
  const said = isTabbed ? undefined : (saidDelimiter.exec(sample)?.[1] as Delimiter | undefined)
  const delimiter = isTabbed ? '\t' : (said ?? guessDelimiter(sample))
  const raws = rawRecords(whole, delimiter)
  let first: Raw | undefined
  let rest: (Raw | undefined)[] = []
  let remarks = 0
  // What stands above a table is none of its records: what divides its fields, and what others say of it.
  const isAbove = (raw: Raw): boolean => {
    if (isBlank(raw) || (said !== undefined && raw.line === 1)) return true
    const isRemark = raw.fields.length === 1 && raw.fields[0]?.startsWith('#') === true && sample.includes(delimiter)
    if (isRemark) remarks++
    return isRemark
  }
  while (first === undefined) {
    const { value, done } = await raws.next()
    if (done === true) break
    const at = value.findIndex(raw => raw === undefined || !isAbove(raw))
    if (at === -1) continue
    first = value[at]
    rest = value.slice(first === undefined ? at : at + 1)
    if (first === undefined) break
  }
  const width = first?.fields.length ?? 0
  // [reject] What has no end of columns is none of rows, and each of its records would be looked through for all.
  if (width > mostColumns)
    throw new FileError(
      'file.format',
      `its first line has ${width} fields, where a table of rows has ${mostColumns} at most`,
      'Keep the columns of questions and answers, and leave out the others.'
    )
  const named = (first?.fields ?? []).map(fieldOf)
  // [reject] Names that are no text name nothing.
  if (hasHeader && named.includes(undefined))
    throw new FileError('file.encoding', 'the names of its columns are no UTF-8 text', saveAsUtf8)
  const names = hasHeader
    ? distinct(named.map((name, i) => (name ?? '').trim() || String(i + 1)))
    : Array.from({ length: width }, (_, i) => String(i + 1))

  const foundOf = (raw: Raw | undefined): Found[] => {
    if (raw === undefined) return [{ place: { unit: 'line', number: at }, fault: endless }]
    at = raw.last + 1
    if (isBlank(raw)) return []
    const place = { unit: 'line', number: raw.line } as const
    const fields = raw.fields.map(fieldOf)
    const shown = fields
      .map(field => field ?? '\ufffd')
      .join(delimiter)
      .slice(0, 400)
    if (fields.includes(undefined)) return [{ place, fault: notUtf8, raw: shown }]
    if (raw.isBroken) return [{ place, fault: quotes(raw), raw: shown }]
    if (delimiter !== '\t' && fields.some((field, i) => i > 0 && blankAndQuote.test((field ?? '').trimEnd())))
      return [{ place, fault: blankBefore, raw: shown }]
    // [invalid] A record has a field for each column; empty ones at its end may be missing or too many.
    const extra = fields.slice(names.length)
    if (extra.some(field => field !== ''))
      return [
        { place, fault: { code: 'fields', says: `it has ${fields.length} fields of ${names.length}` }, raw: shown }
      ]
    // Of a short record what is there: its columns may be a thousand times as many.
    const own = fields.slice(0, names.length).map((field, i): [string, string] => [names[i] ?? '', field ?? ''])
    return [{ place, value: Object.fromEntries(own), raw: shown } as Found]
  }
  let at = 1
  async function* found(): AsyncGenerator<Found[]> {
    const begun = hasHeader || first === undefined ? rest : [first, ...rest]
    if (begun.length > 0) yield begun.flatMap(foundOf)
    for await (const some of raws) yield some.flatMap(foundOf)
  }
  return {
    container: `${isTabbed ? 'TSV' : `CSV with ${delimiters[delimiter]}`}, ${encoding}`,
    columns: names,
    ...(remarks > 0 ? { notes: [`${remarks} lines above its columns' names, which begin with #, are left out`] } : {}),
    found: found()
  }
}

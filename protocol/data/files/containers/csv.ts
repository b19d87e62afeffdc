import Papa from 'papaparse'
import { decodeUtf8, maxLineBytes } from '../../lines.ts'
import { issueInWords } from '../../explain.ts'
import type { Fault, Found, Records } from '../types.ts'
import { planFor } from '../layouts/recognise.ts'
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
const quotes: Fault = { code: 'quotes', says: 'its quotes do not fit together' }
const notUtf8: Fault = { code: 'not-utf8', says: issueInWords('not-utf8') }
/** Between two commas that quotes surround, and beyond which nothing good comes. */
const mostRecord = 2 * maxLineBytes

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
  readonly fields: readonly string[]
  readonly isBroken: boolean
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
        if (fields !== undefined) {
          const last = fields.length - 1
          const trimmed = fields.map((field, i) => (i === last && field.endsWith('\r') ? field.slice(0, -1) : field))
          raws.push({ line, fields: trimmed, isBroken: errors.length > 0 })
        }
        for (let at = held.indexOf('\n', from); at !== -1 && at < meta.cursor; at = held.indexOf('\n', at + 1)) line++
        from = meta.cursor
      }
    } as never)
    parser.parse(held, 0, !isLast)
    held = held.slice(from)
    return raws
  }
  for await (const chunk of chunks) {
    held += binaryOf(chunk)
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
  const delimiter = isTabbed ? '\t' : guessDelimiter(binaryOf(head))
  const raws = rawRecords(whole, delimiter)
  let first: Raw | undefined
  let rest: (Raw | undefined)[] = []
  while (first === undefined) {
    const { value, done } = await raws.next()
    if (done === true) break
    const at = value.findIndex(raw => raw === undefined || !isBlank(raw))
    if (at === -1) continue
    first = value[at]
    rest = value.slice(first === undefined ? at : at + 1)
    if (first === undefined) break
  }
  const width = first?.fields.length ?? 0
  const names = hasHeader
    ? (first?.fields ?? []).map((field, i) => (fieldOf(field) ?? '').trim() || String(i + 1))
    : Array.from({ length: width }, (_, i) => String(i + 1))

  const foundOf = (raw: Raw | undefined): Found[] => {
    if (raw === undefined) return [{ place: { unit: 'line', number: at }, fault: endless }]
    at = raw.line + 1
    if (isBlank(raw)) return []
    const place = { unit: 'line', number: raw.line } as const
    const fields = raw.fields.map(fieldOf)
    const shown = fields
      .map(field => field ?? '\ufffd')
      .join(delimiter)
      .slice(0, 400)
    if (fields.includes(undefined)) return [{ place, fault: notUtf8, raw: shown }]
    if (raw.isBroken) return [{ place, fault: quotes, raw: shown }]
    // [invalid] A record has a field for each column; empty ones at its end may be missing or too many.
    const extra = fields.slice(names.length)
    if (extra.some(field => field !== ''))
      return [
        { place, fault: { code: 'fields', says: `it has ${fields.length} fields of ${names.length}` }, raw: shown }
      ]
    return [{ place, value: Object.fromEntries(names.map((name, i) => [name, fields[i] ?? ''])), raw: shown } as Found]
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
    found: found()
  }
}

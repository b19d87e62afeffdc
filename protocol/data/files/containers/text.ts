import type { ColumnMap, Fault, Found, Place, Records } from '../types.ts'
import { FileError } from '../errors.ts'
import { linesOf, rawOf, textOf } from './lines.ts'

// Questions and answers in running text: written as such (Q: … A: …), as headings with what stands under them, or as a
// table.

/** A line of text or a paragraph of a document; of a table, a row of it. */
export type TextPart =
  | { readonly place: Place; readonly text: string; readonly heading?: true; readonly isCode?: boolean }
  | { readonly place: Place; readonly cells: readonly string[] }
  | { readonly place: Place; readonly fault: Fault; readonly raw: string }

/** Text is held whole, to see of which kind it is. */
const mostBytes = 64 << 20
/** Each line, though there be nothing in it, takes what a hundred letters do. */
const mostLines = 1 << 20

const mark = String.raw`(?:\*\*|__|[*_])?`
// Behind a list's mark: \u2022 is a bullet.
const before = String.raw`^\s*(?:[-+*>\u2022]\s+|#{1,6}\s+|\d{1,4}[.)]\s+)?(${mark})`
const questionWords = 'Q|Question|User|Human|Prompt|Instruction|Frage|F|Pregunta|P|Domanda|Вопрос|问题?|質問'
const answerWords = 'A|Answer|Assistant|AI|Bot|Response|Antwort|Respuesta|R|Réponse|Risposta|Ответ|答案?|回答'
// Text goes on to its end, whatever is in it: an end that may be none is looked for again behind each of its blanks.
// \uff1a is the wide colon.
const after = String.raw`\s?\d{0,4}(${mark})\s?[:\uff1a.)](${mark})(.*)$`
const asks = new RegExp(`${before}(?:${questionWords})${after}`, 'ius')
const answers = new RegExp(`${before}(?:${answerWords})${after}`, 'ius')
/** What a heading says, without the marks before and after it; undefined for any other line. */
function titleIn(text: string): string | undefined {
  const [marks] = /^#{1,6}\s+(?=\S)/.exec(text) ?? []
  if (marks === undefined) return undefined
  const title = text.slice(marks.length).trimEnd()
  let end = title.length
  while (end > 1 && title[end - 1] === '#') end--
  return title.slice(0, end).trimEnd()
}
const isRule = (text: string): boolean => /^\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?$/.test(text.trim())
/** Cells of a table's first row, at most; and so many that a shorter row is filled up with. */
const mostCells = 4096
const mostFilled = 16
/** The first sentence of a passage and what follows it. */
const sentence = /^(.{8,}?[.!?。！？…])["'”’)]*\s*(\S.*)$/su

type Pair = { place: Place; prompt: string[]; response: string[] | undefined }

type Line = Extract<TextPart, { text: string }>
const isText = (part: TextPart): part is Line => 'text' in part
/** What a line may be by its marks: in code none of them means anything. */
const marked = ({ text, isCode }: Line): string => (isCode === true ? '' : text)

const fence = /^\s{0,3}(`{3,}|~{3,})/
/** Lines with those in code told: between a fence and the one that closes it. */
function withCode(parts: readonly TextPart[]): TextPart[] {
  let open: { at: number; mark: string } | undefined
  const code = new Set<number>()
  for (const [at, part] of parts.entries()) {
    const [, mark = ''] = isText(part) ? (fence.exec(part.text) ?? []) : []
    if (mark === '') continue
    if (open === undefined) open = { at, mark }
    else if (mark.startsWith(open.mark) && isText(part) && part.text.trim() === mark) {
      for (let line = open.at; line <= at; line++) code.add(line)
      open = undefined
    }
  }
  return code.size === 0 ? [...parts] : parts.map((part, at) => (code.has(at) ? { ...part, isCode: true } : part))
}

/** `**Q: Fe?**` is set in bold as a whole: what closes it is none of the question. What none opened closes none. */
function withoutMark([, opening = '', beforeColon = '', afterColon = '', rest = '']: RegExpExecArray): string {
  const isOpen = opening !== '' && beforeColon === ''
  const isClosed = isOpen && afterColon === opening
  // A mark behind the colon that closes nothing is the text's own.
  const text = (isClosed ? rest : afterColon + rest).trimStart()
  const end = text.trimEnd()
  return isOpen && !isClosed && end.endsWith(opening) && end.split(opening).length % 2 === 0
    ? end.slice(0, -opening.length)
    : text
}
const cellsIn = (line: string): string[] =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map(cell => cell.replaceAll('\\|', '|').trim())

const textIn = (lines: readonly string[]): string => lines.join('\n').trim()
const recordOf = ({ place, prompt, response }: Pair, what: string): Found =>
  response === undefined || textIn(response) === ''
    ? { place, fault: { code: 'no-answer', says: `${what} without an answer` }, raw: textIn(prompt).slice(0, 400) }
    : { place, value: { question: textIn(prompt), answer: textIn(response) } }

/** Rows written as questions and answers, each begun by a word and a colon. */
function written(parts: readonly TextPart[]): { found: Found[]; left: number } {
  const found: Found[] = []
  let left = 0
  let open: Pair | undefined
  const close = (): void => {
    if (open !== undefined) found.push(recordOf(open, 'a question'))
    open = undefined
  }
  for (const part of parts) {
    if ('fault' in part) found.push(part)
    if (!isText(part)) continue
    const question = asks.exec(marked(part))
    const answer = open === undefined ? null : answers.exec(marked(part))
    if (answer !== null && open !== undefined && open.response === undefined) open.response = [withoutMark(answer)]
    else if (question !== null) {
      close()
      open = { place: part.place, prompt: [withoutMark(question)], response: undefined }
    } else if (open !== undefined) (open.response ?? open.prompt).push(part.text)
    else if (part.text.trim() !== '') left++
  }
  close()
  return { found, left }
}

/** Headings as what is asked, and what stands under them. A heading with another below it asks nothing. */
function underHeadings(parts: readonly TextPart[]): { found: Found[]; left: number } {
  const found: Found[] = []
  let left = 0
  let open: Pair | undefined
  for (const part of parts) {
    if ('fault' in part) found.push(part)
    if (!isText(part)) continue
    const title = part.heading === true ? part.text : titleIn(marked(part))
    if (title !== undefined) {
      if (open?.response !== undefined && textIn(open.response) !== '') found.push(recordOf(open, 'a heading'))
      open = { place: part.place, prompt: [title], response: [] }
    } else if (open?.response !== undefined) open.response.push(part.text)
    else if (part.text.trim() !== '') left++
  }
  if (open?.response !== undefined && textIn(open.response) !== '') found.push(recordOf(open, 'a heading'))
  return { found, left }
}

/** Rows of tables, by the names in each table's first row. */
function inTables(parts: readonly TextPart[]): { found: Found[]; left: number } {
  const found: Found[] = []
  let left = 0
  let names: readonly string[] | undefined
  for (const [i, part] of parts.entries()) {
    const cells =
      'cells' in part ? part.cells : isText(part) && marked(part).includes('|') ? cellsIn(part.text) : undefined
    if ('fault' in part) found.push(part)
    if (cells === undefined) {
      names = undefined
      if (isText(part) && part.text.trim() !== '') left++
    } else if (isText(part) && isRule(part.text)) continue
    else if (names === undefined) {
      const next = parts[i + 1]
      if ('cells' in part || (next !== undefined && isText(next) && isRule(next.text))) {
        // [reject] As of any table: each of its rows would be looked through for all of them.
        if (cells.length > mostCells)
          throw new FileError(
            'file.format',
            `a table in it has ${cells.length} columns, where one of rows has ${mostCells} at most`,
            'Keep the columns of questions and answers, and leave out the others.'
          )
        names = cells
      } else left++
    } else {
      const columns = names.slice(0, Math.max(cells.length, mostFilled))
      found.push({ place: part.place, value: Object.fromEntries(columns.map((name, at) => [name, cells[at] ?? ''])) })
    }
  }
  return { found, left }
}

/** Passages of several sentences: the first is what is asked to be gone on with. */
function passages(parts: readonly TextPart[]): { found: Found[]; left: number } {
  const found: Found[] = []
  let lines: string[] = []
  let place: Place | undefined
  const close = (): void => {
    const text = lines.join(' ').replaceAll(/\s+/g, ' ').trim()
    const at = place
    lines = []
    place = undefined
    if (at === undefined || text === '') return
    const [, prompt, response] = sentence.exec(text) ?? []
    found.push(
      prompt === undefined || response === undefined
        ? { place: at, fault: { code: 'no-answer', says: 'a passage of one sentence' }, raw: text.slice(0, 400) }
        : { place: at, value: { prompt, response } }
    )
  }
  for (const part of parts) {
    if ('fault' in part) found.push(part)
    if (!isText(part)) continue
    if (part.text.trim() === '' || part.heading === true || titleIn(marked(part)) !== undefined) close()
    else {
      place ??= part.place
      lines.push(part.text)
      if (part.place.unit === 'paragraph') close()
    }
  }
  close()
  return { found, left: 0 }
}

const hasTable = (parts: readonly TextPart[]): boolean =>
  parts.some((part, i) => {
    if ('cells' in part) return true
    const next = parts[i + 1]
    return isText(part) && marked(part).includes('|') && next !== undefined && isText(next) && isRule(next.text)
  })

/** Records in parts of text. @throws FileError `file.no-rows` */
export function textRecords(given: readonly TextPart[], container: string, map: ColumnMap | undefined): Records {
  const parts = withCode(given)
  const lines = parts.filter(isText)
  const isEmpty = lines.every(({ text }) => text.trim() === '') && parts.length === lines.length
  const [read, how] =
    map?.layout !== undefined
      ? ([passages, 'of each passage the first sentence is the prompt, and what follows the response'] as const)
      : lines.some(line => asks.test(marked(line))) && lines.some(line => answers.test(marked(line)))
        ? ([written, 'questions and answers are written as such'] as const)
        : hasTable(parts)
          ? ([inTables, 'rows are those of its tables'] as const)
          : lines.some(line => line.heading === true || titleIn(marked(line)) !== undefined)
            ? ([underHeadings, 'each heading asks, and what stands under it answers'] as const)
            : ([undefined, ''] as const)
  // [reject] Bytes that are no text are not called one.
  const wrong = parts.filter(part => 'fault' in part).length
  if (wrong * 2 > parts.length)
    throw new FileError(
      'file.format',
      `it is no text: ${wrong} of what would be its ${parts.length} lines are no characters of any`,
      'Give its rows as JSONL, CSV or Parquet, or save its text as UTF-8.'
    )
  // Every line has as many tabs as the first.
  const tabs = lines.filter(({ text }) => !/^(?:#.*|\s*)$/u.test(text)).map(({ text }) => text.split('\t').length - 1)
  const isTable = (tabs[0] ?? 0) > 0 && tabs.every(count => count === tabs[0])
  if (isTable && read === undefined)
    throw new FileError(
      'file.no-rows',
      `the ${container} is a table of ${(tabs[0] ?? 0) + 1} columns, which nothing names`,
      'Say by number which column is what: --map prompt=1,response=2.'
    )
  const none = (): FileError =>
    new FileError(
      'file.no-rows',
      isEmpty ? `the ${container} has no text` : `the ${container} is running text, in which nothing asks and answers`,
      isEmpty
        ? 'A scanned page is a picture; give a file with its text.'
        : 'Write rows as "Q: …" and "A: …", as headings with what answers them below, or as a table; or have its ' +
            'passages continued: --map layout=passages.'
    )
  if (read === undefined) throw none()
  const { found, left } = read(parts)
  if (found.length === 0) throw none()
  async function* all(): AsyncGenerator<Found[]> {
    yield found
  }
  return {
    container,
    notes: [how, ...(left > 0 ? [`${left} lines or paragraphs outside of them are left out`] : [])],
    found: all()
  }
}

const zeros: Fault = { code: 'not-utf8', says: 'the line has zeros in it, which no text has' }

/** The lines of plain text or Markdown. @throws FileError `file.format` */
export async function partsOf(chunks: AsyncIterable<Uint8Array>): Promise<TextPart[]> {
  const parts: TextPart[] = []
  let bytes = 0
  for await (const lines of linesOf(chunks))
    for (const line of lines) {
      bytes += line.bytes.length
      if (bytes > mostBytes || line.number > mostLines)
        throw new FileError(
          'file.format',
          `it is text of more than ${bytes > mostBytes ? `${mostBytes >> 20} MiB` : `${mostLines} lines`}`,
          'Give its rows as JSONL, CSV or Parquet, which are read piece by piece, or split it.'
        )
      const text = textOf(line)
      const place = { unit: 'line', number: line.number } as const
      // Zeros stand in no text.
      const isText = typeof text === 'string' && !text.includes('\0')
      parts.push(
        isText ? { place, text } : { place, fault: typeof text === 'string' ? zeros : text, raw: rawOf(line.bytes) }
      )
    }
  return parts
}

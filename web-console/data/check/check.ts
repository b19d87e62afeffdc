import { answerText, promptText } from '../../../protocol/data/normalise.ts'
import { parseShard } from '../../../protocol/data/lines.ts'
import { previewSteps } from '../../../protocol/data/checks.ts'
import type { JudgedRules } from '../../../protocol/data/checks.ts'
import { outcomeCode } from '../../../protocol/data/explain.ts'
import { HeldOut } from '../../../protocol/data/held-out.ts'
import { RowIndex } from '../../../protocol/data/row-index.ts'
import type { CheckResult, Row } from '../../../protocol/data/types.ts'
import { joinBytes } from '../../../protocol/primitives/bytes.ts'

// The validators' own checks on a file that is not sent yet, without what only a node has: the rows accepted before.

/** Of a line that is shown; the whole is asked for when somebody opens it. */
const shownCharacters = 600

/** A line of the file that is not blank. */
export interface CheckedLine {
  readonly line: number
  /** `own`, or what is wrong with it; `skipped` where an earlier check ended it all. */
  readonly code: string
  /** What a good row asks and answers, clipped; of any other the line itself. */
  readonly asks: string
  readonly answers: string | null
  readonly isClipped: boolean
  /** The earlier line of this file that it repeats. */
  readonly repeats?: number
  /** The contribution whose row it repeats, and that row's index there. */
  readonly of?: string
  readonly row?: number
  /** Index of the held-out question that it asks. */
  readonly question?: number
}

export interface CheckedFile {
  readonly lines: readonly CheckedLine[]
  readonly accept: boolean
  readonly reason: string | undefined
  readonly checks: readonly CheckResult[]
  readonly own: number
  readonly bytes: number
  /** Whether it is UTF-8 throughout: a file travels as text. */
  readonly isText: boolean
  /** The file as it would be sent; undefined where it cannot, for its bytes or its size. */
  readonly text: string | undefined
}

export interface CheckRequest {
  readonly bytes: Uint8Array
  /** Lines that were written anew, by their number; null: left out. */
  readonly edits: ReadonlyMap<number, string | null>
  readonly rules: JudgedRules
  readonly heldOut: readonly Row[]
  readonly uploads: number
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8')

/** Where each line begins, up to one more than are looked at. */
function* linesIn(bytes: Uint8Array): Generator<{ number: number; start: number; end: number }> {
  for (let start = 0, number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    yield { number, start, end }
    start = end + 1
  }
}

/** The file with some lines written anew; a line that is left out stays as a blank one, so that numbers stay. */
export function applyEdits(bytes: Uint8Array, edits: CheckRequest['edits']): Uint8Array {
  if (edits.size === 0) return bytes
  const parts: Uint8Array[] = []
  const newline = encoder.encode('\n')
  for (const { number, start, end } of linesIn(bytes)) {
    const edit = edits.get(number)
    // A line is one line, whatever was pasted into it.
    if (edit === undefined) parts.push(bytes.subarray(start, end))
    else if (edit !== null) parts.push(encoder.encode(edit.replaceAll(/[\r\n]+/g, ' ')))
    parts.push(newline)
  }
  return joinBytes(parts)
}

/** The beginning of a text, never half a character. */
export function clip(text: string, most = shownCharacters): string {
  if (text.length <= most) return text
  const cut = text.slice(0, most)
  return cut.isWellFormed() ? cut : cut.slice(0, -1)
}

/** What some lines say, as they stand in the file. */
function textsOf(bytes: Uint8Array, wanted: ReadonlySet<number>): Map<number, { text: string; isClipped: boolean }> {
  const texts = new Map<number, { text: string; isClipped: boolean }>()
  for (const { number, start, end } of linesIn(bytes)) {
    if (texts.size === wanted.size) break
    if (!wanted.has(number)) continue
    // As many bytes as can be shown characters, and no more of what may be megabytes.
    const text = decoder.decode(bytes.subarray(start, Math.min(end, start + shownCharacters * 4)))
    texts.set(number, { text: clip(text).trim(), isClipped: end - start > shownCharacters })
  }
  return texts
}

/** A line as it stands in the file, for whoever mends it. */
export function lineText(bytes: Uint8Array, line: number): string {
  for (const { number, start, end } of linesIn(bytes))
    if (number === line) return decoder.decode(bytes.subarray(start, end)).replace(/\r$/, '')
  return ''
}

/** Runs the checks over a whole file. Pure; a large file takes a second or two. */
export function checkFile({ bytes: file, edits, rules, heldOut, uploads }: CheckRequest): CheckedFile {
  const bytes = applyEdits(file, edits)
  const steps = previewSteps({
    shard: bytes,
    rules,
    heldOut: new HeldOut(heldOut),
    earlier: new RowIndex(rules.nearDuplicate),
    order: 1,
    uploads
  })
  let step = steps.next()
  while (step.done !== true) step = steps.next()
  const verdict = step.value
  const parsed = parseShard(bytes, rules.maxRows)
  const wrong = new Set(parsed.flatMap(line => ('code' in line ? [line.line] : [])))
  const texts = textsOf(bytes, wrong)
  const lines = parsed.map((line, i): CheckedLine => {
    const outcome = verdict.rows[i]
    // A wrong line is wrong though an earlier check ended it all.
    const code = outcome === undefined ? ('code' in line ? line.code : 'skipped') : outcomeCode(outcome)
    const repeats = outcome?.kind === 'duplicate' ? parsed[outcome.row]?.line : undefined
    const more = {
      ...(repeats === undefined ? {} : { repeats }),
      ...(outcome?.kind === 'held-out' && outcome.question !== undefined ? { question: outcome.question } : {})
    }
    if ('code' in line) {
      const { text, isClipped } = texts.get(line.line) ?? { text: '', isClipped: false }
      return { line: line.line, code, asks: text, answers: null, isClipped, ...more }
    }
    const [asks, answers] = [promptText(line.row), answerText(line.row)]
    return {
      line: line.line,
      code,
      asks: clip(asks),
      answers: clip(answers),
      isClipped: asks.length > shownCharacters || answers.length > shownCharacters,
      ...more
    }
  })
  const isText = !parsed.some(line => 'code' in line && line.code === 'not-utf8') && !bytes.includes(0)
  return {
    lines,
    accept: verdict.accept,
    reason: verdict.reason,
    checks: verdict.checks,
    own: lines.filter(({ code }) => code === 'own').length,
    bytes: bytes.length,
    isText,
    text: isText && bytes.length <= rules.maxBytes ? decoder.decode(bytes) : undefined
  }
}

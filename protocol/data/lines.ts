import type { ZodError } from 'zod'
import { fileRow, mostMessages } from './types.ts'
import type { Row } from './types.ts'

/** What can be wrong with one line of a contributor's file. */
export type LineCode =
  | 'too-long' // the line has more bytes than any good row
  | 'not-utf8'
  | 'not-json'
  | 'not-a-row' // neither {"prompt","response"} nor {"messages"}, or with other keys
  | 'empty-text' // a text that is empty, or only blanks and invisible characters
  | 'text-too-long'
  | 'bad-text' // half of a surrogate pair, which no UTF-8 can hold
  | 'no-answer' // the last message is not the assistant's, or it is the only one

/**
 * A line that is not blank: its number in the file (from 1, blank lines counted) and the row in it, or what is wrong.
 */
export type ShardLine =
  | { readonly line: number; readonly row: Row }
  | { readonly line: number; readonly code: LineCode }

/**
 * The largest row (32 messages of 8,000 characters, each up to 3 bytes) is far beyond what is useful; a line of this is
 * plenty.
 */
export const maxLineBytes = 256 * 1024

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const invisible = /^[\s\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]*$/u

function codeOfIssues(error: ZodError): LineCode {
  // A union reports each form's issues; those of the form that was meant are the ones of fewer unknown keys.
  const flat = error.issues.flatMap(issue => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue]))
  const texts = flat.filter(issue => ['prompt', 'response', 'content'].includes(String(issue.path.at(-1))))
  if (texts.some(issue => issue.code === 'too_small')) return 'empty-text'
  if (texts.some(issue => issue.code === 'too_big')) return 'text-too-long'
  if (flat.some(issue => issue.code === 'custom' || (issue.code === 'too_small' && issue.path.at(-1) === 'messages')))
    return 'no-answer'
  return 'not-a-row'
}

/**
 * Whether a look at the schema is worth its time: a file of a million lines that are plainly no rows is refused as fast
 * as it is read.
 */
function mayBeRow(json: unknown): boolean {
  if (typeof json !== 'object' || json === null) return false
  const messages: unknown = 'messages' in json ? json.messages : undefined
  if (messages === undefined && !('prompt' in json)) return false
  if (Array.isArray(messages) && messages.length > mostMessages) return false
  let keys = 0
  for (const _ in json) if (++keys > 16) return false
  return true
}

function parseLine(bytes: Uint8Array, line: number): ShardLine | undefined {
  // [invalid] A row is at most maxLineBytes long.
  if (bytes.length > maxLineBytes) return { line, code: 'too-long' }
  let text: string
  // [invalid] A row is UTF-8. Decoded line by line, so that one wrong byte costs one row.
  try {
    text = utf8.decode(bytes)
  } catch {
    return { line, code: 'not-utf8' }
  }
  if (text.trim() === '') return undefined
  let json: unknown
  // [invalid] A row is one JSON value.
  try {
    json = JSON.parse(text)
  } catch {
    return { line, code: 'not-json' }
  }
  // [invalid] A row has one of the two forms, and texts within their limits.
  if (!mayBeRow(json)) return { line, code: 'not-a-row' }
  const parsed = fileRow.safeParse(json)
  if (!parsed.success) return { line, code: codeOfIssues(parsed.error) }
  const { messages } = parsed.data
  // [invalid] Every text can be written as UTF-8 and shows something.
  if (messages.some(({ content }) => !content.isWellFormed())) return { line, code: 'bad-text' }
  if (messages.some(({ content }) => invisible.test(content))) return { line, code: 'empty-text' }
  return { line, row: parsed.data }
}

/**
 * A JSONL shard as its lines. Lines end with LF or CRLF, a UTF-8 byte order mark is skipped, blank lines are no rows; a
 * wrong line is named and the others go on. Never throws.
 * @param maxRows stops after so many lines that are not blank, plus one (so that too many can be told from enough)
 */
export function parseShard(bytes: Uint8Array, maxRows = Number.POSITIVE_INFINITY): ShardLine[] {
  const lines: ShardLine[] = []
  let start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  for (let number = 1; start < bytes.length && lines.length <= maxRows; number++) {
    const newline = bytes.indexOf(0x0a, start)
    const end = newline === -1 ? bytes.length : newline
    const content = bytes.subarray(start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end)
    const parsed = parseLine(content, number)
    if (parsed !== undefined) lines.push(parsed)
    start = end + 1
  }
  return lines
}

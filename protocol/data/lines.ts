import { hasFewMarks } from '../primitives/marks.ts'
import { chatRole, fileRow, mostCharacters, mostMessages } from './types.ts'
import type { Row } from './types.ts'

/** What can be wrong with one line of a contributor's file. */
export type LineCode =
  | 'too-long' // the line has more bytes than any good row
  | 'not-utf8'
  | 'not-json'
  | 'not-a-row' // neither {"prompt","response"} nor {"messages"}, or with other keys
  | 'empty-text' // a text that is empty, or only blanks and invisible characters
  | 'text-too-long'
  | 'bad-text' // half of a surrogate pair, which no UTF-8 can hold; more marks than can be put in order
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

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
/** What a decoder puts where bytes are no UTF-8; it may also have been written. */
const replacement = '\ufffd'
const mayBegin = /^[\t\r ]*[[{"\-0-9tfn]/u
const invisible = /^[\s\p{Cf}\p{Cc}\p{Default_Ignorable_Code_Point}]*$/u

const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json)

/** Whether an object has these keys and no others; it may have a million. */
function hasOnly(json: Record<string, unknown>, keys: readonly string[]): boolean {
  let found = 0
  for (const key in json) if (!keys.includes(key) || ++found > keys.length) return false
  return found === keys.length
}

/** The texts of a value that has one of the two forms, and its turns; undefined if it has neither. */
function formOf(json: unknown): { texts: string[]; roles?: string[] } | undefined {
  if (!isObject(json)) return undefined
  if (hasOnly(json, ['prompt', 'response'])) {
    const { prompt, response } = json
    return typeof prompt === 'string' && typeof response === 'string' ? { texts: [prompt, response] } : undefined
  }
  const { messages } = json
  if (!hasOnly(json, ['messages']) || !Array.isArray(messages) || messages.length > mostMessages) return undefined
  const texts: string[] = []
  const roles: string[] = []
  for (const message of messages as unknown[]) {
    if (!isObject(message) || !hasOnly(message, ['role', 'content'])) return undefined
    const { role, content } = message
    if (typeof content !== 'string' || !chatRole.options.includes(role as never)) return undefined
    texts.push(content)
    roles.push(role as string)
  }
  return { texts, roles }
}

/**
 * What is wrong with a value by itself. The schema says the same, but a list of issues for each line of a file without
 * one good row, and an error around it, costs a hundred times what reading the line does.
 */
function faultOf(json: unknown): LineCode | undefined {
  const form = formOf(json)
  if (form === undefined) return 'not-a-row'
  const { texts, roles } = form
  if (texts.some(text => text === '')) return 'empty-text'
  if (texts.some(text => text.length > mostCharacters)) return 'text-too-long'
  if (roles !== undefined && (roles.length < 2 || roles.at(-1) !== 'assistant')) return 'no-answer'
  return undefined
}

/**
 * The text of bytes, or undefined if they are no UTF-8: where the decoder has replaced something that was not written
 * so. A decoder that throws costs ten times what a line does.
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  const text = utf8.decode(bytes)
  let found = 0
  for (let at = text.indexOf(replacement); at !== -1; at = text.indexOf(replacement, at + 1)) found++
  for (let at = bytes.indexOf(0xef); found > 0 && at !== -1; at = bytes.indexOf(0xef, at + 1))
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) found--
  return found === 0 ? text : undefined
}

function parseLine(bytes: Uint8Array, line: number): ShardLine | undefined {
  // [invalid] A row is at most maxLineBytes long.
  if (bytes.length > maxLineBytes) return { line, code: 'too-long' }
  // [invalid] A row is UTF-8. Decoded line by line, so that one wrong byte costs one row.
  const text = decodeUtf8(bytes)
  if (text === undefined) return { line, code: 'not-utf8' }
  if (text.trim() === '') return undefined
  let json: unknown
  // [invalid] A row is one JSON value; what cannot begin one needs no parser's error.
  if (!mayBegin.test(text)) return { line, code: 'not-json' }
  try {
    json = JSON.parse(text)
  } catch {
    return { line, code: 'not-json' }
  }
  // [invalid] A row has one of the two forms, and texts within their limits.
  const fault = faultOf(json)
  if (fault !== undefined) return { line, code: fault }
  const parsed = fileRow.safeParse(json)
  if (!parsed.success) return { line, code: 'not-a-row' }
  const { messages } = parsed.data
  // [invalid] Every text can be written as UTF-8 and read by a tokenizer, and shows something.
  if (messages.some(({ content }) => !content.isWellFormed() || !hasFewMarks(content)))
    return { line, code: 'bad-text' }
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

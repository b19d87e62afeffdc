import type { Fault } from '../types.ts'
import { issueInWords } from '../../explain.ts'

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** What a file says in its own words is shown to people: nothing of it moves their cursor. */
export const fault = (code: string, says: string): Fault => ({
  code,
  says: says.replaceAll(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '·')
})
export const isFault = (value: unknown): value is Fault => isObject(value) && 'says' in value && 'code' in value

/** Stands for text that is no UTF-8, so that it is named where a row is made of it. */
export const wrongText = Symbol('text that is no UTF-8')
const notUtf8 = fault('not-utf8', issueInWords('not-utf8'))

/** Kinds of a message's parts that hold text. */
const textParts = new Set(['text', 'input_text', 'output_text'])

/**
 * The text in a value: text itself, a number, the parts of a message, or the only one of a list. Nothing is made of
 * what is none.
 */
export function textIn(value: unknown): string | undefined | Fault {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string') return value
  if (value === wrongText) return notUtf8
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) {
    const texts: string[] = []
    for (const part of value as unknown[]) {
      if (isObject(part) && typeof part['type'] === 'string' && !textParts.has(part['type']))
        return fault('no-text-part', `a part of it is no text but "${part['type'].slice(0, 40)}"`)
      const text = isObject(part) ? textIn(part['text']) : textIn(part)
      if (isFault(text)) return text
      if (text !== undefined) texts.push(text)
    }
    return texts.length === 0 ? undefined : texts.join('')
  }
  if (isObject(value)) {
    // SQuAD: answers that are all right; the first is taken.
    const { text } = value
    if (Array.isArray(text)) return textIn(text[0])
    if (typeof text === 'string') return text
  }
  return fault('not-text', 'a text in it is no text')
}

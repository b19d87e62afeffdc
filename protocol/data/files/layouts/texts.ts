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

/** What a list stands for: pieces of one text, texts of which the first is as good as any, or one text alone. */
export type ListOf = 'pieces' | 'alternatives' | 'one'

const isPart = (value: unknown): boolean => isObject(value) && typeof value['type'] === 'string'

/** [reject] A number is what stands there: one too large to be kept is none, and of none (NaN) there is nothing. */
function numberIn(value: number): string | undefined | Fault {
  if (Number.isNaN(value)) return undefined
  if (!Number.isFinite(value))
    return fault('not-exact', 'a number in it is too large to be kept exactly: write it in quotes')
  return String(value)
}

/**
 * The text in a value: text itself, a number, the parts of a message, or of a list what it stands for. Nothing is made
 * of what is none.
 */
export function textIn(value: unknown, list: ListOf = 'pieces'): string | undefined | Fault {
  if (value === null || value === undefined) return undefined
  if (typeof value === 'string') return value
  if (value === wrongText) return notUtf8
  if (typeof value === 'number') return numberIn(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (value instanceof Date)
    return Number.isNaN(value.getTime()) ? fault('not-text', 'a date in it is none') : value.toISOString()
  if (Array.isArray(value)) return textOfList(value as unknown[], list)
  if (isObject(value)) {
    // SQuAD: answers that are all right; the first is taken.
    const { text, parts } = value
    if (Array.isArray(text)) return textIn(text[0])
    if (typeof text === 'string') return text
    if (Array.isArray(parts)) return textIn(parts)
  }
  return fault('not-text', 'a text in it is no text')
}

function textOfList(parts: readonly unknown[], list: ListOf): string | undefined | Fault {
  if (list === 'alternatives' && parts.length > 1 && !parts.every(isPart)) return textIn(parts[0])
  if (list === 'one' && parts.length > 1 && !parts.every(isPart))
    return fault('several-texts', `a list of ${parts.length} texts stands where one belongs`)
  const texts: string[] = []
  for (const part of parts) {
    if (isObject(part) && typeof part['type'] === 'string' && !textParts.has(part['type']))
      return fault('no-text-part', `a part of it is no text but "${part['type'].slice(0, 40)}"`)
    const text = isObject(part) && isPart(part) ? textIn(part['text']) : textIn(part)
    if (isFault(text)) return text
    if (text !== undefined) texts.push(text)
  }
  return texts.length === 0 ? undefined : texts.join('')
}

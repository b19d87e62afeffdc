// V8 holds a program's text for as long as it runs: a byte for each character, or two where a single one of them needs
// it. Of the daemon's bundle that is five megabytes for some seven hundred characters, so these are written as escapes.
import { parseAst } from 'rolldown/parseAst'

/** What of a source map changes. */
export interface Mapped {
  mappings: string
}

const wide = /\P{ASCII}/gu
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The first number of a segment of mappings, and how many digits it has (https://tc39.es/ecma426/#sec-base64-vlq). */
function firstOf(segment: string): { value: number; length: number } {
  let [shift, bits] = [0, 0]
  for (let i = 0; i < segment.length; i++) {
    const digit = digits.indexOf(segment[i] ?? '')
    bits |= (digit & 31) << shift
    shift += 5
    if ((digit & 32) === 0) return { value: (bits & 1) === 1 ? -(bits >> 1) : bits >> 1, length: i + 1 }
  }
  return { value: 0, length: 0 }
}
function written(value: number): string {
  let text = ''
  for (let bits = value < 0 ? (-value << 1) | 1 : value << 1; ; bits >>= 5) {
    text += digits[(bits & 31) | (bits > 31 ? 32 : 0)] ?? ''
    if (bits <= 31) return text
  }
}

/** A line's mappings, where each of its columns has moved to. */
function moved(line: string, columnOf: (before: number) => number): string {
  let [before, after] = [0, 0]
  return line
    .split(',')
    .map(segment => {
      if (segment === '') return segment
      const { value, length } = firstOf(segment)
      before += value
      const delta = columnOf(before) - after
      after += delta
      return written(delta) + segment.slice(length)
    })
    .join(',')
}

/** A template with a tag sees its text as it is written, so nothing in it may be written otherwise. */
function requireUntagged(code: string): void {
  const walk = (node: unknown, isTagged: boolean): void => {
    if (Array.isArray(node)) for (const one of node) walk(one, isTagged)
    else if (typeof node === 'object' && node !== null && 'type' in node) {
      const { type, start, end } = node as { type: string; start: number; end: number }
      if (type === 'TemplateElement' && isTagged && code.slice(start, end).search(wide) !== -1)
        throw new Error(`a template with a tag holds characters beyond ASCII: ${code.slice(start, end).slice(0, 80)}`)
      for (const [name, inner] of Object.entries(node))
        walk(inner, type === 'TaggedTemplateExpression' ? name === 'quasi' : isTagged && name === 'quasis')
    }
  }
  walk(parseAst(code), false)
}

/**
 * The same program with escapes in place of characters beyond ASCII, or undefined where it has none.
 * @param map of it, made to fit
 * @throws Error where an escape would be read otherwise
 */
export function narrowed(code: string, map: Mapped | undefined): string | undefined {
  if (code.search(wide) === -1) return undefined
  if (/(?<!\\)(\\\\)*\\\P{ASCII}/u.test(code)) throw new Error('a character beyond ASCII stands behind a backslash')
  requireUntagged(code)
  const lines = code.split('\n').map(line => {
    /** Columns at which a character begins that is longer from now on, and by how much. */
    const longer: (readonly [column: number, by: number])[] = []
    const text = line.replace(wide, (character, column: number) => {
      const escape = Array.from(
        { length: character.length },
        (_, i) => String.raw`\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
      ).join('')
      longer.push([column, escape.length - character.length])
      return escape
    })
    return { text, longer }
  })
  if (map !== undefined)
    map.mappings = map.mappings
      .split(';')
      .map((line, i) => {
        const longer = lines[i]?.longer ?? []
        if (longer.length === 0) return line
        return moved(line, before => before + longer.reduce((sum, [at, by]) => sum + (at < before ? by : 0), 0))
      })
      .join(';')
  return lines.map(({ text }) => text).join('\n')
}

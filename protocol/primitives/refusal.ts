import { z } from 'zod'
import { InvalidError } from './errors.ts'
import type { ErrorCode, TilthErrorOptions } from './errors.ts'

// What a schema refused, in words about what was given: which field, what is allowed there, what came instead. Command
// line, configuration and API all speak so; no schema library's own sentence reaches a person.

/** One thing that was refused. */
export interface Refusal {
  /** Where it stands in what was given. */
  readonly path: readonly (string | number)[]
  readonly given: unknown
  /** What goes there, as `a whole number from 1 to 64`; undefined where `fault` says it all. */
  readonly allowed?: string
  /** What is wrong, as a sentence without its subject. */
  readonly fault?: string
}

/** What was given breaks a schema; `refusals` lets whoever shows it name the fields as its reader knows them. */
export class RefusedError extends InvalidError {
  readonly refusals: readonly Refusal[]
  constructor(code: ErrorCode, refusals: readonly Refusal[], options: TilthErrorOptions = {}) {
    super(code, refusalsText(refusals), options)
    this.refusals = refusals
  }
}

/** Refusals that are told at once; a list of a thousand wrong rows is one mistake. */
const mostTold = 5
/** Characters of a text that are repeated to whoever typed it. */
const mostShown = 60

const fieldName = ({ path }: Refusal): string => (path.length === 0 ? 'what was given' : path.join('.'))

/** Its sentences. `name` says what a field is called where it was typed, `typed` what stood there. */
export function refusalsText(
  refusals: readonly Refusal[],
  name: (refusal: Refusal) => string = fieldName,
  typed: (refusal: Refusal) => unknown = ({ given }) => given
): string {
  const sentences = refusals.map(refusal => {
    if (refusal.fault !== undefined) return `${name(refusal)} ${refusal.fault}`
    const given = typed(refusal)
    return given === undefined
      ? `${name(refusal)} is missing: it must be ${refusal.allowed ?? 'there'}`
      : `${name(refusal)} must be ${refusal.allowed ?? 'something else'}, not ${shown(given)}`
  })
  // Several fields may come from one thing that was typed.
  const told = [...new Set(sentences)]
  return told.slice(0, mostTold).join('; ') + (told.length > mostTold ? `; and ${told.length - mostTold} more` : '')
}

/** A value as a person would say it, never longer than a line. */
function shown(value: unknown): string {
  if (typeof value === 'string') {
    if (value === '') return 'an empty text'
    return value.length > mostShown ? `a text of ${value.length} characters` : JSON.stringify(value)
  }
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`
  if (typeof value === 'number') return Number.isNaN(value) ? 'something that is no number' : String(value)
  if (typeof value === 'bigint' || typeof value === 'boolean' || value === null) return String(value)
  return 'an object'
}

/** The value, as its schema reads it. @throws RefusedError */
export function readAs<T extends z.ZodType>(
  schema: T,
  value: unknown,
  code: ErrorCode,
  options: TilthErrorOptions = {}
): z.output<T> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new RefusedError(code, refusalsOf(schema, value, parsed.error), options)
  return parsed.data
}

/** What a schema's error says of a value. */
export function refusalsOf(schema: z.ZodType, value: unknown, error: z.ZodError): Refusal[] {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', cycles: 'ref' }) as Shape
  return error.issues.flatMap(issue => refusalOf(shape, value, issue, []))
}

type Path = (string | number)[]
type Issue = z.core.$ZodIssue

function refusalOf(root: Shape, value: unknown, issue: Issue, above: Path): Refusal[] {
  const path: Path = [...above, ...issue.path.map(part => (typeof part === 'number' ? part : String(part)))]
  const given = valueAt(value, path)
  const place = shapeAt(root, root, path)
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map(key => ({ path: [...path, key], given: undefined, fault: unknownField(key, place) }))
  // Of several forms it is the one that was nearly met whose fault helps.
  if (issue.code === 'invalid_union' && typeof given === 'object' && given !== null) {
    const nearest = [...issue.errors].sort((a, b) => a.length - b.length)[0] ?? []
    if (nearest.some(({ path: inner }) => inner.length > 0))
      return nearest.flatMap(inner => refusalOf(root, value, inner, path))
  }
  // Where a schema has words of its own they begin so.
  if (issue.message.startsWith('must ')) {
    const own = issue.message.replace(/^must be /, '')
    return [own === issue.message ? { path, given, fault: own } : { path, given, allowed: own }]
  }
  // The library's own sentence about a form says nothing to a person; a schema's says what is asked for.
  const ownWords = issue.code === 'custom' || (issue.code === 'invalid_format' && !issue.message.startsWith('Invalid '))
  if (ownWords) return [{ path, given, fault: `is refused: ${issue.message}` }]
  return [{ path, given, allowed: (place && allowedBy(place)) ?? expectedBy(issue) }]
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value
  for (const part of path) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string | number, unknown>)[part]
  }
  return at
}

const expectedBy = (issue: Issue): string =>
  issue.code === 'invalid_type'
    ? `a ${issue.expected}`
    : issue.code === 'invalid_format'
      ? 'of another form'
      : 'another'

/** As much of JSON Schema as is read here. */
interface Shape {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Shape
  readonly prefixItems?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly additionalProperties?: Shape | boolean
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, Shape>>
}

const formsOf = ({ anyOf, oneOf, allOf }: Shape): readonly Shape[] => anyOf ?? oneOf ?? allOf ?? []

/** What stands at a path of a schema. */
function shapeAt(root: Shape, at: Shape, path: Path): Shape | undefined {
  if (at.$ref !== undefined) {
    const named = root.$defs?.[at.$ref.replace('#/$defs/', '')]
    return named === undefined ? undefined : shapeAt(root, named, path)
  }
  const [part, ...rest] = path
  if (part === undefined) return at
  const rested = typeof at.additionalProperties === 'object' ? at.additionalProperties : undefined
  const inner =
    typeof part === 'number' ? (at.prefixItems?.[part] ?? at.items) : (at.properties?.[part] ?? rested ?? undefined)
  if (inner !== undefined) return shapeAt(root, inner, rest)
  for (const form of formsOf(at)) {
    const found = shapeAt(root, form, path)
    if (found !== undefined) return found
  }
  return undefined
}

/** `from 1 to 64`, of at least one bound. The bounds of safe integers are nobody's rule. */
function between(least: number | undefined, most: number | undefined): string {
  const low = least === undefined || least <= Number.MIN_SAFE_INTEGER ? undefined : least
  const high = most === undefined || most >= Number.MAX_SAFE_INTEGER ? undefined : most
  if (low !== undefined && high !== undefined) return low === high ? ` of ${low}` : ` from ${low} to ${high}`
  return low !== undefined ? ` from ${low}` : high !== undefined ? ` up to ${high}` : ''
}

const plural = (what: string, { low, high }: { low: number | undefined; high: number | undefined }): string => {
  if (low === undefined && high === undefined) return ''
  if (high === undefined) return low === 1 ? ` that is not empty` : ` of at least ${low} ${what}`
  return low === undefined ? ` of at most ${high} ${what}` : ` of ${low === high ? low : `${low} to ${high}`} ${what}`
}

/** What a schema takes, in words: `one of cpu, webgpu`, `a whole number from 1 to 64`. */
function allowedBy(shape: Shape): string | undefined {
  if (shape.const !== undefined) return JSON.stringify(shape.const)
  if (shape.enum !== undefined) return `one of ${shape.enum.map(String).join(', ')}`
  const forms = formsOf(shape)
  if (forms.length > 0) return [...new Set(forms.map(allowedBy).filter(Boolean))].join(' or ') || undefined
  if (shape.type === 'integer') return `a whole number${between(shape.minimum, shape.maximum)}`
  if (shape.type === 'number') {
    const above = shape.exclusiveMinimum === undefined ? '' : ` above ${shape.exclusiveMinimum}`
    const below = shape.exclusiveMaximum === undefined ? '' : ` below ${shape.exclusiveMaximum}`
    return `a number${above}${below}${between(shape.minimum, shape.maximum)}`
  }
  if (shape.type === 'boolean') return 'true or false'
  if (shape.type === 'array') return `a list${plural('items', { low: shape.minItems, high: shape.maxItems })}`
  if (shape.type === 'object') return 'an object'
  return shape.type === 'string' ? allowedText(shape) : undefined
}

function allowedText({ pattern = '', format, minLength, maxLength }: Shape): string {
  const digits = /^\^0x\[0-9a-f(?:A-F)?\](?:\{([0-9]+)\}|\*)\$$/.exec(pattern)
  const hexadecimal = digits === null ? 0 : Number(digits[1] ?? (maxLength ?? 2) - 2)
  if (hexadecimal > 0) return `${hexadecimal === 40 ? 'an account' : 'an id'}: 0x and ${hexadecimal} hexadecimal digits`
  if (/^\^-?\??\[0-9\](\+|\{)/.test(pattern)) return 'a whole number, as a text of digits'
  return format === 'uri' ? 'a URL' : `a text${plural('characters', { low: minLength, high: maxLength })}`
}

/** A field that nobody has, and the one that was probably meant. */
function unknownField(key: string, place: Shape | undefined): string {
  const known = [place, ...(place === undefined ? [] : formsOf(place))].flatMap(one =>
    Object.keys(one?.properties ?? {})
  )
  const meant = nearestTo(key, known)
  if (meant !== undefined) return `is unknown here: ${meant} may be meant`
  return known.length === 0 ? 'is unknown here' : `is unknown here; known are ${known.slice(0, 30).join(', ')}`
}

/** The word that differs by the fewest letters, if it is a few only. */
export function nearestTo(word: string, words: readonly string[]): string | undefined {
  let nearest: { text: string; off: number } | undefined
  for (const text of words) {
    const off = lettersApart(word.toLowerCase(), text.toLowerCase())
    if (off <= Math.max(1, Math.floor(text.length / 3)) && (nearest === undefined || off < nearest.off))
      nearest = { text, off }
  }
  return nearest?.text
}

/** Levenshtein's distance, of the first 40 letters. */
function lettersApart(a: string, b: string): number {
  const [from, to] = [a.slice(0, 40), b.slice(0, 40)]
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++)
      next.push(
        Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1))
      )
    row = next
  }
  return row[to.length] ?? 0
}

import fc from 'fast-check'
import { z } from 'zod'

// Good values of a schema, made from the schema: a field that is added is attacked from then on.

/** As much of JSON Schema as zod writes. */
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
  readonly required?: readonly string[]
  readonly additionalProperties?: Shape | boolean
  readonly propertyNames?: Shape
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
  readonly $ref?: string
}

/** Items beyond the fewest that a list may have. */
const furtherItems = 3
const furtherCharacters = 24

/** Texts of the forms that patterns of this project ask for. */
const words = [
  'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  'bafybeigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  '0',
  '1',
  '17',
  '9223372036854775807',
  '-1',
  'work.seconds',
  'a-word',
  'metals',
  'abcdefghijklmnop',
  '0.5',
  '22:00-07:30',
  '2GiB',
  '0123456789abcdef0123456789abcdef',
  '/ip4/127.0.0.1/tcp/4001',
  'http://127.0.0.1:8545',
  '2026-11-28T21:00:00.000Z',
  'a@example.org',
  '6f1ed002-ab5c-4a4b-9c3e-0f6a2f0c5a11'
]

const hexOf = (digits: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: digits >> 1, maxLength: digits >> 1 })
    .map(bytes => `0x${Buffer.from(bytes).toString('hex')}`)

/** Good values of what JSON a schema takes; what it asks beyond its shape (`refine`) is not seen. */
export const validOf = (schema: z.ZodType): fc.Arbitrary<unknown> =>
  arbitraryOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any', reused: 'inline' }) as Shape)

function arbitraryOf(shape: Shape): fc.Arbitrary<unknown> {
  if (shape.const !== undefined) return fc.constant(shape.const)
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum)
  const forms = shape.anyOf ?? shape.oneOf
  if (forms !== undefined) return fc.oneof(...forms.map(arbitraryOf))
  switch (shape.type) {
    case 'object':
      return objectOf(shape)
    case 'array':
      return listOf(shape)
    case 'string':
      return textOf(shape)
    case 'integer':
      return fc.integer(boundsOf(shape))
    case 'number':
      return numberOf(shape)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case undefined:
    default:
      // Anything, or a shape within itself.
      return fc.jsonValue({ maxDepth: 2 })
  }
}

function objectOf({ properties = {}, required = [], additionalProperties, propertyNames }: Shape) {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, arbitraryOf(inner)]))
  const own = fc.record(fields, { requiredKeys: required.filter(name => name in fields) })
  if (typeof additionalProperties !== 'object' || Object.keys(additionalProperties).length === 0) return own
  const names = propertyNames === undefined ? textOf({}) : (arbitraryOf(propertyNames) as fc.Arbitrary<string>)
  return fc
    .tuple(own, fc.array(fc.tuple(names, arbitraryOf(additionalProperties)), { maxLength: furtherItems }))
    .map(([known, more]) => ({ ...Object.fromEntries(more), ...known }))
}

function listOf({ items, prefixItems, minItems = 0, maxItems = Infinity }: Shape): fc.Arbitrary<unknown> {
  if (prefixItems !== undefined) return fc.tuple(...prefixItems.map(arbitraryOf))
  const maxLength = Math.min(maxItems, minItems + furtherItems)
  return fc.array(arbitraryOf(items ?? {}), { minLength: minItems, maxLength })
}

function textOf(shape: Shape): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = Infinity } = shape
  const patterns = [shape, ...(shape.allOf ?? [])].flatMap(({ pattern }) => pattern ?? [])
  const fits = (text: string): boolean =>
    text.length >= minLength &&
    text.length <= maxLength &&
    patterns.every(pattern => new RegExp(pattern, 'u').test(text))
  if (patterns.length === 0 && shape.format === undefined)
    return fc.string({
      minLength,
      maxLength: Math.min(maxLength, minLength + furtherCharacters),
      unit: 'grapheme-ascii'
    })
  const digits = (shape.maxLength ?? 0) - 2
  if (patterns.some(pattern => pattern.startsWith('^0x[0-9a-f')) && digits > 0 && minLength === maxLength)
    return hexOf(digits)
  const fixed = /^\^0x\[0-9a-f(?:A-F)?\]\{(\d+)\}\$$/.exec(patterns[0] ?? '')
  if (fixed !== null) return hexOf(Number(fixed[1]))
  const known = words.filter(word => (shape.format === 'uri' ? word.startsWith('http') : fits(word)))
  if (known.length > 0) return fc.constantFrom(...known)
  const [pattern = ''] = patterns
  return fc.stringMatching(new RegExp(pattern)).filter(fits)
}

const boundsOf = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Shape): { min: number; max: number } => ({
  min: Math.max(minimum ?? Number.MIN_SAFE_INTEGER, (exclusiveMinimum ?? -Infinity) + 1),
  max: Math.min(maximum ?? Number.MAX_SAFE_INTEGER, (exclusiveMaximum ?? Infinity) - 1)
})

function numberOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Shape): fc.Arbitrary<number> {
  const min = exclusiveMinimum ?? minimum ?? -1e6
  const max = exclusiveMaximum ?? maximum ?? 1e6
  return fc.double({
    min,
    max,
    minExcluded: exclusiveMinimum !== undefined,
    maxExcluded: exclusiveMaximum !== undefined,
    noNaN: true
  })
}

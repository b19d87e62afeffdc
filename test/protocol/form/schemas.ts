import fc from 'fast-check'

// Schemas of every kind that forms follow, and whether a value is valid by one: written anew, from the rules of JSON
// Schema alone.

export type Schema = Readonly<Record<string, unknown>> | true

const has = (value: unknown, schema: Readonly<Record<string, unknown>>): boolean => {
  const types = [schema['type'] ?? []].flat() as string[]
  const is: Record<string, boolean> = {
    string: typeof value === 'string',
    number: typeof value === 'number',
    integer: Number.isInteger(value),
    boolean: typeof value === 'boolean',
    null: value === null,
    array: Array.isArray(value),
    object: typeof value === 'object' && value !== null && !Array.isArray(value)
  }
  return types.length === 0 || types.some(type => is[type])
}

export function isValid(value: unknown, schema: Schema, root: Schema = schema): boolean {
  if (schema === true) return true
  const { $ref, anyOf, const: only, enum: list } = schema
  if ($ref === '#') return isValid(value, root, root)
  if (typeof $ref === 'string') {
    const defs = (root as { $defs?: Record<string, Schema> }).$defs ?? {}
    return isValid(value, defs[$ref.replace('#/$defs/', '')] ?? true, root)
  }
  if (Array.isArray(anyOf) && !anyOf.some(way => isValid(value, way as Schema, root))) return false
  const same = (other: unknown): boolean => JSON.stringify(other) === JSON.stringify(value)
  if (only !== undefined && !same(only)) return false
  if (Array.isArray(list) && !list.some(same)) return false
  if (!has(value, schema)) return false
  if (typeof value === 'string') {
    const length = Array.from(value).length
    return length >= Number(schema['minLength'] ?? 0) && length <= Number(schema['maxLength'] ?? Infinity)
  }
  if (Array.isArray(value)) {
    const items = (schema['items'] ?? true) as Schema
    return (
      value.length >= Number(schema['minItems'] ?? 0) &&
      value.length <= Number(schema['maxItems'] ?? Infinity) &&
      value.every(entry => isValid(entry, items, root))
    )
  }
  if (typeof value !== 'object' || value === null) return true
  const properties = (schema['properties'] ?? {}) as Record<string, Schema>
  const others = (schema['additionalProperties'] ?? true) as Schema | false
  return (
    ((schema['required'] ?? []) as string[]).every(name => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, entry]) =>
      Object.hasOwn(properties, name)
        ? isValid(entry, properties[name] ?? true, root)
        : others && isValid(entry, others, root)
    )
  )
}

const literal = fc.oneof(fc.string({ maxLength: 5, unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null))
const name = fc.string({ minLength: 1, maxLength: 4, unit: 'grapheme' })
const bounds = fc.tuple(fc.nat(3), fc.nat(4)).map(([low, more]): [number, number] => [low, low + more])

export const anySchema: fc.Arbitrary<Schema> = fc.letrec<{ schema: Schema; leaf: Schema }>(tie => ({
  leaf: fc.oneof(
    fc.constant(true as const),
    fc.constantFrom('integer', 'number', 'boolean', 'null').map(type => ({ type })),
    fc.constant({ type: ['string', 'null'], description: 'said' }),
    bounds.map(([minLength, maxLength]) => ({ type: 'string', minLength, maxLength })),
    fc.uniqueArray(literal, { minLength: 1, maxLength: 4 }).map(list => ({ enum: list })),
    literal.map(only => ({ const: only }))
  ),
  schema: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc
      .tuple(bounds, tie('schema'))
      .map(([[minItems, maxItems], items]) => ({ type: 'array', items, minItems, maxItems })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map(anyOf => ({ anyOf })),
    tie('schema').map(additionalProperties => ({ type: 'object', additionalProperties })),
    fc
      .uniqueArray(fc.tuple(name, tie('schema'), fc.boolean()), { maxLength: 4, selector: ([name]) => name })
      .map(all => ({
        type: 'object',
        properties: Object.fromEntries(all.map(([name, schema]) => [name, schema])),
        required: all.filter(([, , required]) => required).map(([name]) => name),
        additionalProperties: false
      }))
  )
})).schema

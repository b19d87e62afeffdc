import { InvalidError } from '../primitives/errors.ts'
import {
  mostDepth,
  mostEntries,
  mostLength,
  mostLiterals,
  mostPassed,
  mostProperties,
  mostShapes,
  mostWays
} from './limits.ts'
import type { Property, Shape } from './shapes.ts'

/** Keywords that say nothing of what is valid. */
const words: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  'deprecated',
  'readOnly',
  'writeOnly'
])

/** Keywords of each type that are followed. */
const followed = {
  string: ['minLength', 'maxLength'],
  number: [],
  integer: [],
  boolean: [],
  null: [],
  array: ['items', 'minItems', 'maxItems'],
  object: ['properties', 'required', 'additionalProperties']
} as const satisfies Record<string, readonly string[]>
type Type = keyof typeof followed
/** What is followed where no `anyOf` stands beside it. */
const followedAlone: ReadonlySet<string> = new Set(['type', 'const', 'enum', ...Object.values(followed).flat()])
const types = Object.keys(followed) as Type[]

type Schema = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const typeOf = (value: unknown): Type =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'array'
      : typeof value === 'number'
        ? Number.isInteger(value)
          ? 'integer'
          : 'number'
        : typeof value === 'string'
          ? 'string'
          : typeof value === 'boolean'
            ? 'boolean'
            : 'object'
const isOf = (value: unknown, type: Type): boolean =>
  typeOf(value) === type || (type === 'number' && typeOf(value) === 'integer')

const isShallow = (value: unknown, depth = 0): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (depth < mostDepth && Object.values(value).every(inner => isShallow(inner, depth + 1)))

const fault = (code: 'form.invalid' | 'form.unsupported' | 'form.large', at: string, says: string): InvalidError =>
  new InvalidError(code, `${at === '' ? 'the schema' : at} ${says}`, { details: { at } })

/** Shapes of schemas, of which several may stand in one list. */
export class SchemaReader {
  readonly shapes: Shape[] = []
  /** What a reference stands for, once it was met. */
  #referred = new Map<string, number>()
  #root: unknown
  #any: number | undefined
  readonly #passed: string[] | undefined

  /** @param passed where what cannot be followed is passed over: takes its places */
  constructor(passed?: string[]) {
    this.#passed = passed
  }

  /**
   * The number of a schema's shape. What it makes is of fewer values than the schema allows where that keeps it short:
   * properties stand in their order, none are there that are not named.
   * @throws InvalidError `form.unsupported` naming a keyword that would have to be followed, `form.invalid`,
   * `form.large`
   */
  read(schema: unknown): number {
    this.#root = schema
    this.#referred = new Map()
    return this.#shapeOf(schema, '', 0)
  }

  add(shape: Shape): number {
    // [reject] So many values: what follows a form takes memory and time by their number.
    if (this.shapes.length >= mostShapes) throw fault('form.large', '', `names more than ${mostShapes} values`)
    return this.shapes.push(shape) - 1
  }

  #shapeOf(schema: unknown, at: string, depth: number): number {
    // [reject] So deep at most.
    if (depth > mostDepth) throw fault('form.large', at, `is nested deeper than ${mostDepth}`)
    if (schema === true) return this.#anything()
    if (!isObject(schema)) throw fault('form.invalid', at, 'must be a schema')
    if (schema['$ref'] !== undefined) return this.#reference(schema, at, depth)
    if (schema['anyOf'] !== undefined) return this.#ways(schema, at, depth)
    if (schema['const'] !== undefined || schema['enum'] !== undefined) return this.#literals(schema, at)
    const [type, ...more] = this.#typesOf(schema, at)
    if (type === undefined) {
      this.#only(schema, at, [])
      return this.#anything()
    }
    if (more.length === 0) {
      this.#only(schema, at, ['type', ...followed[type]])
      return this.#typed(type, schema, at, depth)
    }
    this.#only(schema, at, ['type', ...[type, ...more].flatMap(one => followed[one])])
    return this.add({ kind: 'ways', ways: [type, ...more].map(one => this.#typed(one, schema, at, depth)) })
  }

  /** [reject] What would have to be followed, and is not known here, is refused by its name. */
  #only(schema: Schema, at: string, known: readonly string[]): void {
    for (const keyword of Object.keys(schema))
      if (!words.has(keyword) && !known.includes(keyword))
        this.#unsupported(`${at}/${keyword}`, 'is not supported in a form')
  }

  #unsupported(at: string, says: string): void {
    if (this.#passed === undefined) throw fault('form.unsupported', at, says)
    // [reject] So many: one place may be read more often than once.
    if (this.#passed.length >= mostPassed) throw fault('form.large', '', `has more than ${mostPassed} such keywords`)
    this.#passed.push(at)
  }

  /** The types that are said, or that the keywords speak of; none where anything may be. */
  #typesOf(schema: Schema, at: string): Type[] {
    const said: unknown[] | undefined = schema['type'] === undefined ? undefined : [schema['type']].flat()
    if (said === undefined) return types.filter(type => followed[type].some(keyword => schema[keyword] !== undefined))
    if (said.length === 0 || !said.every((one): one is Type => types.includes(one as Type)))
      throw fault('form.invalid', `${at}/type`, `must be of ${types.join(', ')}`)
    return [...new Set(said)]
  }

  #typed(type: Type, schema: Schema, at: string, depth: number): number {
    switch (type) {
      case 'string': {
        const [least, most] = this.#bounds(schema, at, 'minLength', 'maxLength', mostLength)
        return this.add({ kind: 'string', least, most })
      }
      case 'number':
      case 'integer':
        return this.add({ kind: 'number', whole: type === 'integer' })
      case 'boolean':
        return this.add({ kind: 'literal', texts: ['true', 'false'] })
      case 'null':
        return this.add({ kind: 'literal', texts: ['null'] })
      case 'array': {
        const [least, most] = this.#bounds(schema, at, 'minItems', 'maxItems', mostEntries)
        const entries = this.#shapeOf(schema['items'] ?? true, `${at}/items`, depth + 1)
        return this.add({ kind: 'array', entries, least, most })
      }
      case 'object':
        return this.#object(schema, at, depth)
    }
  }

  #bounds(schema: Schema, at: string, low: string, high: string, longest: number): [number, number] {
    const of = (keyword: string, otherwise: number): number => {
      const value = schema[keyword]
      if (value === undefined) return otherwise
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > longest)
        throw fault('form.invalid', `${at}/${keyword}`, `must be a whole number from 0 to ${longest}`)
      return value
    }
    const [least, most] = [of(low, 0), of(high, Infinity)]
    if (least > most) throw fault('form.invalid', `${at}/${low}`, `must not be above ${high}`)
    return [least, most]
  }

  #object(schema: Schema, at: string, depth: number): number {
    const { properties = {}, required = [], additionalProperties = true } = schema
    if (!isObject(properties)) throw fault('form.invalid', `${at}/properties`, 'must be an object of schemas')
    if (!Array.isArray(required) || !required.every((name): name is string => typeof name === 'string'))
      throw fault('form.invalid', `${at}/required`, 'must be a list of names')
    const needed = new Set(required)
    const others: unknown = additionalProperties
    const read = (name: string): Property => {
      const [own, where] = Object.hasOwn(properties, name)
        ? [properties[name], `${at}/properties/${name}`]
        : [others, `${at}/additionalProperties`]
      if (own === false) throw fault('form.invalid', `${at}/required`, `asks for ${name}, which nothing allows`)
      return { name, value: this.#shapeOf(own, where, depth + 1), required: needed.has(name) }
    }
    const names = [...new Set([...Object.keys(properties), ...needed])]
    // [reject] So many properties of one object.
    if (names.length > mostProperties) throw fault('form.large', `${at}/properties`, `are more than ${mostProperties}`)
    if (names.length > 0 || others === false) return this.add({ kind: 'object', properties: names.map(read) })
    return this.#map(this.#shapeOf(others, `${at}/additionalProperties`, depth + 1))
  }

  #map(values: number): number {
    return this.add({ kind: 'map', names: this.add({ kind: 'string', least: 0, most: Infinity }), values })
  }

  #literals(schema: Schema, at: string): number {
    this.#only(schema, at, ['type', 'const', 'enum'])
    const allowed = schema['type'] === undefined ? types : this.#typesOf(schema, at)
    const listed: unknown = schema['enum']
    if (listed !== undefined && !Array.isArray(listed)) throw fault('form.invalid', `${at}/enum`, 'must be a list')
    const values: unknown[] = listed ?? [schema['const']]
    const { const: only } = schema
    // [reject] A value is nested no deeper than schemas are.
    if (![...values, only].every(value => isShallow(value)))
      throw fault('form.large', at, `holds values deeper than ${mostDepth}`)
    const texts = values
      .filter(value => allowed.some(type => isOf(value, type)))
      .map(value => JSON.stringify(value))
      .filter(text => only === undefined || text === JSON.stringify(only))
    // [reject] So many values, of which one at least may be.
    if (texts.length > mostLiterals) throw fault('form.large', `${at}/enum`, `has more than ${mostLiterals} values`)
    if (texts.length === 0) throw fault('form.invalid', at, 'allows no value')
    return this.add({ kind: 'literal', texts: [...new Set(texts)] })
  }

  #ways(schema: Schema, at: string, depth: number): number {
    // Ways that say the half of it, as which of some properties have to be there, would make values that lack the rest.
    if (this.#passed !== undefined && Object.keys(schema).some(keyword => followedAlone.has(keyword)))
      return this.#without('anyOf', schema, at, depth)
    this.#only(schema, at, ['anyOf'])
    const { anyOf } = schema
    if (!Array.isArray(anyOf) || anyOf.length === 0)
      throw fault('form.invalid', `${at}/anyOf`, 'must be a list of schemas')
    // [reject] So many ways for one value.
    if (anyOf.length > mostWays) throw fault('form.large', `${at}/anyOf`, `has more than ${mostWays} schemas`)
    return this.add({
      kind: 'ways',
      ways: anyOf.map((way: unknown, i) => this.#shapeOf(way, `${at}/anyOf/${i}`, depth + 1))
    })
  }

  /** The rest of a schema, where one keyword of it is passed over. */
  #without(keyword: string, schema: Schema, at: string, depth: number, says = 'is not supported in a form'): number {
    this.#unsupported(`${at}/${keyword}`, says)
    return this.#shapeOf(Object.fromEntries(Object.entries(schema).filter(([name]) => name !== keyword)), at, depth)
  }

  /** What a reference stands for is read once, wherever it is met: so it may hold itself. */
  #reference(schema: Schema, at: string, depth: number): number {
    const { $ref } = schema
    if (typeof $ref !== 'string' || !/^#(\/|$)/.test($ref))
      return this.#without('$ref', schema, at, depth, 'must point within the schema (#/…)')
    this.#only(schema, at, ['$ref'])
    const known = this.#referred.get($ref)
    if (known !== undefined) return known
    let value = this.#root
    for (const part of $ref.split('/').slice(1)) {
      const name = decoded(part, at).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name))
        throw fault('form.invalid', `${at}/$ref`, 'points to nothing')
      value = (value as Schema)[name]
    }
    const own = this.add({ kind: 'ways', ways: [] })
    this.#referred.set($ref, own)
    this.shapes[own] = { kind: 'ways', ways: [this.#shapeOf(value, $ref, depth + 1)] }
    return own
  }

  /** Any JSON value. */
  #anything(): number {
    if (this.#any !== undefined) return this.#any
    const own = this.add({ kind: 'ways', ways: [] })
    this.#any = own
    this.shapes[own] = {
      kind: 'ways',
      ways: [
        this.#map(own),
        this.add({ kind: 'array', entries: own, least: 0, most: Infinity }),
        this.add({ kind: 'string', least: 0, most: Infinity }),
        this.add({ kind: 'number', whole: false }),
        this.add({ kind: 'literal', texts: ['true', 'false', 'null'] })
      ]
    }
    return own
  }
}

function decoded(part: string, at: string): string {
  try {
    return decodeURIComponent(part)
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause
    throw fault('form.invalid', `${at}/$ref`, 'is no pointer')
  }
}

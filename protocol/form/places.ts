import { restOfNumber } from './numbers.ts'
import { keyText, leastBytes } from './shapes.ts'
import type { Property, Shape } from './shapes.ts'
import { at as place, restOf } from './strings.ts'
import { Trie } from './trie.ts'

type Kind =
  | 'over'
  | 'literal'
  | 'string'
  | 'number'
  | 'object'
  | 'first-key'
  | 'key'
  | 'next-key'
  | 'after-comma'
  | 'map'
  | 'first-of-map'
  | 'next-of-map'
  | 'after-comma-of-map'
  | 'colon'
  | 'array'
  | 'first-entry'
  | 'next-entry'
  | 'value'
  | 'text'
  | 'fixed'

/** A place within a value, and above it the places within the values that hold it. */
export interface Frame {
  readonly kind: Kind
  /** The shape, or of a fixed text its number. */
  readonly shape: number
  /** What the place has to know besides: what it has counted, a node of a trie, a part of a number or of a string. */
  readonly a: number
  readonly b: number
  readonly up: Frame | undefined
  readonly id: number
  /** Bytes to the end of all at least. */
  readonly least: number
}

/** A text that stands there as it is, the shape of the value behind it, and the fixed text behind that; −1 for none. */
export interface Fixed {
  readonly bytes: Uint8Array
  readonly value: number
  readonly after: number
  /** An answer may begin with it. */
  readonly isFirst: boolean
}

/** What a form is made of. */
export interface Parts {
  readonly shapes: readonly Shape[]
  /** The shape of the whole, where it is a value. */
  readonly root: number | undefined
  readonly fixed: readonly Fixed[]
  /** Where any text may be: that which it may not begin with. */
  readonly freeUnless: Uint8Array | undefined
}

/** Places and steps that are remembered; beyond it all are forgotten but those in use. */
const mostRemembered = 100_000
/** Nodes of tries, likewise: a trie has no more than a form has characters. */
const mostNodes = 100_000
const encoder = new TextEncoder()

/** The places of a form: each is one object as long as it is remembered, so that what was found of it stays with it. */
export class Places {
  readonly parts: Parts
  readonly over: Frame
  readonly #least: Float64Array
  readonly #leaves = new Map<number, readonly number[]>()
  readonly #rests = new Map<number, readonly number[]>()
  #tries = new Map<string, Trie>()
  #frames = new Map<string, Frame>()
  #steps = new Map<Frame, Map<number, readonly Frame[]>>()
  #nodes = 0
  #remembered = 0
  #ids = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.#least = leastBytes(parts.shapes)
    this.over = this.at('over', -1, 0, 0, undefined)
  }

  leastOf(shape: number): number {
    return this.#least[shape] ?? Infinity
  }
  /** Whether some text of a shape has an end. */
  isFinite(shape: number): boolean {
    return this.leastOf(shape) !== Infinity
  }

  at(kind: Kind, shape: number, a: number, b: number, up: Frame | undefined): Frame {
    const key = `${kind} ${shape} ${a} ${b} ${up === undefined ? '' : up.id}`
    const known = this.#frames.get(key)
    if (known !== undefined) return known
    const least = this.#rest(kind, shape, a, b) + (up?.least ?? 0)
    const frame: Frame = { kind, shape, a, b, up, id: this.#ids++, least }
    this.#frames.set(key, frame)
    this.#remember()
    return frame
  }

  /** Where a byte led from a place, by what decides it. */
  stepFrom(frame: Frame, code: number): readonly Frame[] | undefined {
    return this.#steps.get(frame)?.get(code)
  }
  keepStep(frame: Frame, code: number, to: readonly Frame[]): void {
    const steps = this.#steps.get(frame)
    if (steps === undefined) this.#steps.set(frame, new Map([[code, to]]))
    else steps.set(code, to)
    this.#remember()
  }

  #remember(): void {
    if (++this.#remembered <= mostRemembered) return
    this.#remembered = 0
    this.#frames = new Map()
    this.#steps = new Map()
  }

  /** The places at which a value of a shape begins. */
  open(shape: number, up: Frame): readonly Frame[] {
    return this.#leavesOf(shape).map(leaf => {
      const { kind } = this.#shape(leaf)
      return this.at(kind === 'ways' ? 'over' : kind, leaf, 0, 0, up)
    })
  }

  string(shape: number): Extract<Shape, { kind: 'string' }> {
    return this.#shape(shape) as Extract<Shape, { kind: 'string' }>
  }
  array(shape: number): Extract<Shape, { kind: 'array' }> {
    return this.#shape(shape) as Extract<Shape, { kind: 'array' }>
  }
  map(shape: number): Extract<Shape, { kind: 'map' }> {
    return this.#shape(shape) as Extract<Shape, { kind: 'map' }>
  }
  isWhole(shape: number): boolean {
    const number = this.#shape(shape)
    return number.kind === 'number' && number.whole
  }
  properties(shape: number): readonly Property[] {
    const object = this.#shape(shape)
    return object.kind === 'object' ? object.properties : []
  }
  fixed(index: number): Fixed {
    return this.parts.fixed[index] as Fixed
  }

  /** Characters are counted as far as it matters how many there are. */
  counted(shape: number, count: number): number {
    const { least, most } = this.string(shape)
    return most === Infinity ? Math.min(count, least) : count
  }
  countedEntries(shape: number, count: number): number {
    const { least, most } = this.array(shape)
    return most === Infinity ? Math.min(count, least) : count
  }

  literals(shape: number): Trie {
    return this.#trie(`v${shape}`, () => {
      const literal = this.#shape(shape)
      return (literal.kind === 'literal' ? literal.texts : []).map((text, index) => ({ text, index, weight: 0 }))
    })
  }

  /** Names of the properties that may come next, from one on: as far as the first that has to be there. */
  keys(shape: number, from: number): Trie {
    return this.#trie(`k${shape}.${from}`, () => {
      const texts: { text: string; index: number; weight: number }[] = []
      for (const [index, { name, value, required }] of this.properties(shape).entries()) {
        if (index < from) continue
        const weight = this.leastOf(value) + this.#restOfObject(shape, index + 1)
        if (weight !== Infinity) texts.push({ text: keyText(name), index, weight })
        if (required) break
      }
      return texts
    })
  }

  /** Whether an object may end before the property of that number. */
  mayClose(shape: number, from: number): boolean {
    return !this.properties(shape).some(({ required }, index) => required && index >= from)
  }

  /** Two places of one likeness let the same texts of so many characters follow. */
  likeness(frame: Frame, longest: number): string {
    if (frame.kind !== 'string') return String(frame.id)
    const { least, most } = this.string(frame.shape)
    const [needed, left] = [least - frame.a, most - frame.a].map(count => Math.max(0, Math.min(count, longest + 1)))
    return `s${frame.shape}.${needed}.${left}.${frame.b}.${frame.up?.id}`
  }

  #shape(shape: number): Shape {
    return this.parts.shapes[shape] as Shape
  }

  /** Shapes that are not several, each once; those are left out that have no end. */
  #leavesOf(shape: number): readonly number[] {
    const known = this.#leaves.get(shape)
    if (known !== undefined) return known
    const leaves = new Set<number>()
    const met = new Set<number>()
    const visit = (one: number): void => {
      if (met.has(one) || !this.isFinite(one)) return
      met.add(one)
      const found = this.#shape(one)
      if (found.kind === 'ways') for (const way of found.ways) visit(way)
      else leaves.add(one)
    }
    visit(shape)
    const found = [...leaves]
    this.#leaves.set(shape, found)
    return found
  }

  #trie(key: string, make: () => ConstructorParameters<typeof Trie>[0]): Trie {
    const known = this.#tries.get(key)
    if (known !== undefined) return known
    const made = new Trie(make())
    this.#nodes += made.nodes
    if (this.#nodes > mostNodes) {
      this.#nodes = made.nodes
      this.#tries = new Map()
    }
    this.#tries.set(key, made)
    return made
  }

  /** Bytes from behind a property to the end of its object at least. */
  #restOfObject(shape: number, from: number): number {
    return this.#restsOf(shape)[from] ?? 1
  }

  /** By property, found once: an object of hundreds is asked for each of them at each. */
  #restsOf(shape: number): readonly number[] {
    const known = this.#rests.get(shape)
    if (known !== undefined) return known
    const properties = this.properties(shape)
    const rests = Array.from({ length: properties.length + 1 }, () => 1)
    for (let index = properties.length - 1; index >= 0; index--) {
      const { name, value, required } = properties[index] as Property
      const own = required ? 1 + encoder.encode(keyText(name)).length + this.leastOf(value) : 0
      rests[index] = own + (rests[index + 1] ?? 1)
    }
    this.#rests.set(shape, rests)
    return rests
  }

  /** Bytes from a place to the end of its own value at least. */
  #rest(kind: Kind, shape: number, a: number, b: number): number {
    switch (kind) {
      case 'over':
        return 0
      case 'text':
        return restOf(b)
      case 'literal':
        return this.literals(shape).least(a)
      case 'string': {
        const isBetween = b === place.open || b === place.plain
        return Math.max(0, this.string(shape).least - a - (isBetween ? 0 : 1)) + restOf(b) + 1
      }
      case 'number':
        return restOfNumber(a)
      case 'object':
      case 'map':
      case 'array':
      case 'value':
        return this.leastOf(shape)
      case 'first-key':
      case 'first-of-map':
      case 'first-entry':
        return this.leastOf(shape) - 1
      case 'key':
        return this.keys(shape, a).least(b)
      case 'next-key':
        return this.#restOfObject(shape, a)
      case 'after-comma':
        return this.keys(shape, a).least(0)
      case 'next-of-map':
        return 1
      case 'after-comma-of-map':
        return 4 + this.leastOf(this.map(shape).values)
      case 'colon':
        return 1 + this.leastOf(shape)
      case 'next-entry': {
        const { entries, least } = this.array(shape)
        return 1 + (a >= least ? 0 : (least - a) * (1 + this.leastOf(entries)))
      }
      case 'fixed': {
        const { bytes, value, after } = this.fixed(shape)
        return bytes.length - a + (value === -1 ? 0 : this.leastOf(value) + this.fixed(after).bytes.length)
      }
    }
  }
}

import { mostThreads } from './limits.ts'
import { digit, mayEnd } from './numbers.ts'
import { Places } from './places.ts'
import type { Frame, Parts } from './places.ts'
import { at as place, closed, grown, leading, nowhere, trailing, within } from './strings.ts'

/** The ways in which a text may go on; none of them: it is not of the form. */
export type Threads = readonly Frame[]
const none: Threads = []

const [braceOpen, braceClose, bracketOpen, bracketClose] = [0x7b, 0x7d, 0x5b, 0x5d] as const
const [comma, colon, blank] = [0x2c, 0x3a, 0x20] as const

/** A step of a text that is only begun, by its byte: beside those of the places in strings. */
const byByte = 1_000

/**
 * A form as a machine over bytes. Blanks: one may stand behind a colon and a comma, none elsewhere, so that no answer
 * is blanks without end.
 */
export class Machine {
  readonly #places: Places

  constructor(parts: Parts) {
    this.#places = new Places(parts)
  }

  /** Where texts of the form begin. */
  begin(): Threads {
    const { fixed, freeUnless, root } = this.#places.parts
    const over = this.#places.over
    const values = root === undefined ? [] : this.#places.open(root, over)
    const calls = fixed.flatMap(({ isFirst }, index) => (isFirst ? [this.#places.at('fixed', index, 0, 0, over)] : []))
    const text = freeUnless === undefined ? [] : [this.#places.at('text', -1, 0, place.plain, over)]
    return [...values, ...calls, ...text]
  }

  /** Where a byte leads all threads; of many the first are followed, each of which can come to its end. */
  next(threads: Threads, byte: number): Threads {
    const [only] = threads
    if (only === undefined) return none
    if (threads.length === 1) return this.#next(only, byte)
    const all = new Set<Frame>()
    for (const thread of threads)
      for (const frame of this.#next(thread, byte)) if (all.size < mostThreads) all.add(frame)
    return [...all]
  }

  /** Whether a text that is there may end. */
  mayEnd(threads: Threads): boolean {
    return threads.some(frame => this.#ends(frame))
  }

  /** Whether nothing can follow it. */
  isOver(threads: Threads): boolean {
    return threads.every(({ kind }) => kind === 'over')
  }

  /** Bytes that a text lacks at least; Infinity where it can come to no end. */
  least(threads: Threads): number {
    return threads.reduce((least, frame) => Math.min(least, frame.least), Infinity)
  }

  /**
   * Two of one likeness let the same texts of so many characters follow, and lack as many bytes more or fewer behind
   * each: for that, what one way lacks more than another counts as well.
   */
  likeness(threads: Threads, longest: number): string {
    const least = this.least(threads)
    return threads.map(frame => `${this.#places.likeness(frame, longest)}+${frame.least - least}`).join()
  }

  #ends({ kind, shape, a, b, up }: Frame): boolean {
    if (kind === 'over') return true
    if (kind === 'text') return b === place.plain
    const isWhole =
      (kind === 'number' && mayEnd(a)) || (kind === 'literal' && this.#places.literals(shape).end(a) !== undefined)
    return isWhole && up !== undefined && this.#ends(up)
  }

  #next(frame: Frame, byte: number): Threads {
    const code = codeOf(frame, byte)
    if (code === nowhere) return none
    const known = this.#places.stepFrom(frame, code)
    if (known !== undefined) return known
    const found = this.#move(frame, byte, code)
    this.#places.keepStep(frame, code, found)
    return found
  }

  #move(frame: Frame, byte: number, code: number): Threads {
    const { kind, shape, a, b } = frame
    const places = this.#places
    const up = frame.up ?? places.over
    switch (kind) {
      case 'over':
        return none
      case 'string':
        if (code === closed) return a >= places.string(shape).least ? [up] : none
        // [ends] No character more than there may be.
        if (b === place.plain && a >= places.string(shape).most) return none
        if (code === grown) return [places.at('string', shape, places.counted(shape, a + 1), place.plain, up)]
        return [places.at('string', shape, a, code, up)]
      case 'text':
        return this.#text(frame, byte)
      case 'number': {
        const found = digit({ part: a, digits: b }, byte, places.isWhole(shape))
        if (found !== undefined) return [places.at('number', shape, found.part, found.digits, up)]
        return mayEnd(a) ? this.#next(up, byte) : none
      }
      case 'literal': {
        const trie = places.literals(shape)
        const found = trie.step(a, byte)
        if (found === undefined) return trie.end(a) === undefined ? none : this.#next(up, byte)
        return [trie.isLeaf(found) ? up : places.at('literal', shape, found, 0, up)]
      }
      case 'object':
        return byte === braceOpen ? [places.at('first-key', shape, 0, 0, up)] : none
      case 'first-key':
        return byte === braceClose && places.mayClose(shape, 0) ? [up] : this.#key(shape, 0, 0, up, byte)
      case 'key':
        return this.#key(shape, a, b, up, byte)
      case 'next-key':
        if (byte === braceClose) return places.mayClose(shape, a) ? [up] : none
        return byte === comma && !places.keys(shape, a).isLeaf(0) ? [places.at('after-comma', shape, a, 0, up)] : none
      case 'after-comma':
        return byte === blank ? [places.at('key', shape, a, 0, up)] : this.#key(shape, a, 0, up, byte)
      case 'map':
        return byte === braceOpen ? [places.at('first-of-map', shape, 0, 0, up)] : none
      case 'first-of-map':
        return byte === braceClose ? [up] : this.next(this.#entryOfMap(shape, up), byte)
      case 'next-of-map':
        if (byte === braceClose) return [up]
        return byte === comma && places.isFinite(places.map(shape).values)
          ? [places.at('after-comma-of-map', shape, 0, 0, up)]
          : none
      case 'after-comma-of-map':
        return byte === blank ? this.#entryOfMap(shape, up) : this.next(this.#entryOfMap(shape, up), byte)
      case 'colon':
        return byte === colon ? [places.at('value', shape, 0, 0, up)] : none
      case 'array':
        return byte === bracketOpen ? [places.at('first-entry', shape, 0, 0, up)] : none
      case 'first-entry':
        if (byte === bracketClose) return places.array(shape).least === 0 ? [up] : none
        return places.array(shape).most === 0 ? none : this.next(this.#entry(shape, 1, up), byte)
      case 'next-entry': {
        const { least, most, entries } = places.array(shape)
        if (byte === bracketClose) return a >= least ? [up] : none
        if (byte !== comma || a >= most || !places.isFinite(entries)) return none
        const next = places.at('next-entry', shape, places.countedEntries(shape, a + 1), 0, up)
        return [places.at('value', entries, 0, 0, next)]
      }
      case 'value':
        return byte === blank ? places.open(shape, up) : this.next(places.open(shape, up), byte)
      case 'fixed': {
        const { bytes, value, after } = places.fixed(shape)
        if (byte !== bytes[a]) return none
        if (a + 1 < bytes.length) return [places.at('fixed', shape, a + 1, 0, up)]
        return value === -1 ? [up] : places.open(value, places.at('fixed', after, 0, 0, up))
      }
    }
  }

  #key(shape: number, from: number, node: number, up: Frame, byte: number): Threads {
    const trie = this.#places.keys(shape, from)
    const found = trie.step(node, byte)
    if (found === undefined) return none
    const index = trie.end(found)
    if (index === undefined) return [this.#places.at('key', shape, from, found, up)]
    const next = this.#places.at('next-key', shape, index + 1, 0, up)
    return [this.#places.at('value', this.#places.properties(shape)[index]?.value ?? -1, 0, 0, next)]
  }

  #entryOfMap(shape: number, up: Frame): Threads {
    const { names, values } = this.#places.map(shape)
    if (!this.#places.isFinite(values)) return none
    const next = this.#places.at('next-of-map', shape, 0, 0, up)
    return this.#places.open(names, this.#places.at('colon', values, 0, 0, next))
  }

  #entry(shape: number, count: number, up: Frame): Threads {
    const next = this.#places.at('next-entry', shape, this.#places.countedEntries(shape, count), 0, up)
    return this.#places.open(this.#places.array(shape).entries, next)
  }

  /** A text that is none of the calls: `a` bytes of it are as the calls begin, −1 once it is something else. */
  #text({ a, b, up }: Frame, byte: number): Threads {
    const begins = this.#places.parts.freeUnless ?? new Uint8Array()
    const to = b === place.plain ? leading(byte) : trailing(b, byte)
    if (to === nowhere) return none
    const isAlike = a >= 0 && byte === begins[a]
    // [ends] What begins as a call is one.
    if (isAlike && a + 1 === begins.length) return none
    return [this.#places.at('text', -1, isAlike ? a + 1 : -1, to === grown ? place.plain : to, up)]
  }
}

/** What decides where a byte leads: within strings and texts most bytes do the same. */
function codeOf({ kind, a, b }: Frame, byte: number): number {
  if (kind === 'string') return within(b, byte)
  if (kind !== 'text') return byte
  return a >= 0 ? byByte + byte : b === place.plain ? leading(byte) : trailing(b, byte)
}

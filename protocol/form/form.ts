import { z } from 'zod'
import { InvalidError } from '../primitives/errors.ts'
import { mostCalls, mostFormCharacters } from './limits.ts'
import { Machine } from './machine.ts'
import type { Threads } from './machine.ts'
import type { Fixed, Parts } from './places.ts'
import { SchemaReader } from './schema.ts'
import type { Property } from './shapes.ts'

/** A function that an answer may call: its arguments by a JSON schema. */
const call = z.strictObject({ name: z.string().min(1).max(200), parameters: z.unknown() })

/**
 * What an answer has to be: one JSON value by a schema, or a call of one of some functions, instead of which it may be
 * any text where it need not be a call.
 */
const formDocument = z.union([
  z.strictObject({ json: z.unknown() }),
  z.strictObject({ calls: z.array(call).min(1).max(mostCalls), must: z.boolean() })
])
export type FormDocument = z.input<typeof formDocument>

/** How a call is written, as most open models learn it. */
export const callBegins = '<tool_call>\n'
export const callEnds = '\n</tool_call>'
/** What a text may not begin with that is none. */
const callMark = '<tool_call>'

const encoder = new TextEncoder()

function documentOf(text: string): z.output<typeof formDocument> {
  // [reject] So long at most.
  if (text.length > mostFormCharacters)
    throw new InvalidError('form.large', `a form has at most ${mostFormCharacters} characters`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('form.invalid', 'the form is no JSON', { cause })
  }
  const document = formDocument.safeParse(value)
  if (document.success) return document.data
  throw new InvalidError('form.invalid', 'the form is neither a schema nor a list of calls', { cause: document.error })
}

function partsOf(text: string): Parts {
  const document = documentOf(text)
  const reader = new SchemaReader()
  if ('json' in document) {
    const root = reader.read(document.json)
    return { shapes: reader.shapes, root, fixed: [], freeUnless: undefined }
  }
  const property = (name: string, value: number): Property => ({ name, value, required: true })
  const ways = document.calls.map(({ name, parameters }) => {
    const [named, given] = [reader.add({ kind: 'literal', texts: [JSON.stringify(name)] }), reader.read(parameters)]
    return reader.add({ kind: 'object', properties: [property('name', named), property('arguments', given)] })
  })
  const fixed: Fixed[] = [
    { bytes: encoder.encode(callBegins), value: reader.add({ kind: 'ways', ways }), after: 1, isFirst: true },
    { bytes: encoder.encode(callEnds), value: -1, after: -1, isFirst: false }
  ]
  const freeUnless = document.must ? undefined : encoder.encode(callMark)
  return { shapes: reader.shapes, root: undefined, fixed, freeUnless }
}

/** What is written so far, as a form sees it. */
export type Written = Threads

/**
 * A form that answers have to be of. It is followed byte by byte and says what may come next; whatever comes of that is
 * valid, and comes to an end. The same bytes have the same ways everywhere.
 * @throws InvalidError `form.*`, with the place of what is refused
 */
export class Form {
  readonly #machine: Machine
  readonly begin: Written

  constructor(text: string) {
    const parts = partsOf(text)
    this.#machine = new Machine(parts)
    this.begin = this.#machine.begin()
    // [reject] Whatever it may begin with has an end.
    if (this.begin.length === 0 || this.begin.some(({ least }) => least === Infinity))
      throw new InvalidError('form.endless', 'no finite value is valid by the schema')
  }

  /** With one byte more; undefined where it is of the form no longer. */
  next(written: Written, byte: number): Written | undefined {
    const found = this.#machine.next(written, byte)
    return found.length === 0 ? undefined : found
  }
  /** With some bytes more. */
  after(written: Written, bytes: Iterable<number>): Written | undefined {
    let at: Written | undefined = written
    for (const byte of bytes) {
      if (at === undefined) return undefined
      at = this.next(at, byte)
    }
    return at
  }
  /** Whether it is whole as it is. */
  mayEnd(written: Written): boolean {
    return this.#machine.mayEnd(written)
  }
  /** Whether it is whole, and nothing can follow. */
  isOver(written: Written): boolean {
    return this.#machine.isOver(written)
  }
  /** Bytes that it lacks at least. */
  least(written: Written): number {
    return this.#machine.least(written)
  }
  /** The first way and the one that ends soonest alone: what follows them is of the form as well. */
  narrowed(written: Written): Written {
    const least = this.least(written)
    const soonest = written.findIndex(frame => frame.least === least)
    return written.filter((_, way) => way === 0 || way === soonest)
  }
  /** Two texts of one likeness may be followed by the same ones, of so many characters, and lack as much more then. */
  likeness(written: Written, longest: number): string {
    return this.#machine.likeness(written, longest)
  }
}

/** Whether a text is a form. @throws as Form */
export const checkForm = (text: string): Form => new Form(text)

/**
 * The places in a schema of what cannot be followed, without which the rest can be: each of them is to be taken away.
 * @throws InvalidError `form.invalid`, `form.large`
 */
export function unsupportedIn(schema: unknown): readonly string[] {
  const places: string[] = []
  new SchemaReader(places).read(schema)
  return places
}

import type { Form, Written } from '../../../protocol/form/index.ts'
import { createCache } from '../../runtime/cache.ts'
import { ModelError } from '../graph/errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/**
 * Which tokens may come next. What an answer lacks behind each is told from where it stands, so that it is the same
 * wherever the same tokens may come: early in a long string and late in it.
 */
interface Mask {
  /** By id: bytes that an answer lacks at least behind a token, more than it lacked before; `never` for no token. */
  readonly more: Int32Array
  /** The smallest of them. */
  readonly least: number
}
const never = 2 ** 31 - 1

/** Masks that are kept: within a string, or between two entries of a list, the same one comes again and again. */
const masksKept = 32
/**
 * Steps that looking through a vocabulary may take, as so many times its bytes. Where several ways are followed through
 * long stretches of anything it would be more: then only the first way and the one that ends soonest are followed,
 * which are ways as well, and one of them can be ended in time wherever any can.
 */
const stepsPerByte = 2

/** A form with the tokens of a model: what of them may come next. Shared by the answers of one form. */
export class Guide {
  readonly #form: Form
  readonly #vocabulary: Vocabulary
  readonly #masks = createCache<string, Mask>({ max: masksKept })

  constructor(form: Form, vocabulary: Vocabulary) {
    this.#form = form
    this.#vocabulary = vocabulary
  }

  /** An answer of which some tokens are there. @throws ModelError `form-resume` where they are of another form */
  begin(answered: readonly number[]): Guided {
    const guided = new Guided(this.#form, this.#vocabulary, written => this.#mask(written))
    for (const id of answered) guided.take(id)
    return guided
  }

  #mask(written: Written): Mask {
    const key = this.#form.likeness(written, this.#vocabulary.longest)
    const known = this.#masks.get(key) ?? this.#look(written)
    this.#masks.set(key, known)
    return known
  }

  #look(written: Written): Mask {
    const steps = stepsPerByte * this.#vocabulary.bytes.length
    return this.#walk(written, written, steps) ?? this.#walk(written, this.#form.narrowed(written), Infinity) ?? nothing
  }

  /**
   * @param from the ways that are followed
   * @returns undefined where it would take more steps than it may
   */
  #walk(written: Written, from: Written, steps: number): Mask | undefined {
    const { ids, bytes, starts, common, size, longest } = this.#vocabulary
    const form = this.#form
    const lacked = form.least(written)
    const more = new Int32Array(size).fill(never)
    const path: (Written | undefined)[] = Array.from({ length: longest + 1 })
    path[0] = from
    let [taken, smallest, failed] = [0, never, Infinity]
    for (let i = 0; i < ids.length; i++) {
      const shared = common[i] as number
      if (shared > failed) continue // it begins with what cannot be
      failed = Infinity
      const start = starts[i] as number
      const length = (starts[i + 1] as number) - start
      for (let at = shared; at < length; at++) {
        const before = path[at] as Written
        taken += before.length
        const after = form.next(before, bytes[start + at] as number)
        if (after === undefined) {
          failed = at
          break
        }
        path[at + 1] = after
      }
      if (taken > steps) return undefined
      if (failed !== Infinity) continue
      // One that lacks more than any answer may have is the last that is begun, and no more is told of it.
      const least = Math.min(form.least(path[length] as Written) - lacked, never - 1)
      more[ids[i] as number] = least
      smallest = Math.min(smallest, least)
    }
    return { more, least: smallest }
  }
}
const nothing: Mask = { more: new Int32Array(), least: never }

/** One answer as it is written. */
export class Guided {
  readonly #form: Form
  readonly #vocabulary: Vocabulary
  readonly #maskOf: (written: Written) => Mask
  #written: Written

  constructor(form: Form, vocabulary: Vocabulary, maskOf: (written: Written) => Mask) {
    this.#form = form
    this.#vocabulary = vocabulary
    this.#maskOf = maskOf
    this.#written = form.begin
  }

  /** Whether it is whole, and nothing can follow. */
  get isOver(): boolean {
    return this.#form.isOver(this.#written)
  }

  /**
   * A model's scores, −∞ for tokens that cannot come next.
   * @param left tokens that the answer may still have, this one included
   */
  scores(logits: Float32Array, left: number, endIds: ReadonlySet<number>): Float32Array {
    const { more, least } = this.#maskOf(this.#written)
    const ends = this.#form.mayEnd(this.#written) ? endIds : new Set<number>()
    if (least === never && ends.size === 0)
      throw new ModelError('form-tokens', 'no token of the model can go on in the form that was asked for')
    // So near the end of what may be said, only what can still be ended is begun.
    const spare = left - 1 - this.#form.least(this.#written)
    const most = least <= spare || ends.size > 0 ? Math.min(spare, never - 1) : never - 1
    const scores = new Float32Array(logits.length).fill(-Infinity)
    for (let id = 0; id < logits.length; id++) if ((more[id] ?? never) <= most) scores[id] = logits[id] as number
    for (const id of ends) scores[id] = logits[id] ?? -Infinity
    return scores
  }

  /** The token that comes next. @throws ModelError `form-resume` for one that cannot */
  take(id: number): void {
    const bytes = this.#vocabulary.bytesOf(id)
    const after = bytes.length === 0 ? undefined : this.#form.after(this.#written, bytes)
    if (after === undefined)
      throw new ModelError('form-resume', 'what is there of the answer is not of the form that was asked for')
    this.#written = after
  }
}

import type { Form, Written } from '../../../protocol/form/index.ts'
import { createCache } from '../../runtime/cache.ts'
import { ModelError } from '../graph/errors.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Which tokens may come next, by id: 1 for those that may. */
interface Mask {
  readonly allowed: Uint8Array
  readonly some: boolean
  /** Bytes that an answer lacks at least behind the one of them that leaves most to say. */
  readonly most: number
}

/** Masks that are kept: within a string, or between two entries of a list, the same one comes again and again. */
const masksKept = 32
/**
 * Steps that looking through a vocabulary may take, as so many times its bytes. Where several ways are followed through
 * long stretches of anything it would be more: then the first way alone is followed, which is a way as well.
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
    const guided = new Guided(this.#form, this.#vocabulary, (written, left) => this.#mask(written, left))
    for (const id of answered) guided.take(id)
    return guided
  }

  /** `left`: bytes that may follow a token at most. */
  #mask(written: Written, left: number): Mask {
    const key = this.#form.likeness(written, this.#vocabulary.longest)
    const known = this.#masks.get(key) ?? this.#look(written, Infinity)
    this.#masks.set(key, known)
    if (known.most <= left) return known
    // So near the end of what may be said, only what can still be ended is begun.
    const ending = this.#look(written, left)
    return ending.some || this.#form.mayEnd(written) ? ending : known
  }

  #look(written: Written, left: number): Mask {
    const steps = stepsPerByte * this.#vocabulary.bytes.length
    return this.#walk(written, left, steps) ?? this.#walk(this.#form.firstOf(written), left, Infinity) ?? nothing
  }

  /** @returns undefined where it would take more steps than it may */
  #walk(from: Written, left: number, steps: number): Mask | undefined {
    const { ids, bytes, starts, common, size, longest } = this.#vocabulary
    const form = this.#form
    const allowed = new Uint8Array(size)
    const path: (Written | undefined)[] = Array.from({ length: longest + 1 })
    path[0] = from
    let [taken, some, most, failed] = [0, false, 0, Infinity]
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
      const least = form.least(path[length] as Written)
      if (least > left) continue
      allowed[ids[i] as number] = 1
      some = true
      most = Math.max(most, least)
    }
    return { allowed, some, most }
  }
}
const nothing: Mask = { allowed: new Uint8Array(), some: false, most: 0 }

/** One answer as it is written. */
export class Guided {
  readonly #form: Form
  readonly #vocabulary: Vocabulary
  readonly #maskOf: (written: Written, left: number) => Mask
  #written: Written

  constructor(form: Form, vocabulary: Vocabulary, maskOf: (written: Written, left: number) => Mask) {
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
    const { allowed, some } = this.#maskOf(this.#written, left - 1)
    const ends = this.#form.mayEnd(this.#written) ? endIds : new Set<number>()
    if (!some && ends.size === 0)
      throw new ModelError('form-tokens', 'no token of the model can go on in the form that was asked for')
    const scores = new Float32Array(logits.length).fill(-Infinity)
    for (let id = 0; id < logits.length; id++) if (allowed[id] === 1) scores[id] = logits[id] as number
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

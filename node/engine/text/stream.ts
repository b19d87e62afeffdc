import type { Tokenizer } from './tokenizer.ts'

/** Where a text stream stands: little, however long the answer is. */
export interface TextState {
  /** Tokens that the next ones are decoded with, so that the cost of a token does not grow with the answer. */
  readonly ids: readonly number[]
  /** How many of them were decoded before. */
  readonly decoded: number
  /** Text that may turn out to be the beginning of a stop string. */
  readonly pending: string
  /** A stop string was met; what follows it is dropped. */
  readonly stopped: boolean
}

export const textBegin: TextState = { ids: [], decoded: 0, pending: '', stopped: false }

/**
 * Text from tokens as they come. A character that needs further tokens is held back until they are there, and so is
 * text that may turn out to be the beginning of a stop string.
 */
export class TextStream {
  readonly #tokenizer: Pick<Tokenizer, 'decode'>
  readonly #stops: readonly string[]
  #ids: number[]
  #decoded: number
  #pending: string
  #stopped: boolean

  /** @param state where an earlier stream of the same answer stood */
  constructor(tokenizer: Pick<Tokenizer, 'decode'>, stops: readonly string[] = [], state: TextState = textBegin) {
    this.#tokenizer = tokenizer
    this.#stops = stops.filter(stop => stop !== '')
    this.#ids = [...state.ids]
    this.#decoded = state.decoded
    this.#pending = state.pending
    this.#stopped = state.stopped
  }

  /** Whether a stop string was met; what follows it is dropped. */
  get stopped(): boolean {
    return this.#stopped
  }

  get state(): TextState {
    return { ids: this.#ids, decoded: this.#decoded, pending: this.#pending, stopped: this.#stopped }
  }

  /** Takes one token and returns the text that is now certain. */
  push(id: number): string {
    if (this.#stopped) return ''
    this.#ids.push(id)
    const before = this.#tokenizer.decode(this.#ids.slice(0, this.#decoded))
    const now = this.#tokenizer.decode(this.#ids)
    if (now.length <= before.length || now.endsWith('\ufffd')) return ''
    this.#ids = this.#ids.slice(this.#decoded)
    this.#decoded = this.#ids.length
    return this.#release(now.slice(before.length))
  }

  /** Takes some, which may be the last. */
  take(ids: readonly number[], last: boolean): string {
    const text = ids.map(id => this.push(id)).join('')
    return last ? text + this.finish() : text
  }

  /** What was held back, at the end of the answer. */
  finish(): string {
    if (this.#stopped) return ''
    const before = this.#tokenizer.decode(this.#ids.slice(0, this.#decoded))
    const rest = this.#release(this.#tokenizer.decode(this.#ids).slice(before.length))
    const held = this.#pending
    this.#pending = ''
    return rest + (this.#stopped ? '' : held)
  }

  #release(text: string): string {
    const all = this.#pending + text
    const met = this.#stops.map(stop => all.indexOf(stop)).filter(i => i >= 0)
    if (met.length > 0) {
      this.#stopped = true
      this.#pending = ''
      return all.slice(0, Math.min(...met))
    }
    const held = this.#stops.reduce((longest, stop) => Math.max(longest, overlap(all, stop)), 0)
    this.#pending = all.slice(all.length - held)
    return all.slice(0, all.length - held)
  }
}

/** Length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let n = Math.min(text.length, stop.length - 1); n > 0; n--) if (text.endsWith(stop.slice(0, n))) return n
  return 0
}

import type { Tokenizer } from './tokenizer.ts'

/**
 * Text from tokens as they come. A character that needs further tokens is held back until they are there, and so is
 * text that may turn out to be the beginning of a stop string.
 */
export class TextStream {
  readonly #tokenizer: Tokenizer
  readonly #stops: readonly string[]
  readonly #ids: number[] = []
  /** Decoding starts here, so that the cost of a token does not grow with the answer. */
  #window = 0
  #decoded = 0
  #pending = ''
  #stopped = false

  constructor(tokenizer: Tokenizer, stops: readonly string[] = []) {
    this.#tokenizer = tokenizer
    this.#stops = stops.filter(stop => stop !== '')
  }

  /** Whether a stop string was met; what follows it is dropped. */
  get stopped(): boolean {
    return this.#stopped
  }

  /** Takes one token and returns the text that is now certain. */
  push(id: number): string {
    if (this.#stopped) return ''
    this.#ids.push(id)
    const before = this.#tokenizer.decode(this.#ids.slice(this.#window, this.#decoded))
    const now = this.#tokenizer.decode(this.#ids.slice(this.#window))
    if (now.length <= before.length || now.endsWith('\ufffd')) return ''
    this.#window = this.#decoded
    this.#decoded = this.#ids.length
    return this.#release(now.slice(before.length))
  }

  /** What was held back, at the end of the answer. */
  finish(): string {
    if (this.#stopped) return ''
    const before = this.#tokenizer.decode(this.#ids.slice(this.#window, this.#decoded))
    const rest = this.#release(this.#tokenizer.decode(this.#ids.slice(this.#window)).slice(before.length))
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

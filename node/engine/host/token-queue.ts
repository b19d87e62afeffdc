import type { GeneratedToken } from '../types.ts'

/** Tokens between who makes them and whoever iterates; iterating starts where the tokens start, whenever it begins. */
export class TokenQueue {
  readonly #tokens: GeneratedToken[] = []
  #ended = false
  #error: unknown
  #wake: (() => void) | undefined

  push(token: GeneratedToken): void {
    this.#tokens.push(token)
    this.#wake?.()
  }

  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  async *tokens(): AsyncGenerator<GeneratedToken> {
    for (let at = 0; ; at++) {
      while (at >= this.#tokens.length && !this.#ended)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      const token = this.#tokens[at]
      if (token !== undefined) yield token
      else if (this.#error !== undefined) throw this.#error
      else return
    }
  }
}

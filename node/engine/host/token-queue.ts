import type { GeneratedToken } from '../types.ts'

/** Tokens between who makes them and whoever iterates; iterating starts where the tokens start, whenever it begins. */
export class TokenQueue {
  readonly #tokens: GeneratedToken[] = []
  #ended = false
  #error: unknown
  #wake: (() => void) | undefined

  push(tokens: readonly GeneratedToken[]): void {
    this.#tokens.push(...tokens)
    this.#wake?.()
  }

  end(error?: unknown): void {
    this.#ended = true
    this.#error = error
    this.#wake?.()
  }

  /** All that are there, each time. */
  async *groups(): AsyncGenerator<readonly GeneratedToken[]> {
    for (let at = 0; ;) {
      while (at >= this.#tokens.length && !this.#ended)
        await new Promise<void>(resolve => {
          this.#wake = resolve
        })
      const group = this.#tokens.slice(at)
      at += group.length
      if (group.length > 0) yield group
      else if (this.#error !== undefined) throw this.#error
      else return
    }
  }

  async *tokens(): AsyncGenerator<GeneratedToken> {
    for await (const group of this.groups()) yield* group
  }
}

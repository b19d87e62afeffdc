const encoder = new TextEncoder()

/** Some texts by their bytes; each has a weight: bytes that follow it at least. */
export class Trie {
  /** By node: the next by each byte. */
  readonly #next: Map<number, number>[] = [new Map()]
  /** By node: the text that ends there. */
  readonly #ends: (number | undefined)[] = [undefined]
  /** By node: bytes to an end at least, with its weight. */
  readonly #least: number[] = [Infinity]

  constructor(texts: readonly { readonly text: string; readonly index: number; readonly weight: number }[]) {
    for (const { text, index, weight } of texts) {
      const bytes = encoder.encode(text)
      let at = 0
      for (const [i, byte] of bytes.entries()) {
        this.#least[at] = Math.min(this.least(at), bytes.length - i + weight)
        let next = this.#next[at]?.get(byte)
        if (next === undefined) {
          next = this.#next.push(new Map()) - 1
          this.#ends.push(undefined)
          this.#least.push(Infinity)
          this.#next[at]?.set(byte, next)
        }
        at = next
      }
      this.#ends[at] = index
      this.#least[at] = Math.min(this.least(at), weight)
    }
  }

  get nodes(): number {
    return this.#next.length
  }
  step(node: number, byte: number): number | undefined {
    return this.#next[node]?.get(byte)
  }
  end(node: number): number | undefined {
    return this.#ends[node]
  }
  least(node: number): number {
    return this.#least[node] ?? Infinity
  }
  /** Whether no text goes on from there. */
  isLeaf(node: number): boolean {
    return this.#next[node]?.size === 0
  }
}

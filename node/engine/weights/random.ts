/**
 * Philox4x32-10 (Salmon et al. 2011): a counter-based generator. A number depends on seed, stream and position alone,
 * so a run resumes, and a request is answered, the same whatever else was drawn meanwhile.
 */
export class Random {
  readonly #key: readonly [number, number]
  readonly #stream: number
  #position = 0
  #block: readonly number[] = []

  /** `seed` uses 53 bits; `stream` separates uses of one seed. */
  constructor(seed: number, stream = 0, position = 0) {
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]
    this.#stream = stream
    this.#position = position
    if (position % 4 !== 0) this.#block = this.#draw()
  }

  #draw(): readonly number[] {
    const index = Math.floor(this.#position / 4)
    return philox([index >>> 0, Math.floor(index / 2 ** 32) >>> 0, this.#stream >>> 0, 0], this.#key)
  }

  uint32(): number {
    const lane = this.#position % 4
    if (lane === 0) this.#block = this.#draw()
    this.#position++
    return this.#block[lane] ?? 0
  }

  /** In [0, 1), 32 bits. */
  uniform(): number {
    return this.uint32() / 2 ** 32
  }

  /** Standard normal (Box and Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log((this.uint32() + 1) / 2 ** 32))
    return radius * Math.cos(2 * Math.PI * this.uniform())
  }

  /** Fisher–Yates; returns a new array. */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let i = out.length - 1; i > 0; i--) {
      const j = Math.floor(this.uniform() * (i + 1))
      const [a, b] = [out[i], out[j]]
      if (a !== undefined && b !== undefined) {
        out[i] = b
        out[j] = a
      }
    }
    return out
  }
}

/** High and low word of a 32 by 32 bit product. */
function wide(a: number, b: number): readonly [number, number] {
  const [ah, al, bh, bl] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff]
  const low = al * bl
  const middle = ah * bl + (low >>> 16)
  const carry = al * bh + (middle & 0xffff)
  return [(ah * bh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) >>> 0, Math.imul(a, b) >>> 0]
}

export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number]
): readonly [number, number, number, number] {
  let [c0, c1, c2, c3] = counter
  let [k0, k1] = key
  for (let round = 0; round < 10; round++) {
    const [h0, l0] = wide(0xd2511f53, c0)
    const [h1, l1] = wide(0xcd9e8d57, c2)
    ;[c0, c1, c2, c3] = [(h1 ^ c1 ^ k0) >>> 0, l1, (h0 ^ c3 ^ k1) >>> 0, l0]
    k0 = (k0 + 0x9e3779b9) >>> 0
    k1 = (k1 + 0xbb67ae85) >>> 0
  }
  return [c0, c1, c2, c3]
}

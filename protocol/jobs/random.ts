import { keccak_256 } from '@noble/hashes/sha3.js'
import { fromHex } from '../primitives/hex.ts'
import type { Hex } from '../primitives/hex.ts'

/**
 * Uniform integers that everybody draws the same: block i of the stream is keccak-256(seed ‖ i as 8 bytes, big-endian).
 */
export class RandomStream {
  readonly #seed: Uint8Array
  #counter = 0n
  #pool = 0n
  #bits = 0

  constructor(seed: Hex) {
    this.#seed = fromHex(seed)
  }

  #take(bits: number): bigint {
    while (this.#bits < bits) {
      const input = new Uint8Array(this.#seed.length + 8)
      input.set(this.#seed)
      new DataView(input.buffer).setBigUint64(this.#seed.length, this.#counter++)
      for (const byte of keccak_256(input)) this.#pool = (this.#pool << 8n) | BigInt(byte)
      this.#bits += 256
    }
    const rest = this.#bits - bits
    const taken = this.#pool >> BigInt(rest)
    this.#pool &= (1n << BigInt(rest)) - 1n
    this.#bits = rest
    return taken
  }

  /** Uniform in [0, bound), by rejection, so without bias. `bound` is at least 1. */
  below(bound: bigint): bigint {
    const bits = (bound - 1n).toString(2).length
    for (;;) {
      const drawn = this.#take(bits)
      if (drawn < bound) return drawn
    }
  }
}

import { ModelError } from '../graph/errors.ts'

/** A model's tokens by their bytes, in the order of the bytes, so that what begins alike stands together. */
export class Vocabulary {
  readonly size: number
  /** Ids in that order. */
  readonly ids: Uint32Array
  /** Bytes of them all, one after another, and where each begins. */
  readonly bytes: Uint8Array
  readonly starts: Uint32Array
  /** How many bytes each has in common with the one before. */
  readonly common: Uint32Array
  /** Bytes of the longest. */
  readonly longest: number
  readonly #places: Int32Array

  /** @param tokens what each says; undefined for those that say nothing an answer may hold */
  constructor(tokens: readonly (Uint8Array | undefined)[]) {
    const said = tokens.flatMap((bytes, id) => (bytes === undefined || bytes.length === 0 ? [] : [{ id, bytes }]))
    said.sort((a, b) => Buffer.compare(a.bytes, b.bytes) || a.id - b.id)
    this.size = tokens.length
    this.ids = Uint32Array.from(said, ({ id }) => id)
    this.starts = new Uint32Array(said.length + 1)
    this.common = new Uint32Array(said.length)
    this.#places = new Int32Array(tokens.length).fill(-1)
    let [total, longest] = [0, 0]
    for (const [i, { id, bytes }] of said.entries()) {
      this.starts[i] = total
      this.#places[id] = i
      this.common[i] = alike(said[i - 1]?.bytes, bytes)
      total += bytes.length
      longest = Math.max(longest, bytes.length)
    }
    this.starts[said.length] = total
    this.bytes = new Uint8Array(total)
    for (const [i, { bytes }] of said.entries()) this.bytes.set(bytes, this.starts[i])
    this.longest = longest
    // [reject] Whatever a form asks for can be said: every byte of it is a token by itself.
    const alone = new Set(said.flatMap(({ bytes }) => (bytes.length === 1 ? [...bytes] : [])))
    for (let byte = 0x20; byte < 0x7f; byte++)
      if (!alone.has(byte))
        throw new ModelError('form-tokens', `no token of the model says ${String.fromCharCode(byte)} alone`, {
          help: 'Ask without a form, or another model.'
        })
  }

  bytesOf(id: number): Uint8Array {
    const at = this.#places[id] ?? -1
    return at === -1 ? new Uint8Array() : this.bytes.subarray(this.starts[at], this.starts[at + 1])
  }
}

/** Bytes that two have in common at their beginning. */
function alike(a: Uint8Array | undefined, b: Uint8Array): number {
  const differs = b.findIndex((byte, i) => a?.[i] !== byte)
  return differs === -1 ? b.length : differs
}

import { ModelError } from '../graph/errors.ts'

const page = 65536
/** What 32-bit addresses reach. */
const largestPages = 65536
/** Memory grows by at least this much. */
const growth = 16 * 1024 * 1024
const alignment = 64

/**
 * Memory that the kernels and their threads share. Views are made anew after an allocation, since the memory may have
 * grown.
 */
export class Heap {
  readonly memory: WebAssembly.Memory
  /** Gaps, by address. */
  #free: { at: number; size: number }[] = []
  readonly #sizes = new Map<number, number>()
  #end: number

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 2, maximum: largestPages, shared: true })
    this.#end = alignment // address 0 means none
  }

  /** Bytes that are in use. */
  get used(): number {
    return [...this.#sizes.values()].reduce((a, b) => a + b, 0)
  }

  /**
   * Address of `bytes` of memory, whose content is whatever was there. Throws `engine-memory` when there is no more.
   */
  allocate(bytes: number): number {
    const size = Math.max(alignment, Math.ceil(bytes / alignment) * alignment)
    const gap = this.#free.findIndex(g => g.size >= size)
    const found = this.#free[gap]
    let at = this.#end
    if (found !== undefined) {
      at = found.at
      if (found.size === size) this.#free.splice(gap, 1)
      else this.#free[gap] = { at: at + size, size: found.size - size }
    } else {
      this.#reach(at + size)
      this.#end = at + size
    }
    this.#sizes.set(at, size)
    return at
  }

  release(at: number): void {
    const size = this.#sizes.get(at)
    if (size === undefined) return
    this.#sizes.delete(at)
    const next = this.#free.findIndex(g => g.at > at)
    this.#free.splice(next === -1 ? this.#free.length : next, 0, { at, size })
    const merged: { at: number; size: number }[] = []
    for (const gap of this.#free) {
      const last = merged.at(-1)
      if (last !== undefined && last.at + last.size === gap.at) last.size += gap.size
      else merged.push({ ...gap })
    }
    const last = merged.at(-1)
    if (last !== undefined && last.at + last.size === this.#end) {
      this.#end = last.at
      merged.pop()
    }
    this.#free = merged
  }

  #reach(end: number): void {
    const have = this.memory.buffer.byteLength
    if (end <= have) return
    const wanted = Math.min(largestPages - have / page, Math.ceil(Math.max(end - have, growth) / page))
    const needed = Math.ceil((end - have) / page)
    for (const pages of [wanted, needed]) {
      try {
        if (pages >= needed && this.memory.grow(pages) >= 0) return
      } catch {
        /* less is tried, then it is an error */
      }
    }
    throw new ModelError('engine-memory', `no memory for ${end - have} bytes more beside ${have}`, {
      help: 'Use a smaller model, fewer requests at once, or a machine with more memory.'
    })
  }

  floats(at: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, at, count)
  }

  words(at: number, count: number): Uint32Array {
    return new Uint32Array(this.memory.buffer, at, count)
  }

  bytes(at: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, count)
  }

  putFloats(data: Float32Array): number {
    const at = this.allocate(4 * data.length)
    this.floats(at, data.length).set(data)
    return at
  }

  putWords(data: readonly number[]): number {
    const at = this.allocate(4 * data.length)
    this.words(at, data.length).set(data)
    return at
  }

  /**
   * A structure of four-byte fields (assembly/layout.ts): addresses and lengths as they are, floats as a Float32Array
   * of one.
   */
  putFields(fields: readonly (number | Float32Array)[]): number {
    return this.putWords(fields.map(word))
  }

  setFields(at: number, fields: readonly (number | Float32Array)[]): void {
    this.words(at, fields.length).set(fields.map(word))
  }
}

function word(field: number | Float32Array): number {
  return typeof field === 'number' ? field : (new Uint32Array(field.buffer, field.byteOffset, 1)[0] ?? 0)
}

import { f32, floats, type Feeds } from '../graph/session.ts'
import type { ModelConfig } from '../architecture/config.ts'

/** Positions are allotted in blocks of this many. */
const block = 64

/**
 * Keys and values of the running sequences, in buffers of our own that are fed to each step as they are: a run returns
 * only the new rows. Sequences lie one after another, so the running ones are always the first `rows`.
 */
export class KeyValueCache {
  readonly #config: ModelConfig
  #capacity = block
  #slots = 1
  #rows = 0
  readonly #lengths: number[] = []
  /** Per layer, [slots, key heads, capacity, head width]. */
  #keys: Float32Array[]
  #values: Float32Array[]

  constructor(config: ModelConfig) {
    this.#config = config
    this.#keys = this.#allocate(this.#slots, this.#capacity)
    this.#values = this.#allocate(this.#slots, this.#capacity)
  }

  get rows(): number {
    return this.#rows
  }

  length(row: number): number {
    return this.#lengths[row] ?? 0
  }

  /** Positions of the past that a step sees, padding included. */
  get capacity(): number {
    return this.#capacity
  }

  /** Adds an empty sequence at the end and returns its row. */
  open(): number {
    if (this.#rows === this.#slots) this.#resize(this.#slots * 2, this.#capacity)
    this.#lengths[this.#rows] = 0
    return this.#rows++
  }

  /**
   * Removes a sequence; the last one takes its row. What it leaves behind is cleared: masked or not, a NaN (of a
   * damaged
   * adapter, say) would spoil whoever comes into its place.
   */
  close(row: number): void {
    const last = this.#rows - 1
    const size = this.#rowSize()
    const used = Math.max(this.length(row), this.length(last))
    if (row !== last) {
      for (const buffer of [...this.#keys, ...this.#values])
        buffer.copyWithin(row * size, last * size, (last + 1) * size)
      this.#lengths[row] = this.#lengths[last] ?? 0
    }
    this.#clear(last, used)
    this.#rows = last
    this.#lengths.length = last
    if (last === 0 && this.#capacity > 8 * block) this.#resize(1, block)
  }

  /** The past of rows [from, to) as inputs. */
  feeds(from: number, to: number): Feeds {
    const { keyHeads, headWidth, layers } = this.#config
    const size = this.#rowSize()
    const shape = [to - from, keyHeads, this.#capacity, headWidth]
    const feeds: Feeds = {}
    for (let layer = 0; layer < layers; layer++) {
      feeds[`past.${layer}.k`] = f32((this.#keys[layer] as Float32Array).subarray(from * size, to * size), shape)
      feeds[`past.${layer}.v`] = f32((this.#values[layer] as Float32Array).subarray(from * size, to * size), shape)
    }
    return feeds
  }

  /**
   * Mask [rows, 1, time, capacity + time] of a step over rows [from, to): the past as far as it is filled, then causal.
   */
  mask(from: number, to: number, time: number): Float32Array {
    const width = this.#capacity + time
    const mask = new Float32Array((to - from) * time * width)
    for (let row = from; row < to; row++) {
      for (let t = 0; t < time; t++) {
        const at = ((row - from) * time + t) * width
        mask.fill(-Infinity, at + this.length(row), at + this.#capacity)
        mask.fill(-Infinity, at + this.#capacity + t + 1, at + width)
      }
    }
    return mask
  }

  /** Appends a step's new keys and values, outputs `new.<layer>.k|v` [rows, key heads, time, head width]. */
  append(out: Feeds, from: number, to: number, time: number): void {
    const { keyHeads, headWidth, layers } = this.#config
    const needed = Math.max(...this.#lengths.slice(from, to)) + time
    if (needed > this.#capacity) this.#resize(this.#slots, Math.ceil(needed / block) * block)
    const write = (buffer: Float32Array, fresh: Float32Array): void => {
      for (let row = from; row < to; row++) {
        for (let head = 0; head < keyHeads; head++) {
          const source = ((row - from) * keyHeads + head) * time * headWidth
          const target = ((row * keyHeads + head) * this.#capacity + this.length(row)) * headWidth
          buffer.set(fresh.subarray(source, source + time * headWidth), target)
        }
      }
    }
    for (let layer = 0; layer < layers; layer++) {
      write(this.#keys[layer] as Float32Array, floats(out[`new.${layer}.k`]))
      write(this.#values[layer] as Float32Array, floats(out[`new.${layer}.v`]))
    }
    for (let row = from; row < to; row++) this.#lengths[row] = this.length(row) + time
  }

  #clear(row: number, used: number): void {
    const { keyHeads, headWidth } = this.#config
    for (const buffer of [...this.#keys, ...this.#values]) {
      for (let head = 0; head < keyHeads; head++) {
        const from = (row * keyHeads + head) * this.#capacity * headWidth
        buffer.fill(0, from, from + used * headWidth)
      }
    }
  }

  #rowSize(): number {
    return this.#config.keyHeads * this.#capacity * this.#config.headWidth
  }

  #allocate(slots: number, capacity: number): Float32Array[] {
    const { keyHeads, headWidth, layers } = this.#config
    return Array.from({ length: layers }, () => new Float32Array(slots * keyHeads * capacity * headWidth))
  }

  /** Where there is not the memory for it, everything stays as it was. */
  #resize(slots: number, capacity: number): void {
    const { keyHeads, headWidth } = this.#config
    const [keys, values] = [this.#allocate(slots, capacity), this.#allocate(slots, capacity)]
    const [oldKeys, oldValues, oldCapacity] = [this.#keys, this.#values, this.#capacity]
    this.#slots = slots
    this.#capacity = capacity
    this.#keys = keys
    this.#values = values
    const move = (from: Float32Array, to: Float32Array): void => {
      for (let row = 0; row < this.#rows; row++) {
        for (let head = 0; head < keyHeads; head++) {
          const source = (row * keyHeads + head) * oldCapacity * headWidth
          to.set(
            from.subarray(source, source + this.length(row) * headWidth),
            (row * keyHeads + head) * capacity * headWidth
          )
        }
      }
    }
    oldKeys.forEach((buffer, layer) => move(buffer, this.#keys[layer] as Float32Array))
    oldValues.forEach((buffer, layer) => move(buffer, this.#values[layer] as Float32Array))
  }
}

import { adapterScale, gainOf, isDora, type Adapter } from '../adapters/index.ts'
import type { LoadedModel } from '../architecture/load.ts'
import { projections } from '../architecture/parameters.ts'
import { Heap } from './heap.ts'
import { Pace } from './pace.ts'
import { packModel } from './pack.ts'
import { controlWords, Team } from './team.ts'

/** Positions of a block of the cache, and rows that go through attention together (assembly/attention.ts). */
const blockLength = 64
const chunkRows = 8

/** A cached sequence. Its blocks hold keys and values of all layers for 64 positions each. */
export interface Sequence {
  readonly table: number
  readonly blocks: number[]
  length: number
}

/** What one sequence brings to a step. The logits are those of its last token. */
export interface StepPart {
  readonly sequence: Sequence
  readonly ids: readonly number[]
  readonly adapter: Adapter | null
}

interface Packed {
  readonly at: number
  readonly parts: readonly number[]
  readonly rank: number
  readonly gained: boolean
  /** When it last took a step. */
  used: number
}

/** Adapters that stay packed, and for how long without a step. */
const adaptersKept = 64
const idleMs = 300_000

/** Buffers of a step, for so many rows. */
interface Buffers {
  readonly rows: number
  readonly targets: number
  readonly lowWidth: number
  readonly at: Readonly<
    Record<
      | 'positions'
      | 'tables'
      | 'runs'
      | 'chunks'
      | 'targets'
      | 'x'
      | 'states'
      | 'tiles'
      | 'query'
      | 'key'
      | 'value'
      | 'gate'
      | 'up'
      | 'low'
      | 'logits',
      number
    >
  >
}

/**
 * A decoder with 4-bit weights on the CPU, by kernels of our own (assembly/): a step is one call, where a graph would
 * be
 * a thousand, keys and values are written where they stay, and each row may use another adapter. What a row gets does
 * not depend on the rows beside it, nor on the number of threads.
 */
export class KernelDecoder {
  readonly #model: LoadedModel
  /** Embeddings, of which each step takes some rows. */
  readonly #table: Float32Array
  readonly #heap = new Heap()
  readonly #team: Team
  readonly #pace = new Pace()
  readonly #packed: number
  readonly #batch: number
  readonly #scores: number
  readonly #scoreWidth: number
  readonly #scratch: number
  readonly #taken: number
  readonly #scratchBytes: number
  readonly #adapters = new Map<Adapter, Packed>()
  #buffers: Buffers | undefined

  /** The model must be one that `kernelsTake`. */
  constructor(model: LoadedModel, threads: number) {
    const { config } = model
    this.#model = model
    this.#table = model.parameters.get('model.embed_tokens.weight')?.data ?? new Float32Array(0)
    this.#packed = packModel(this.#heap, model)
    this.#scoreWidth = Math.ceil(config.context / blockLength) * blockLength
    this.#scores = this.#heap.allocate(4 * threads * chunkRows * this.#scoreWidth)
    this.#scratchBytes = Math.ceil((9 * Math.max(...projections(config).map(p => p.in))) / 64) * 64
    this.#scratch = this.#heap.allocate(threads * this.#scratchBytes)
    this.#taken = this.#heap.allocate(4 * this.#counters)
    this.#batch = this.#heap.allocate(4 * 32)
    this.#team = new Team(this.#heap.memory, this.#heap.allocate(4 * controlWords(threads)), threads)
  }

  /** Places where threads share work, nine in each layer (assembly/index.ts). */
  get #counters(): number {
    return 9 * this.#model.config.layers
  }

  /** Threads that can work now; the others are still starting. */
  get threads(): number {
    return this.#team.ready
  }

  /** Memory in use, in bytes. */
  get bytes(): number {
    return this.#heap.used
  }

  open(): Sequence {
    return {
      table: this.#heap.allocate(4 * Math.ceil(this.#model.config.context / blockLength)),
      blocks: [],
      length: 0
    }
  }

  close(sequence: Sequence): void {
    for (const block of sequence.blocks.splice(0)) this.#heap.release(block)
    this.#heap.release(sequence.table)
  }

  async release(): Promise<void> {
    await this.#team.close()
  }

  /**
   * Runs the tokens of each part behind what its sequence has cached. Returns logits [parts, vocabulary], valid until
   * the next step.
   */
  step(parts: readonly StepPart[]): Float32Array {
    const rows = parts.reduce((n, part) => n + part.ids.length, 0)
    for (const { sequence, ids } of parts) this.#extend(sequence, sequence.length + ids.length)
    const adapters = parts.map(({ adapter }) => (adapter === null ? undefined : this.#adapter(adapter)))
    this.#evict(parts)
    const buffers = this.#reserve(rows, parts.length, Math.max(8, ...adapters.map(a => a?.rank ?? 0)))
    this.#fill(parts, adapters, rows, buffers)
    const threads = this.#pace.choose(rows, this.#team.ready)
    const start = performance.now()
    this.#team.forward(this.#packed, this.#batch, threads)
    this.#pace.record(rows, threads, performance.now() - start)
    for (const { sequence, ids } of parts) sequence.length += ids.length
    return this.#heap.floats(buffers.at.logits, parts.length * this.#model.config.vocabulary)
  }

  /** Blocks for `length` positions. */
  #extend(sequence: Sequence, length: number): void {
    const { layers, keyHeads, headWidth } = this.#model.config
    while (sequence.blocks.length * blockLength < length) {
      sequence.blocks.push(this.#heap.allocate(8 * layers * keyHeads * headWidth * blockLength))
    }
    this.#heap.words(sequence.table, sequence.blocks.length).set(sequence.blocks)
  }

  #reserve(rows: number, targets: number, lowWidth: number): Buffers {
    const known = this.#buffers
    if (known !== undefined && known.rows >= rows && known.targets >= targets && known.lowWidth >= lowWidth)
      return known
    for (const at of Object.values(known?.at ?? {})) this.#heap.release(at)
    const c = this.#model.config
    const [query, keys] = [c.heads * c.headWidth, c.keyHeads * c.headWidth]
    const count = 2 ** Math.ceil(Math.log2(Math.max(rows, known?.rows ?? 0)))
    const most = 2 ** Math.ceil(Math.log2(Math.max(targets, known?.targets ?? 0)))
    const words = (each: number): number => this.#heap.allocate(4 * count * each)
    const width = Math.max(lowWidth, known?.lowWidth ?? 0)
    const made: Buffers = {
      rows: count,
      targets: most,
      lowWidth: width,
      at: {
        positions: words(1),
        tables: words(1),
        runs: words(3),
        chunks: words(2),
        targets: words(1),
        x: words(c.hidden),
        states: words(Math.max(c.hidden, query)),
        tiles: words(Math.ceil((Math.max(c.hidden, query, c.intermediate) * 40) / 32 / 4)),
        query: words(query),
        key: words(keys),
        value: words(keys),
        gate: words(c.intermediate),
        up: words(Math.max(c.hidden, c.intermediate)),
        low: words(3 * width),
        logits: this.#heap.allocate(4 * most * c.vocabulary)
      }
    }
    this.#buffers = made
    return made
  }

  #fill(
    parts: readonly StepPart[],
    adapters: readonly (Packed | undefined)[],
    rows: number,
    { at, lowWidth }: Buffers
  ): void {
    const { hidden } = this.#model.config
    const table = this.#table
    const x = this.#heap.floats(at.x, rows * hidden)
    const positions: number[] = []
    const tables: number[] = []
    const runs: number[] = []
    const chunks: number[] = []
    const targets: number[] = []
    parts.forEach(({ sequence, ids }, i) => {
      const first = positions.length
      ids.forEach((id, t) => {
        x.set(table.subarray(id * hidden, (id + 1) * hidden), (first + t) * hidden)
        positions.push(sequence.length + t)
        tables.push(sequence.table)
      })
      for (let t = 0; t < ids.length; t += chunkRows) chunks.push(first + t, Math.min(chunkRows, ids.length - t))
      const adapter = adapters[i]?.at ?? 0
      if (runs.length > 0 && runs.at(-1) === adapter) runs[runs.length - 2] = (runs.at(-2) ?? 0) + ids.length
      else runs.push(first, ids.length, adapter)
      targets.push(first + ids.length - 1)
    })
    const put = (where: number, values: readonly number[]): void => this.#heap.words(where, values.length).set(values)
    put(at.positions, positions)
    put(at.tables, tables)
    put(at.runs, runs)
    put(at.chunks, chunks)
    put(at.targets, targets)
    this.#heap.words(this.#taken, this.#counters).fill(0)
    this.#heap.setFields(this.#batch, [
      rows,
      at.positions,
      at.tables,
      at.runs,
      runs.length / 3,
      at.chunks,
      chunks.length / 2,
      at.targets,
      parts.length,
      at.x,
      at.states,
      at.tiles,
      at.query,
      at.key,
      at.value,
      at.gate,
      at.up,
      at.low,
      lowWidth,
      this.#scores,
      this.#scoreWidth,
      this.#scratch,
      this.#scratchBytes,
      this.#taken,
      at.logits,
      adapters.some(packed => packed?.gained === true) ? 1 : 0
    ])
  }

  /**
   * An adapter in memory: rank, then aᵀ [in, rank], bᵀ [rank, out] and DoRA's gains [out] of every layer's projections,
   * the scale in b.
   */
  #adapter(adapter: Adapter): Packed {
    const known = this.#adapters.get(adapter)
    this.#adapters.delete(adapter)
    if (known !== undefined) {
      known.used = performance.now()
      this.#adapters.set(adapter, known) // to the end: the first is the one used longest ago
      return known
    }
    const rank = Math.ceil(adapter.rank / 4) * 4
    const scale = adapterScale(adapter)
    const modules = new Map(adapter.modules.map(m => [m.path, m]))
    const parts: number[] = []
    const put = (rows: number, columns: number, element: (row: number, column: number) => number): number => {
      const at = this.#heap.allocate(4 * rows * columns)
      const out = this.#heap.floats(at, rows * columns)
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[r * columns + c] = element(r, c)
      parts.push(at)
      return at
    }
    const { config } = this.#model
    const matrices = Array.from({ length: config.layers }, (_, layer) =>
      projections(config).flatMap(({ path }) => {
        const m = modules.get(`model.layers.${layer}.${path}`)
        if (m === undefined) return [0, 0, 0]
        const gain = gainOf(m)
        return [
          put(m.in, rank, (i, r) => (r < adapter.rank ? (m.a[r * m.in + i] ?? 0) : 0)),
          put(rank, m.out, (r, o) => (r < adapter.rank ? scale * (m.b[o * adapter.rank + r] ?? 0) : 0)),
          gain === undefined ? 0 : put(1, m.out, (_, o) => gain[o] ?? 1)
        ]
      })
    ).flat()
    const at = this.#heap.putWords([rank, ...matrices])
    const packed = { at, parts: [...parts, at], rank, gained: isDora(adapter), used: performance.now() }
    this.#adapters.set(adapter, packed)
    return packed
  }

  #evict(parts: readonly StepPart[]): void {
    const needed = new Set(parts.map(({ adapter }) => adapter))
    const idle = performance.now() - idleMs
    for (const [adapter, packed] of this.#adapters) {
      if (this.#adapters.size <= adaptersKept && packed.used > idle) return
      if (needed.has(adapter)) continue
      this.#adapters.delete(adapter)
      for (const at of packed.parts) this.#heap.release(at)
    }
  }
}

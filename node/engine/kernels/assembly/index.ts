import { attend, chunkRows, remember } from './attention'
import { byteProduct } from './bytes'
import { add, gated, multiply, rescale, rmsNorm } from './float'
import { Batch, Chunk, Layer, Model, Projection, Run } from './layout'
import { product, quantize } from './tiles'

export { byteProduct, product, quantize }

/**
 * One step of a decoder with weights of 4 or 8 bits, run by `threads` threads at once: each calls `forward` with its
 * own number and does its share of every phase; between phases they meet.
 */

/** Turns of waiting awake: a phase is over in microseconds, unless a thread lost its core. */
const patience: u32 = 20000
/** Nanoseconds after which a thread that does not come is given up, and with it the step. */
const limit: i64 = 60000000000

/** `meeting`: two words of memory, how many have arrived and how many meetings there were. */
function meet(meeting: usize, threads: u32): void {
  if (threads == 1) return
  const before = atomic.load<u32>(meeting, 4)
  if (atomic.add<u32>(meeting, 1) == threads - 1) {
    atomic.store<u32>(meeting, 0)
    atomic.add<u32>(meeting, 1, 4)
    atomic.notify(meeting + 4, -1)
    return
  }
  for (let turn: u32 = 0; atomic.load<u32>(meeting, 4) == before; turn++) {
    if (turn > patience && atomic.wait<i32>(meeting + 4, before, limit) == 2) unreachable()
  }
}

/** The adapter's matrix of one projection, aᵀ, bᵀ or gains; 0 where it has none. */
// @ts-ignore: decorator
@inline
function matrix(adapter: usize, layer: u32, which: u32, part: u32): usize {
  return load<usize>(adapter + 4 + (<usize>((layer * 7 + which) * 3 + part) << 2))
}

/** Inner states of the adapters, x · aᵀ, of rows [from, to), for projection `which` into place `slot`. */
function narrow(batch: Batch, layer: u32, which: u32, slot: u32, x: usize, inputs: u32, from: u32, to: u32): void {
  for (let i: u32 = 0; i < batch.runCount; i++) {
    const run = changetype<Run>(batch.runs + (<usize>i * offsetof<Run>()))
    if (run.adapter == 0) continue
    const first = max(run.first, from), end = min(run.first + run.count, to)
    const a = matrix(run.adapter, layer, which, 0)
    if (first >= end || a == 0) continue
    const rank = load<u32>(run.adapter)
    const low = batch.low + (<usize>((slot * batch.rows + first) * batch.lowWidth) << 2)
    multiply(
      x + (<usize>first * inputs << 2), <usize>inputs << 2, end - first, inputs, a, <usize>rank << 2, rank, low,
      <usize>batch.lowWidth << 2, 0
    )
  }
}

/** Outputs [4·from, 4·to) of a product with the weights of a projection, of whichever form. */
function times(
  p: Projection, tiles: usize, rows: u32, from: u32, to: u32, start: usize, startStride: usize, out: usize,
  scratch: usize
): void {
  const stride = <usize>p.outputs << 2
  if (p.bits == 8) byteProduct(tiles, rows, p.weights, p.inputs, from, to, start, startStride, out, stride)
  else product(tiles, rows, p.weights, p.inputs, from, to, start, startStride, out, stride, scratch)
}

/** Puts aside what the outputs of DoRA's rows are to be added to: they begin with 0, since they are scaled at last. */
function hold(batch: Batch, layer: u32, which: u32, out: usize, stride: usize, left: usize, bytes: usize): void {
  for (let i: u32 = 0; i < batch.runCount; i++) {
    const run = changetype<Run>(batch.runs + (<usize>i * offsetof<Run>()))
    if (run.adapter == 0 || matrix(run.adapter, layer, which, 2) == 0) continue
    for (let r: usize = run.first; r < run.first + run.count; r++) {
      memory.copy(batch.up + r * stride + left, out + r * stride + left, bytes)
      memory.fill(out + r * stride + left, 0, bytes)
    }
  }
}

/** Multiplies the outputs of a run's rows, without bias and what they are added to, by its gains. */
function scaleRun(
  batch: Batch, run: Run, gain: usize, bias: usize, out: usize, onto: bool, stride: usize, left: usize, bytes: usize
): void {
  for (let r: usize = run.first; r < run.first + run.count; r++) {
    const at = r * stride + left
    rescale(out + at, gain + left, bias == 0 ? 0 : bias + left, onto ? batch.up + at : 0, bytes)
  }
}

/** Outputs [4·from, 4·to) of a projection, adapters included; added to `out` where `onto` is set. */
function project(
  batch: Batch, p: Projection, layer: u32, which: u32, slot: u32, zeros: usize, out: usize, onto: bool, from: u32,
  to: u32, thread: u32
): void {
  const stride = <usize>p.outputs << 2
  const start = onto ? out : p.bias != 0 ? p.bias : zeros
  const left = <usize>from << 4, bytes = <usize>(to - from) << 4
  if (onto && batch.gained != 0) hold(batch, layer, which, out, stride, left, bytes)
  times(
    p, batch.tiles, batch.rows, from, to, start, onto ? stride : 0, out,
    batch.scratch + <usize>thread * batch.scratchBytes
  )
  if (onto && p.bias != 0)
    for (let r: u32 = 0; r < batch.rows; r++) add(out + <usize>r * stride + left, p.bias + left, bytes)
  for (let i: u32 = 0; i < batch.runCount; i++) {
    const run = changetype<Run>(batch.runs + (<usize>i * offsetof<Run>()))
    if (run.adapter == 0) continue
    const b = matrix(run.adapter, layer, which, 1)
    if (b == 0) continue
    const low = batch.low + (<usize>((slot * batch.rows + run.first) * batch.lowWidth) << 2)
    multiply(
      low, <usize>batch.lowWidth << 2, run.count, load<u32>(run.adapter), b + left, stride, (to - from) << 2,
      out + <usize>run.first * stride + left, stride, 1
    )
    if (batch.gained == 0) continue
    const gain = matrix(run.adapter, layer, which, 2)
    if (gain != 0) scaleRun(batch, run, gain, p.bias, out, onto, stride, left, bytes)
  }
}

/** Places in which the threads of a layer share work, each with a counter of the pieces that are taken. */
const places: u32 = 9

/** Number of the next piece of work that nobody has taken: a thread that is held up takes fewer. */
// @ts-ignore: decorator
@inline
function take(batch: Batch, layer: u32, place: u32): u32 {
  return atomic.add<u32>(batch.taken + (<usize>(layer * places + place) << 2), 1)
}

/** Tiles of a piece: some pieces for each thread, or everything at once for one that is alone. */
// @ts-ignore: decorator
@inline
function pieceOf(tiles: u32, threads: u32): u32 {
  return threads == 1 ? tiles : max(1, tiles / (4 * threads))
}

/** A projection, with the other threads. */
function projectShared(
  batch: Batch, p: Projection, layer: u32, which: u32, slot: u32, zeros: usize, out: usize, onto: bool, thread: u32,
  threads: u32
): void {
  const tiles = p.outputs >> 2, piece = pieceOf(tiles, threads)
  for (let from = take(batch, layer, which) * piece; from < tiles; from = take(batch, layer, which) * piece) {
    project(batch, p, layer, which, slot, zeros, out, onto, from, min(tiles, from + piece), thread)
  }
}

export function forward(model: usize, step: usize, meeting: usize, thread: u32, threads: u32): void {
  const m = changetype<Model>(model), batch = changetype<Batch>(step)
  const rows = batch.rows, from = rows * thread / threads, to = rows * (thread + 1) / threads
  const hidden = m.hidden, mixed = m.heads * m.headWidth
  const states = batch.states
  // A single row is prepared by every thread, which costs less than waiting for the one that does it.
  const all = rows == 1, first = all ? 0 : from, end = all ? 1 : to, helpers = all ? 1 : threads
  for (let l: u32 = 0; l < m.layers; l++) {
    const layer = changetype<Layer>(load<usize>(m.layer + (<usize>l << 2)))
    for (let r = first; r < end; r++) {
      const state = states + (<usize>r * hidden << 2)
      rmsNorm(batch.x + (<usize>r * hidden << 2), layer.attentionNorm, hidden, m.epsilon, state)
      quantize(state, hidden, batch.tiles, r, rows)
    }
    for (let which: u32 = 0; which < 3; which++) narrow(batch, l, which, which, states, hidden, first, end)
    meet(meeting, helpers)
    projectShared(batch, layer.query, l, 0, 0, m.zeros, batch.query, false, thread, threads)
    projectShared(batch, layer.key, l, 1, 1, m.zeros, batch.key, false, thread, threads)
    projectShared(batch, layer.value, l, 2, 2, m.zeros, batch.value, false, thread, threads)
    meet(meeting, threads)
    for (let r = from; r < to; r++) remember(m, batch, l, layer.queryNorm, layer.keyNorm, r)
    meet(meeting, threads)
    const heads = m.heads, pieces = batch.chunkCount * heads
    for (let i = take(batch, l, 7); i < pieces; i = take(batch, l, 7)) {
      attend(m, batch, l, changetype<Chunk>(batch.chunks + <usize>(i / heads) * offsetof<Chunk>()), i % heads, thread)
    }
    meet(meeting, threads)
    for (let r = first; r < end; r++) quantize(states + (<usize>r * mixed << 2), mixed, batch.tiles, r, rows)
    narrow(batch, l, 3, 0, states, mixed, first, end)
    meet(meeting, helpers)
    projectShared(batch, layer.output, l, 3, 0, m.zeros, batch.x, true, thread, threads)
    meet(meeting, threads)
    for (let r = first; r < end; r++) {
      const state = states + (<usize>r * hidden << 2)
      rmsNorm(batch.x + (<usize>r * hidden << 2), layer.mlpNorm, hidden, m.epsilon, state)
      quantize(state, hidden, batch.tiles, r, rows)
    }
    narrow(batch, l, 4, 0, states, hidden, first, end)
    narrow(batch, l, 5, 1, states, hidden, first, end)
    meet(meeting, helpers)
    const wide = <usize>m.intermediate << 2
    const tiles = m.intermediate >> 2, piece = pieceOf(tiles, threads)
    for (let at = take(batch, l, 4) * piece; at < tiles; at = take(batch, l, 4) * piece) {
      const until = min(tiles, at + piece)
      project(batch, layer.gate, l, 4, 0, m.zeros, batch.gate, false, at, until, thread)
      project(batch, layer.up, l, 5, 1, m.zeros, batch.up, false, at, until, thread)
      for (let r: usize = 0; r < rows; r++)
        gated(
          batch.gate + r * wide + (<usize>at << 4), batch.up + r * wide + (<usize>at << 4), <usize>(until - at) << 4
        )
    }
    meet(meeting, threads)
    for (let r = first; r < end; r++) quantize(batch.gate + <usize>r * wide, m.intermediate, batch.tiles, r, rows)
    narrow(batch, l, 6, 0, batch.gate, m.intermediate, first, end)
    meet(meeting, helpers)
    projectShared(batch, layer.down, l, 6, 0, m.zeros, batch.x, true, thread, threads)
    meet(meeting, threads)
  }
  const targets = batch.targetCount
  for (let i: u32 = thread; i < targets; i += threads) {
    const state = states + (<usize>i * hidden << 2)
    rmsNorm(
      batch.x + (<usize>load<u32>(batch.targets + (<usize>i << 2)) * hidden << 2), m.norm, hidden, m.epsilon, state
    )
    quantize(state, hidden, batch.tiles, i, targets)
  }
  meet(meeting, threads)
  const tiles = m.head.outputs >> 2, piece = pieceOf(tiles, threads)
  for (let at = take(batch, 0, 8) * piece; at < tiles; at = take(batch, 0, 8) * piece) {
    times(
      m.head, batch.tiles, targets, at, min(tiles, at + piece), m.zeros, 0, batch.logits,
      batch.scratch + <usize>thread * batch.scratchBytes
    )
  }
  meet(meeting, threads)
}

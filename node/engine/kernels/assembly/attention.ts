import { Batch, Chunk, Model } from './layout'
import { exp4, multiply, rmsNorm, total } from './float'

/** Positions of a block of the cache. */
export const blockLength: u32 = 64
/** Most rows of one sequence that go through attention together. */
export const chunkRows: u32 = 8

/** Address of one head's keys in a block: [headWidth, 64], and after them its values [64, headWidth]. */
// @ts-ignore: decorator
@inline
function cached(m: Model, block: usize, layer: u32, head: u32): usize {
  return block + ((<usize>(layer * m.keyHeads + head) * m.headWidth * blockLength) << 3)
}

/** Halves rotated as in Hugging Face models, times `factor`. */
function rotate(x: usize, cos: usize, sin: usize, half: usize, factor: f32): void {
  const by = f32x4.splat(factor)
  const bytes = half << 2
  for (let i: usize = 0; i < bytes; i += 16) {
    const a = v128.load(x + i), b = v128.load(x + bytes + i), c = v128.load(cos + i), s = v128.load(sin + i)
    v128.store(x + i, f32x4.mul(f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), by))
    v128.store(x + bytes + i, f32x4.mul(f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), by))
  }
}

/**
 * Rotates a row's queries and keys, after the norm of each head where there is one, and puts keys and values into the
 * cache.
 */
export function remember(m: Model, batch: Batch, layer: u32, queryNorm: usize, keyNorm: usize, row: u32): void {
  const width = m.headWidth, bytes = <usize>width << 2
  const position = load<u32>(batch.positions + (<usize>row << 2))
  const table = (<usize>position * (width >> 1)) << 2
  const query = batch.query + <usize>row * m.heads * bytes
  for (let h: u32 = 0; h < m.heads; h++) {
    const q = query + <usize>h * bytes
    if (queryNorm != 0) rmsNorm(q, queryNorm, width, m.epsilon, q)
    rotate(q, m.cos + table, m.sin + table, width >> 1, m.scale)
  }
  const block = load<usize>(load<usize>(batch.tables + (<usize>row << 2)) + (<usize>(position / blockLength) << 2))
  const place = <usize>(position % blockLength)
  for (let g: u32 = 0; g < m.keyHeads; g++) {
    const k = batch.key + (<usize>row * m.keyHeads + g) * bytes
    if (keyNorm != 0) rmsNorm(k, keyNorm, width, m.epsilon, k)
    rotate(k, m.cos + table, m.sin + table, width >> 1, 1)
    const keys = cached(m, block, layer, g)
    for (let i: usize = 0; i < width; i++) store<f32>(keys + ((i * blockLength + place) << 2), load<f32>(k + (i << 2)))
    const values = keys + <usize>blockLength * bytes + place * bytes
    memory.copy(values, batch.value + (<usize>row * m.keyHeads + g) * bytes, bytes)
  }
}

/** Softmax of the first `length` elements; the rest up to `end` becomes 0. */
function softmax(x: usize, length: u32, end: u32): void {
  for (let i = length; i < end; i++) store<f32>(x + (<usize>i << 2), -Infinity)
  const bytes = <usize>end << 2
  let most = v128.load(x)
  for (let i: usize = 16; i < bytes; i += 16) most = f32x4.pmax(most, v128.load(x + i))
  most = f32x4.pmax(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1))
  most = f32x4.pmax(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2))
  let sum = f32x4.splat(0)
  for (let i: usize = 0; i < bytes; i += 16) {
    const e = exp4(f32x4.sub(v128.load(x + i), most))
    v128.store(x + i, e)
    sum = f32x4.add(sum, e)
  }
  const factor = f32x4.splat(<f32>1 / total(sum))
  for (let i: usize = 0; i < bytes; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factor))
}

/** One query head of a chunk of rows over all that its sequence has cached, into `batch.states`. */
export function attend(m: Model, batch: Batch, layer: u32, chunk: Chunk, head: u32, thread: u32): void {
  const width = m.headWidth, bytes = <usize>width << 2, stride = <usize>m.heads * bytes
  const first = chunk.first, rows = chunk.count
  const group = head / (m.heads / m.keyHeads)
  const table = load<usize>(batch.tables + (<usize>first << 2))
  const position = load<u32>(batch.positions + (<usize>first << 2))
  const length = position + rows
  const across = <usize>batch.scoreWidth << 2
  const scores = batch.scores + <usize>thread * chunkRows * across
  const query = batch.query + <usize>first * stride + <usize>head * bytes
  const out = batch.states + <usize>first * stride + <usize>head * bytes
  for (let at: u32 = 0; at < length; at += blockLength) {
    const keys = cached(m, load<usize>(table + (<usize>(at / blockLength) << 2)), layer, group)
    const seen = (min(blockLength, length - at) + 3) & ~3
    multiply(query, stride, rows, width, keys, <usize>blockLength << 2, seen, scores + (<usize>at << 2), across, 0)
  }
  for (let r: u32 = 0; r < rows; r++) softmax(scores + <usize>r * across, position + r + 1, (length + 3) & ~3)
  for (let at: u32 = 0; at < length; at += blockLength) {
    const keys = cached(m, load<usize>(table + (<usize>(at / blockLength) << 2)), layer, group)
    const values = keys + <usize>blockLength * bytes
    multiply(
      scores + (<usize>at << 2), across, rows, min(blockLength, length - at), values, bytes, width, out, stride,
      at == 0 ? 0 : 1
    )
  }
}

import { total } from './float'

/**
 * Products of 8-bit rows with 4-bit weights.
 *
 * Weights: for every 4 outputs and 32 inputs 64 bytes of codes and 4 float scales. Byte 16g + 4c + i holds the codes of
 * output c and inputs 8g + i (lower half) and 8g + 4 + i. A weight is (code − 8) · scale.
 *
 * Rows: tiles of R rows (R = 4, 2 or 1), for every 32 inputs four times R times 8 bytes, R start values and R float
 * scales. A start value holds −8 · Σ of the inputs that meet in the same 16-bit lane, twice 16 bits, so that the codes
 * need no offset.
 */

export const blockBytes: usize = 80
/** Bytes of 32 inputs of one row. */
export const rowBytes: usize = 40

// @ts-ignore: decorator
@inline
function scaled(sum: v128, total: v128, weightScale: v128, rowScale: v128): v128 {
  return f32x4.relaxed_madd(
    f32x4.convert_i32x4_s(i32x4.extadd_pairwise_i16x8_s(sum)), f32x4.mul(weightScale, rowScale), total
  )
}

/**
 * 15 in every byte. A constant would be built again at each use, in three instructions; what the compiler cannot know
 * stays in a register. Nothing has 2³¹ blocks.
 */
// @ts-ignore: decorator
@inline
function maskOf(blocks: u32): v128 {
  return i8x16.splat(<i8>(15 | (blocks >> 31)))
}

// @ts-ignore: decorator
@inline
function low(codes: v128, mask: v128): v128 {
  return v128.and(codes, mask)
}

// @ts-ignore: decorator
@inline
function high(codes: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(codes, 4), mask)
}

/** Eight inputs of a row: the first four meet the lower codes, the next four the upper ones. */
// @ts-ignore: decorator
@inline
function pair(sum: v128, first: v128, lower: v128, next: v128, upper: v128): v128 {
  return i16x8.add(
    sum, i16x8.add(i16x8.relaxed_dot_i8x16_i7x16_s(first, lower), i16x8.relaxed_dot_i8x16_i7x16_s(next, upper))
  )
}

/** Four outputs of one row. `start` holds what the sums begin with. */
function product1(row: usize, weights: usize, blocks: u32, start: usize, out: usize): void {
  const mask = maskOf(blocks)
  let total = v128.load(start)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(row, 32)
    const w0 = v128.load(weights, 0), l0 = low(w0, mask), h0 = high(w0, mask)
    s0 = pair(s0, v128.load32_splat(row, 0), l0, v128.load32_splat(row, 4), h0)
    const w1 = v128.load(weights, 16), l1 = low(w1, mask), h1 = high(w1, mask)
    s0 = pair(s0, v128.load32_splat(row, 8), l1, v128.load32_splat(row, 12), h1)
    const w2 = v128.load(weights, 32), l2 = low(w2, mask), h2 = high(w2, mask)
    s0 = pair(s0, v128.load32_splat(row, 16), l2, v128.load32_splat(row, 20), h2)
    const w3 = v128.load(weights, 48), l3 = low(w3, mask), h3 = high(w3, mask)
    s0 = pair(s0, v128.load32_splat(row, 24), l3, v128.load32_splat(row, 28), h3)
    total = scaled(s0, total, v128.load(weights, 64), v128.load32_splat(row, 36))
    weights += blockBytes
    row += rowBytes
  }
  v128.store(out, total)
}

/** Four outputs of two rows. */
function product2(
  rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize
): void {
  const mask = maskOf(blocks)
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 64), s1 = v128.load32_splat(rows, 68)
    const w0 = v128.load(weights, 0), l0 = low(w0, mask), h0 = high(w0, mask)
    s0 = pair(s0, v128.load32_splat(rows, 0), l0, v128.load32_splat(rows, 4), h0)
    s1 = pair(s1, v128.load32_splat(rows, 8), l0, v128.load32_splat(rows, 12), h0)
    const w1 = v128.load(weights, 16), l1 = low(w1, mask), h1 = high(w1, mask)
    s0 = pair(s0, v128.load32_splat(rows, 16), l1, v128.load32_splat(rows, 20), h1)
    s1 = pair(s1, v128.load32_splat(rows, 24), l1, v128.load32_splat(rows, 28), h1)
    const w2 = v128.load(weights, 32), l2 = low(w2, mask), h2 = high(w2, mask)
    s0 = pair(s0, v128.load32_splat(rows, 32), l2, v128.load32_splat(rows, 36), h2)
    s1 = pair(s1, v128.load32_splat(rows, 40), l2, v128.load32_splat(rows, 44), h2)
    const w3 = v128.load(weights, 48), l3 = low(w3, mask), h3 = high(w3, mask)
    s0 = pair(s0, v128.load32_splat(rows, 48), l3, v128.load32_splat(rows, 52), h3)
    s1 = pair(s1, v128.load32_splat(rows, 56), l3, v128.load32_splat(rows, 60), h3)
    const scale = v128.load(weights, 64)
    t0 = scaled(s0, t0, scale, v128.load32_splat(rows, 72))
    t1 = scaled(s1, t1, scale, v128.load32_splat(rows, 76))
    weights += blockBytes
    rows += 2 * rowBytes
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
}

/**
 * Four outputs of four rows. The four groups of inputs are turns of a loop: written out, the compiler orders them row
 * by row, and runs out of registers for the weights.
 */
function product4(
  rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize
): void {
  const mask = maskOf(blocks)
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  let t2 = v128.load(start + 2 * startStride), t3 = v128.load(start + 3 * startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 128), s1 = v128.load32_splat(rows, 132)
    let s2 = v128.load32_splat(rows, 136), s3 = v128.load32_splat(rows, 140)
    for (const end = rows + 128; rows < end; rows += 32) {
      const w = v128.load(weights), l = low(w, mask), h = high(w, mask)
      weights += 16
      const x0 = v128.load32_splat(rows, 0), y0 = v128.load32_splat(rows, 4)
      s0 = pair(s0, x0, l, y0, h)
      const x1 = v128.load32_splat(rows, 8), y1 = v128.load32_splat(rows, 12)
      s1 = pair(s1, x1, l, y1, h)
      const x2 = v128.load32_splat(rows, 16), y2 = v128.load32_splat(rows, 20)
      s2 = pair(s2, x2, l, y2, h)
      const x3 = v128.load32_splat(rows, 24), y3 = v128.load32_splat(rows, 28)
      s3 = pair(s3, x3, l, y3, h)
    }
    const scale = v128.load(weights)
    t0 = scaled(s0, t0, scale, v128.load32_splat(rows, 16))
    t1 = scaled(s1, t1, scale, v128.load32_splat(rows, 20))
    t2 = scaled(s2, t2, scale, v128.load32_splat(rows, 24))
    t3 = scaled(s3, t3, scale, v128.load32_splat(rows, 28))
    weights += 16
    rows += 32
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
  v128.store(out + 2 * stride, t2)
  v128.store(out + 3 * stride, t3)
}

/** Bytes of 8 outputs and 32 inputs with a byte for each code. */
const loosened: usize = 288

/** Takes the codes of eight outputs apart. */
function loosen(weights: usize, second: usize, blocks: u32, out: usize): void {
  const mask = maskOf(blocks)
  for (let b: u32 = 0; b < blocks; b++) {
    for (let g: usize = 0; g < 4; g++) {
      const codes = v128.load(weights + (g << 4)), others = v128.load(second + (g << 4))
      v128.store(out + (g << 6), low(codes, mask))
      v128.store(out + (g << 6), high(codes, mask), 16)
      v128.store(out + (g << 6), low(others, mask), 32)
      v128.store(out + (g << 6), high(others, mask), 48)
    }
    v128.store(out, v128.load(weights, 64), 256)
    v128.store(out, v128.load(second, 64), 272)
    weights += blockBytes
    second += blockBytes
    out += loosened
  }
}

/** Eight outputs of four rows, from loosened weights. */
function product4by8(
  rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize
): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  let t2 = v128.load(start + 2 * startStride), t3 = v128.load(start + 3 * startStride)
  let u0 = v128.load(start, 16), u1 = v128.load(start + startStride, 16)
  let u2 = v128.load(start + 2 * startStride, 16), u3 = v128.load(start + 3 * startStride, 16)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 128), s1 = v128.load32_splat(rows, 132)
    let s2 = v128.load32_splat(rows, 136), s3 = v128.load32_splat(rows, 140)
    let z0 = s0, z1 = s1, z2 = s2, z3 = s3
    for (const end = rows + 128; rows < end; rows += 32) {
      const l = v128.load(weights), h = v128.load(weights, 16), m = v128.load(weights, 32), i = v128.load(weights, 48)
      weights += 64
      const x0 = v128.load32_splat(rows, 0), y0 = v128.load32_splat(rows, 4)
      s0 = pair(s0, x0, l, y0, h)
      z0 = pair(z0, x0, m, y0, i)
      const x1 = v128.load32_splat(rows, 8), y1 = v128.load32_splat(rows, 12)
      s1 = pair(s1, x1, l, y1, h)
      z1 = pair(z1, x1, m, y1, i)
      const x2 = v128.load32_splat(rows, 16), y2 = v128.load32_splat(rows, 20)
      s2 = pair(s2, x2, l, y2, h)
      z2 = pair(z2, x2, m, y2, i)
      const x3 = v128.load32_splat(rows, 24), y3 = v128.load32_splat(rows, 28)
      s3 = pair(s3, x3, l, y3, h)
      z3 = pair(z3, x3, m, y3, i)
    }
    const scale = v128.load(weights), other = v128.load(weights, 16)
    const r0 = v128.load32_splat(rows, 16)
    t0 = scaled(s0, t0, scale, r0)
    u0 = scaled(z0, u0, other, r0)
    const r1 = v128.load32_splat(rows, 20)
    t1 = scaled(s1, t1, scale, r1)
    u1 = scaled(z1, u1, other, r1)
    const r2 = v128.load32_splat(rows, 24)
    t2 = scaled(s2, t2, scale, r2)
    u2 = scaled(z2, u2, other, r2)
    const r3 = v128.load32_splat(rows, 28)
    t3 = scaled(s3, t3, scale, r3)
    u3 = scaled(z3, u3, other, r3)
    weights += 32
    rows += 32
  }
  v128.store(out, t0)
  v128.store(out, u0, 16)
  v128.store(out + stride, t1)
  v128.store(out + stride, u1, 16)
  v128.store(out + 2 * stride, t2)
  v128.store(out + 2 * stride, u2, 16)
  v128.store(out + 3 * stride, t3)
  v128.store(out + 3 * stride, u3, 16)
}

/** Bytes of rows that stay in the second-level cache while weights pass by. */
const bytesAtOnce: usize = 200000

/**
 * out[r, 4·from … 4·to) = start + row r · weights. `start` has the layout of `out` at a stride of its own, 0 for one
 * row for all; strides in bytes. What a row gets does not depend on the rows beside it. `scratch` holds 9 bytes an
 * input.
 */
export function product(
  tiles: usize, rows: u32, weights: usize, inputs: u32, from: u32, to: u32, start: usize, startStride: usize,
  out: usize, stride: usize, scratch: usize
): void {
  const blocks = inputs >> 5
  const each: usize = <usize>blocks * rowBytes
  const step: usize = <usize>blocks * blockBytes
  const most: u32 = max(16, <u32>(bytesAtOnce / each) & ~15)
  for (let top: u32 = 0; top < rows; top += most) {
    const end = min(rows, top + most)
    for (let j = from; j < to; j += 2) {
      const w = weights + <usize>j * step, column = <usize>j << 4
      const two = j + 1 < to
      let r = top
      if (two && top + 4 <= end) loosen(w, w + step, blocks, scratch)
      for (; r + 4 <= end; r += 4) {
        const tile = tiles + <usize>r * each
        const s = start + <usize>r * startStride + column, o = out + <usize>r * stride + column
        if (two) product4by8(tile, scratch, blocks, s, startStride, o, stride)
        else product4(tile, w, blocks, s, startStride, o, stride)
      }
      for (; r < end; r += 2) {
        const tile = tiles + <usize>r * each
        const s = start + <usize>r * startStride + column, o = out + <usize>r * stride + column
        if (r + 2 <= end) {
          product2(tile, w, blocks, s, startStride, o, stride)
          if (two) product2(tile, w + step, blocks, s + 16, startStride, o + 16, stride)
        } else {
          product1(tile, w, blocks, s, o)
          if (two) product1(tile, w + step, blocks, s + 16, o + 16)
        }
      }
    }
  }
}

/**
 * Largest magnitude of 32 floats, or NaN where one of them is no number. WebAssembly's own maximum keeps NaN too, but
 * is eight instructions where this is one and an addition.
 */
// @ts-ignore: decorator
@inline
function largest(x: usize): f32 {
  let most = f32x4.splat(0), sum = f32x4.splat(0)
  for (let i: usize = 0; i < 128; i += 16) {
    const v = v128.load(x + i)
    most = f32x4.pmax(most, f32x4.abs(v))
    sum = f32x4.add(sum, v)
  }
  most = f32x4.pmax(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1))
  most = f32x4.pmax(most, v128.shuffle<i32>(most, most, 1, 0, 3, 2))
  return f32x4.extract_lane(most, 0) + 0 * total(sum)
}

/** Rounds numbers below 2²²: added to 1.5 · 2²³, they stand in the lowest bits. */
// @ts-ignore: decorator
@inline
function nearest(x: v128): v128 {
  return i32x4.sub(f32x4.add(x, f32x4.splat(12582912)), i32x4.splat(0x4b400000))
}

// @ts-ignore: decorator
@inline
function eight(x: usize, inverse: v128): v128 {
  return i16x8.narrow_i32x4_s(nearest(f32x4.mul(v128.load(x), inverse)), nearest(f32x4.mul(v128.load(x, 16), inverse)))
}

/** Row r of `rows` into its place in the tiles: 8-bit numbers and a scale for every 32. */
export function quantize(x: usize, inputs: u32, tiles: usize, r: u32, rows: u32): void {
  const blocks = inputs >> 5
  const each: usize = <usize>blocks * rowBytes
  const size: u32 = r < (rows & ~3) ? 4 : r < (rows & ~1) ? 2 : 1
  const lane = r & (size - 1)
  let tile = tiles + <usize>(r - lane) * each
  for (let b: u32 = 0; b < blocks; b++) {
    const most = largest(x)
    const inverse = f32x4.splat(most == 0 ? 0 : 127 / most)
    const a0 = eight(x, inverse), a1 = eight(x + 32, inverse), a2 = eight(x + 64, inverse), a3 = eight(x + 96, inverse)
    const codes = tile + (<usize>lane << 3), apart = <usize>size << 3
    const front = i8x16.narrow_i16x8_s(a0, a1), back = i8x16.narrow_i16x8_s(a2, a3)
    v128.store64_lane(codes, front, 0)
    v128.store64_lane(codes + apart, front, 1)
    v128.store64_lane(codes + 2 * apart, back, 0)
    v128.store64_lane(codes + 3 * apart, back, 1)
    const sums = i16x8.add(i16x8.add(a0, a1), i16x8.add(a2, a3))
    const even =
      i16x8.extract_lane_s(sums, 0) + i16x8.extract_lane_s(sums, 1) +
      i16x8.extract_lane_s(sums, 4) + i16x8.extract_lane_s(sums, 5)
    const odd =
      i16x8.extract_lane_s(sums, 2) + i16x8.extract_lane_s(sums, 3) +
      i16x8.extract_lane_s(sums, 6) + i16x8.extract_lane_s(sums, 7)
    const start = tile + (<usize>size << 5) + (<usize>lane << 2)
    store<i16>(start, <i16>(-8 * even))
    store<i16>(start, <i16>(-8 * odd), 2)
    store<f32>(start + (<usize>size << 2), most / 127)
    tile += <usize>size * rowBytes
    x += 128
  }
}

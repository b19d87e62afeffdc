import { total } from './float'

/**
 * Products of 8-bit rows with 4-bit weights.
 *
 * Weights: for every 4 outputs and 32 inputs 64 bytes of codes and 4 float scales. Byte 16g + 4c + i holds the codes of
 * output c and inputs 8g + i (lower half) and 8g + 4 + i. A weight is (code − 8) · scale.
 *
 * Rows: tiles of R rows (R = 8, 4, 2 or 1), for every 32 inputs R times 32 bytes, R start values and R float scales. A start
 * value holds −8 · Σ of the inputs that meet in the same 16-bit lane, twice 16 bits, so that the codes need no offset.
 */

export const blockBytes: usize = 80
/** Bytes of 32 inputs of one row. */
export const rowBytes: usize = 40

// @ts-ignore: decorator
@inline
function scaled(sum: v128, total: v128, weightScale: v128, rowScale: usize): v128 {
  const whole = f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(sum, i16x8.splat(1)))
  return f32x4.relaxed_madd(whole, f32x4.mul(weightScale, v128.load32_splat(rowScale)), total)
}

// @ts-ignore: decorator
@inline
function low(codes: v128): v128 {
  return v128.and(codes, i8x16.splat(15))
}

// @ts-ignore: decorator
@inline
function high(codes: v128): v128 {
  return v128.and(i16x8.shr_u(codes, 4), i8x16.splat(15))
}

/** Eight inputs of a row: the first four meet the lower codes, the next four the upper ones. */
// @ts-ignore: decorator
@inline
function pair(sum: v128, rows: usize, lower: v128, upper: v128): v128 {
  const first = i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(rows), lower)
  return i16x8.add(sum, i16x8.add(first, i16x8.relaxed_dot_i8x16_i7x16_s(v128.load32_splat(rows, 4), upper)))
}

/** Four outputs of one row. `start` holds what the sums begin with. */
function product1(row: usize, weights: usize, blocks: u32, start: usize, out: usize): void {
  let total = v128.load(start)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(row, 32)
    const w0 = v128.load(weights, 0), l0 = low(w0), h0 = high(w0)
    s0 = pair(s0, row + 0, l0, h0)
    const w1 = v128.load(weights, 16), l1 = low(w1), h1 = high(w1)
    s0 = pair(s0, row + 8, l1, h1)
    const w2 = v128.load(weights, 32), l2 = low(w2), h2 = high(w2)
    s0 = pair(s0, row + 16, l2, h2)
    const w3 = v128.load(weights, 48), l3 = low(w3), h3 = high(w3)
    s0 = pair(s0, row + 24, l3, h3)
    total = scaled(s0, total, v128.load(weights, 64), row + 36)
    weights += blockBytes
    row += rowBytes
  }
  v128.store(out, total)
}

/** Four outputs of two rows. */
function product2(rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 64), s1 = v128.load32_splat(rows, 68)
    const w0 = v128.load(weights, 0), l0 = low(w0), h0 = high(w0)
    s0 = pair(s0, rows + 0, l0, h0)
    s1 = pair(s1, rows + 32, l0, h0)
    const w1 = v128.load(weights, 16), l1 = low(w1), h1 = high(w1)
    s0 = pair(s0, rows + 8, l1, h1)
    s1 = pair(s1, rows + 40, l1, h1)
    const w2 = v128.load(weights, 32), l2 = low(w2), h2 = high(w2)
    s0 = pair(s0, rows + 16, l2, h2)
    s1 = pair(s1, rows + 48, l2, h2)
    const w3 = v128.load(weights, 48), l3 = low(w3), h3 = high(w3)
    s0 = pair(s0, rows + 24, l3, h3)
    s1 = pair(s1, rows + 56, l3, h3)
    const scale = v128.load(weights, 64)
    t0 = scaled(s0, t0, scale, rows + 72)
    t1 = scaled(s1, t1, scale, rows + 76)
    weights += blockBytes
    rows += 2 * rowBytes
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
}

/** Four outputs of four rows. */
function product4(rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride), t2 = v128.load(start + 2 * startStride), t3 = v128.load(start + 3 * startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 128), s1 = v128.load32_splat(rows, 132), s2 = v128.load32_splat(rows, 136), s3 = v128.load32_splat(rows, 140)
    const w0 = v128.load(weights, 0), l0 = low(w0), h0 = high(w0)
    s0 = pair(s0, rows + 0, l0, h0)
    s1 = pair(s1, rows + 32, l0, h0)
    s2 = pair(s2, rows + 64, l0, h0)
    s3 = pair(s3, rows + 96, l0, h0)
    const w1 = v128.load(weights, 16), l1 = low(w1), h1 = high(w1)
    s0 = pair(s0, rows + 8, l1, h1)
    s1 = pair(s1, rows + 40, l1, h1)
    s2 = pair(s2, rows + 72, l1, h1)
    s3 = pair(s3, rows + 104, l1, h1)
    const w2 = v128.load(weights, 32), l2 = low(w2), h2 = high(w2)
    s0 = pair(s0, rows + 16, l2, h2)
    s1 = pair(s1, rows + 48, l2, h2)
    s2 = pair(s2, rows + 80, l2, h2)
    s3 = pair(s3, rows + 112, l2, h2)
    const w3 = v128.load(weights, 48), l3 = low(w3), h3 = high(w3)
    s0 = pair(s0, rows + 24, l3, h3)
    s1 = pair(s1, rows + 56, l3, h3)
    s2 = pair(s2, rows + 88, l3, h3)
    s3 = pair(s3, rows + 120, l3, h3)
    const scale = v128.load(weights, 64)
    t0 = scaled(s0, t0, scale, rows + 144)
    t1 = scaled(s1, t1, scale, rows + 148)
    t2 = scaled(s2, t2, scale, rows + 152)
    t3 = scaled(s3, t3, scale, rows + 156)
    weights += blockBytes
    rows += 4 * rowBytes
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
  v128.store(out + 2 * stride, t2)
  v128.store(out + 3 * stride, t3)
}

/** Bytes of 4 outputs and 32 inputs with a byte for each code. */
const loosened: usize = 144

/** Takes the codes of four outputs apart, for rows enough to make it worth while. */
function loosen(weights: usize, blocks: u32, out: usize): void {
  for (let b: u32 = 0; b < blocks; b++) {
    for (let g: usize = 0; g < 4; g++) {
      const codes = v128.load(weights + (g << 4))
      v128.store(out + (g << 5), low(codes))
      v128.store(out + (g << 5), high(codes), 16)
    }
    v128.store(out, v128.load(weights, 64), 128)
    weights += blockBytes
    out += loosened
  }
}

/** Four outputs of eight rows, from loosened weights. */
function product8(rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride), t2 = v128.load(start + 2 * startStride), t3 = v128.load(start + 3 * startStride)
  let t4 = v128.load(start + 4 * startStride), t5 = v128.load(start + 5 * startStride), t6 = v128.load(start + 6 * startStride), t7 = v128.load(start + 7 * startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = v128.load32_splat(rows, 256), s1 = v128.load32_splat(rows, 260), s2 = v128.load32_splat(rows, 264), s3 = v128.load32_splat(rows, 268)
    let s4 = v128.load32_splat(rows, 272), s5 = v128.load32_splat(rows, 276), s6 = v128.load32_splat(rows, 280), s7 = v128.load32_splat(rows, 284)
    const l0 = v128.load(weights, 0), h0 = v128.load(weights, 16)
    s0 = pair(s0, rows + 0, l0, h0)
    s1 = pair(s1, rows + 32, l0, h0)
    s2 = pair(s2, rows + 64, l0, h0)
    s3 = pair(s3, rows + 96, l0, h0)
    s4 = pair(s4, rows + 128, l0, h0)
    s5 = pair(s5, rows + 160, l0, h0)
    s6 = pair(s6, rows + 192, l0, h0)
    s7 = pair(s7, rows + 224, l0, h0)
    const l1 = v128.load(weights, 32), h1 = v128.load(weights, 48)
    s0 = pair(s0, rows + 8, l1, h1)
    s1 = pair(s1, rows + 40, l1, h1)
    s2 = pair(s2, rows + 72, l1, h1)
    s3 = pair(s3, rows + 104, l1, h1)
    s4 = pair(s4, rows + 136, l1, h1)
    s5 = pair(s5, rows + 168, l1, h1)
    s6 = pair(s6, rows + 200, l1, h1)
    s7 = pair(s7, rows + 232, l1, h1)
    const l2 = v128.load(weights, 64), h2 = v128.load(weights, 80)
    s0 = pair(s0, rows + 16, l2, h2)
    s1 = pair(s1, rows + 48, l2, h2)
    s2 = pair(s2, rows + 80, l2, h2)
    s3 = pair(s3, rows + 112, l2, h2)
    s4 = pair(s4, rows + 144, l2, h2)
    s5 = pair(s5, rows + 176, l2, h2)
    s6 = pair(s6, rows + 208, l2, h2)
    s7 = pair(s7, rows + 240, l2, h2)
    const l3 = v128.load(weights, 96), h3 = v128.load(weights, 112)
    s0 = pair(s0, rows + 24, l3, h3)
    s1 = pair(s1, rows + 56, l3, h3)
    s2 = pair(s2, rows + 88, l3, h3)
    s3 = pair(s3, rows + 120, l3, h3)
    s4 = pair(s4, rows + 152, l3, h3)
    s5 = pair(s5, rows + 184, l3, h3)
    s6 = pair(s6, rows + 216, l3, h3)
    s7 = pair(s7, rows + 248, l3, h3)
    const scale = v128.load(weights, 128)
    t0 = scaled(s0, t0, scale, rows + 288)
    t1 = scaled(s1, t1, scale, rows + 292)
    t2 = scaled(s2, t2, scale, rows + 296)
    t3 = scaled(s3, t3, scale, rows + 300)
    t4 = scaled(s4, t4, scale, rows + 304)
    t5 = scaled(s5, t5, scale, rows + 308)
    t6 = scaled(s6, t6, scale, rows + 312)
    t7 = scaled(s7, t7, scale, rows + 316)
    weights += loosened
    rows += 8 * rowBytes
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
  v128.store(out + 2 * stride, t2)
  v128.store(out + 3 * stride, t3)
  v128.store(out + 4 * stride, t4)
  v128.store(out + 5 * stride, t5)
  v128.store(out + 6 * stride, t6)
  v128.store(out + 7 * stride, t7)
}

/** How many of so many rows go by eights: none of a few, for which taking codes apart costs more than it saves. */
// @ts-ignore: decorator
@inline
function inEights(rows: u32): u32 {
  return rows < 16 ? 0 : rows & ~7
}

/** Rows that stay in the second-level cache while weights pass by. */
const rowsAtOnce: u32 = 128

/**
 * out[r, 4·from … 4·to) = start + row r · weights. `start` has the layout of `out` at a stride of its own, 0 for one row
 * for all; strides in bytes. What a row gets does not depend on the rows beside it. `scratch` holds 4.5 bytes an input.
 */
export function product(tiles: usize, rows: u32, weights: usize, inputs: u32, from: u32, to: u32, start: usize, startStride: usize, out: usize, stride: usize, scratch: usize): void {
  const blocks = inputs >> 5
  const each: usize = <usize>blocks * rowBytes
  const step: usize = <usize>blocks * blockBytes
  const eights = inEights(rows)
  for (let top: u32 = 0; top < rows; top += rowsAtOnce) {
    const end = min(rows, top + rowsAtOnce)
    for (let j = from; j < to; j++) {
      const w = weights + <usize>j * step, column = <usize>j << 4
      let r = top
      if (eights > 0) loosen(w, blocks, scratch)
      for (; r < min(end, eights); r += 8) product8(tiles + <usize>r * each, scratch, blocks, start + <usize>r * startStride + column, startStride, out + <usize>r * stride + column, stride)
      for (; r + 4 <= end; r += 4) product4(tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column, startStride, out + <usize>r * stride + column, stride)
      for (; r + 2 <= end; r += 2) product2(tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column, startStride, out + <usize>r * stride + column, stride)
      if (r < end) product1(tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column, out + <usize>r * stride + column)
    }
  }
}

/**
 * Largest magnitude of 32 floats, or NaN where one of them is no number. WebAssembly's own maximum keeps NaN too, but is
 * eight instructions where this is one and an addition.
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
  // Tiles of eight, then of four, two and one.
  const size: u32 = r < inEights(rows) ? 8 : r < (rows & ~3) ? 4 : r < (rows & ~1) ? 2 : 1
  const lane = r & (size - 1)
  let tile = tiles + <usize>(r - lane) * each
  for (let b: u32 = 0; b < blocks; b++) {
    const most = largest(x)
    const inverse = f32x4.splat(most == 0 ? 0 : 127 / most)
    const a0 = eight(x, inverse), a1 = eight(x + 32, inverse), a2 = eight(x + 64, inverse), a3 = eight(x + 96, inverse)
    const codes = tile + (<usize>lane << 5)
    v128.store(codes, i8x16.narrow_i16x8_s(a0, a1))
    v128.store(codes, i8x16.narrow_i16x8_s(a2, a3), 16)
    const sums = i16x8.add(i16x8.add(a0, a1), i16x8.add(a2, a3))
    const even = i16x8.extract_lane_s(sums, 0) + i16x8.extract_lane_s(sums, 1) + i16x8.extract_lane_s(sums, 4) + i16x8.extract_lane_s(sums, 5)
    const odd = i16x8.extract_lane_s(sums, 2) + i16x8.extract_lane_s(sums, 3) + i16x8.extract_lane_s(sums, 6) + i16x8.extract_lane_s(sums, 7)
    const start = tile + (<usize>size << 5) + (<usize>lane << 2)
    store<i16>(start, <i16>(-8 * even))
    store<i16>(start, <i16>(-8 * odd), 2)
    store<f32>(start + (<usize>size << 2), most / 127)
    tile += <usize>size * rowBytes
    x += 128
  }
}

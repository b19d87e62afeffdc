import { rowBytes } from './tiles'

/**
 * Products of 8-bit rows with weights of a byte each. Rows are those of tiles.ts.
 *
 * Weights: for every 4 outputs and 32 inputs 128 bytes of codes and 4 float scales. Byte 16g + 4c + i holds the code of
 * output c and input 4g + i. A weight is (code − 64) · scale with codes from 1 to 127: of the second factor of the
 * product that WebAssembly has, only seven bits mean the same on every processor.
 */

export const byteBlock: usize = 144

// @ts-ignore: decorator
@inline
function scaled(sum: v128, total: v128, weightScale: v128, rowScale: v128): v128 {
  return f32x4.relaxed_madd(f32x4.convert_i32x4_s(sum), f32x4.mul(weightScale, rowScale), total)
}

/**
 * What the sums begin with: a row's start value is twice −8 · Σ of half of the inputs, and −64 · Σ of all is wanted.
 */
// @ts-ignore: decorator
@inline
function begin(start: usize): v128 {
  return i32x4.shl(i32x4.extadd_pairwise_i16x8_s(v128.load32_splat(start)), 3)
}

// @ts-ignore: decorator
@inline
function dot(x: usize, weights: v128, sum: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(v128.load32_splat(x), weights, sum)
}

/** Four outputs of one row. `start` holds what the sums begin with. */
function bytes1(row: usize, weights: usize, blocks: u32, start: usize, out: usize): void {
  let total = v128.load(start)
  for (let b: u32 = 0; b < blocks; b++) {
    let even = begin(row + 32), odd = i32x4.splat(0)
    even = dot(row, v128.load(weights), even)
    odd = dot(row + 4, v128.load(weights, 16), odd)
    even = dot(row + 8, v128.load(weights, 32), even)
    odd = dot(row + 12, v128.load(weights, 48), odd)
    even = dot(row + 16, v128.load(weights, 64), even)
    odd = dot(row + 20, v128.load(weights, 80), odd)
    even = dot(row + 24, v128.load(weights, 96), even)
    odd = dot(row + 28, v128.load(weights, 112), odd)
    total = scaled(i32x4.add(even, odd), total, v128.load(weights, 128), v128.load32_splat(row, 36))
    weights += byteBlock
    row += rowBytes
  }
  v128.store(out, total)
}

/** Four outputs of two rows. */
function bytes2(
  rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize
): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = begin(rows + 64), s1 = begin(rows + 68)
    for (const end = rows + 64; rows < end; rows += 16) {
      const w = v128.load(weights), v = v128.load(weights, 16)
      weights += 32
      s0 = dot(rows, w, s0)
      s1 = dot(rows + 8, w, s1)
      s0 = dot(rows + 4, v, s0)
      s1 = dot(rows + 12, v, s1)
    }
    const scale = v128.load(weights)
    t0 = scaled(s0, t0, scale, v128.load32_splat(rows, 8))
    t1 = scaled(s1, t1, scale, v128.load32_splat(rows, 12))
    weights += 16
    rows += 16
  }
  v128.store(out, t0)
  v128.store(out + stride, t1)
}

/** Four outputs of four rows. */
function bytes4(
  rows: usize, weights: usize, blocks: u32, start: usize, startStride: usize, out: usize, stride: usize
): void {
  let t0 = v128.load(start), t1 = v128.load(start + startStride)
  let t2 = v128.load(start + 2 * startStride), t3 = v128.load(start + 3 * startStride)
  for (let b: u32 = 0; b < blocks; b++) {
    let s0 = begin(rows + 128), s1 = begin(rows + 132), s2 = begin(rows + 136), s3 = begin(rows + 140)
    for (const end = rows + 128; rows < end; rows += 32) {
      const w = v128.load(weights), v = v128.load(weights, 16)
      weights += 32
      s0 = dot(rows, w, s0)
      s1 = dot(rows + 8, w, s1)
      s2 = dot(rows + 16, w, s2)
      s3 = dot(rows + 24, w, s3)
      s0 = dot(rows + 4, v, s0)
      s1 = dot(rows + 12, v, s1)
      s2 = dot(rows + 20, v, s2)
      s3 = dot(rows + 28, v, s3)
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

/** Bytes of rows that stay in the second-level cache while weights pass by. */
const bytesAtOnce: usize = 200000

/** As `product` of tiles.ts, for weights of a byte each. */
export function byteProduct(
  tiles: usize, rows: u32, weights: usize, inputs: u32, from: u32, to: u32, start: usize, startStride: usize,
  out: usize, stride: usize
): void {
  const blocks = inputs >> 5
  const each: usize = <usize>blocks * rowBytes
  const step: usize = <usize>blocks * byteBlock
  const most: u32 = max(16, <u32>(bytesAtOnce / each) & ~15)
  for (let top: u32 = 0; top < rows; top += most) {
    const end = min(rows, top + most)
    for (let j = from; j < to; j++) {
      const w = weights + <usize>j * step, column = <usize>j << 4
      let r = top
      for (; r + 4 <= end; r += 4) {
        bytes4(
          tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column, startStride,
          out + <usize>r * stride + column, stride
        )
      }
      if (r + 2 <= end) {
        bytes2(
          tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column, startStride,
          out + <usize>r * stride + column, stride
        )
        r += 2
      }
      if (r < end)
        bytes1(
          tiles + <usize>r * each, w, blocks, start + <usize>r * startStride + column,
          out + <usize>r * stride + column
        )
    }
  }
}

/** What is computed in float32: small products, norms, and the functions of one variable. */

/**
 * c[rows, n] = a[rows, k] · b[k, n], added to c where `add` is 1. n is a multiple of 4; strides in bytes. Every element
 * is summed over k in order, whatever is computed beside it.
 */
export function multiply(
  a: usize, strideA: usize, rows: u32, k: u32, b: usize, strideB: usize, n: u32, c: usize, strideC: usize, add: u32
): void {
  let r: u32 = 0
  for (; r + 4 <= rows; r += 4) {
    let j: u32 = 0
    for (; j + 8 <= n; j += 8)
      multiply4x8(a, strideA, k, b + (<usize>j << 2), strideB, c + (<usize>j << 2), strideC, add)
    for (; j < n; j += 4)
      for (let i: usize = 0; i < 4; i++)
        multiply1x4(a + i * strideA, k, b + (<usize>j << 2), strideB, c + i * strideC + (<usize>j << 2), add)
    a += 4 * strideA
    c += 4 * strideC
  }
  for (; r < rows; r++) {
    let j: u32 = 0
    for (; j + 32 <= n; j += 32) multiply1x32(a, k, b + (<usize>j << 2), strideB, c + (<usize>j << 2), add)
    for (; j < n; j += 4) multiply1x4(a, k, b + (<usize>j << 2), strideB, c + (<usize>j << 2), add)
    a += strideA
    c += strideC
  }
}

// @ts-ignore: decorator
@inline
function begin(c: usize, add: u32): v128 {
  return add == 0 ? f32x4.splat(0) : v128.load(c)
}

function multiply4x8(
  a: usize, strideA: usize, k: u32, b: usize, strideB: usize, c: usize, strideC: usize, add: u32
): void {
  const a1 = a + strideA, a2 = a1 + strideA, a3 = a2 + strideA
  const c1 = c + strideC, c2 = c1 + strideC, c3 = c2 + strideC
  let s00 = begin(c, add), s01 = begin(c + 16, add), s10 = begin(c1, add), s11 = begin(c1 + 16, add)
  let s20 = begin(c2, add), s21 = begin(c2 + 16, add), s30 = begin(c3, add), s31 = begin(c3 + 16, add)
  for (let i: usize = 0; i < <usize>k << 2; i += 4) {
    const b0 = v128.load(b), b1 = v128.load(b, 16)
    const x0 = v128.load32_splat(a + i), x1 = v128.load32_splat(a1 + i)
    const x2 = v128.load32_splat(a2 + i), x3 = v128.load32_splat(a3 + i)
    s00 = f32x4.relaxed_madd(x0, b0, s00)
    s01 = f32x4.relaxed_madd(x0, b1, s01)
    s10 = f32x4.relaxed_madd(x1, b0, s10)
    s11 = f32x4.relaxed_madd(x1, b1, s11)
    s20 = f32x4.relaxed_madd(x2, b0, s20)
    s21 = f32x4.relaxed_madd(x2, b1, s21)
    s30 = f32x4.relaxed_madd(x3, b0, s30)
    s31 = f32x4.relaxed_madd(x3, b1, s31)
    b += strideB
  }
  v128.store(c, s00)
  v128.store(c, s01, 16)
  v128.store(c1, s10)
  v128.store(c1, s11, 16)
  v128.store(c2, s20)
  v128.store(c2, s21, 16)
  v128.store(c3, s30)
  v128.store(c3, s31, 16)
}

function multiply1x32(a: usize, k: u32, b: usize, strideB: usize, c: usize, add: u32): void {
  let s0 = begin(c, add), s1 = begin(c + 16, add), s2 = begin(c + 32, add), s3 = begin(c + 48, add)
  let s4 = begin(c + 64, add), s5 = begin(c + 80, add), s6 = begin(c + 96, add), s7 = begin(c + 112, add)
  for (let i: u32 = 0; i < k; i++) {
    const x = v128.load32_splat(a)
    s0 = f32x4.relaxed_madd(x, v128.load(b), s0)
    s1 = f32x4.relaxed_madd(x, v128.load(b, 16), s1)
    s2 = f32x4.relaxed_madd(x, v128.load(b, 32), s2)
    s3 = f32x4.relaxed_madd(x, v128.load(b, 48), s3)
    s4 = f32x4.relaxed_madd(x, v128.load(b, 64), s4)
    s5 = f32x4.relaxed_madd(x, v128.load(b, 80), s5)
    s6 = f32x4.relaxed_madd(x, v128.load(b, 96), s6)
    s7 = f32x4.relaxed_madd(x, v128.load(b, 112), s7)
    a += 4
    b += strideB
  }
  v128.store(c, s0)
  v128.store(c, s1, 16)
  v128.store(c, s2, 32)
  v128.store(c, s3, 48)
  v128.store(c, s4, 64)
  v128.store(c, s5, 80)
  v128.store(c, s6, 96)
  v128.store(c, s7, 112)
}

function multiply1x4(a: usize, k: u32, b: usize, strideB: usize, c: usize, add: u32): void {
  let sum = begin(c, add)
  for (let i: u32 = 0; i < k; i++) {
    sum = f32x4.relaxed_madd(v128.load32_splat(a), v128.load(b), sum)
    a += 4
    b += strideB
  }
  v128.store(c, sum)
}

// @ts-ignore: decorator
@inline
export function total(x: v128): f32 {
  const half = f32x4.add(x, v128.shuffle<i32>(x, x, 2, 3, 0, 1))
  return f32x4.extract_lane(f32x4.add(half, v128.shuffle<i32>(half, half, 1, 0, 3, 2)), 0)
}

/** out = x / √(mean x² + ε) · weight, over `width` elements. */
export function rmsNorm(x: usize, weight: usize, width: u32, epsilon: f32, out: usize): void {
  let squares = f32x4.splat(0)
  const bytes: usize = <usize>width << 2
  for (let i: usize = 0; i < bytes; i += 16) {
    const v = v128.load(x + i)
    squares = f32x4.relaxed_madd(v, v, squares)
  }
  const factor = f32x4.splat(<f32>1 / sqrt<f32>(total(squares) / <f32>width + epsilon))
  for (let i: usize = 0; i < bytes; i += 16)
    v128.store(out + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(weight + i)))
}

/** eˣ to about two units in the last place (the polynomial of Cephes' expf); 0 below −87. */
// @ts-ignore: decorator
@inline
export function exp4(given: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(given, f32x4.splat(-87.3)), f32x4.splat(88.3))
  // Added to 1.5 · 2²³, the nearest whole number stands in the lowest bits.
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(12582912))
  const n = f32x4.sub(shifted, f32x4.splat(12582912))
  let r = f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375)))
  r = f32x4.sub(r, f32x4.mul(n, f32x4.splat(-2.12194440e-4)))
  let y = f32x4.splat(1.9875691500e-4)
  y = f32x4.relaxed_madd(y, r, f32x4.splat(1.3981999507e-3))
  y = f32x4.relaxed_madd(y, r, f32x4.splat(8.3334519073e-3))
  y = f32x4.relaxed_madd(y, r, f32x4.splat(4.1665795894e-2))
  y = f32x4.relaxed_madd(y, r, f32x4.splat(1.6666665459e-1))
  y = f32x4.relaxed_madd(y, r, f32x4.splat(5.0000001201e-1))
  y = f32x4.add(f32x4.relaxed_madd(y, f32x4.mul(r, r), r), f32x4.splat(1))
  const power = i32x4.shl(i32x4.sub(shifted, i32x4.splat(0x4b400000 - 127)), 23)
  return v128.and(f32x4.mul(y, power), f32x4.ge(given, f32x4.splat(-87.3)))
}

/** gate = silu(gate) · up, `bytes` long. */
export function gated(gate: usize, up: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const x = v128.load(gate + i)
    const silu = f32x4.div(x, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))))
    v128.store(gate + i, f32x4.mul(silu, v128.load(up + i)))
  }
}

/** x = gain · (x − bias) + bias + held, `bytes` long; bias or held may be 0, which is none. */
export function rescale(x: usize, gain: usize, bias: usize, held: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    const own = bias == 0 ? f32x4.splat(0) : v128.load(bias + i)
    const before = held == 0 ? own : f32x4.add(own, v128.load(held + i))
    v128.store(x + i, f32x4.add(f32x4.mul(v128.load(gain + i), f32x4.sub(v128.load(x + i), own)), before))
  }
}

/** x += y, `bytes` long. */
export function add(x: usize, y: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) v128.store(x + i, f32x4.add(v128.load(x + i), v128.load(y + i)))
}

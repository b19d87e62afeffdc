import type { Emitter } from './emitter.ts'
import { onnxTypes } from './onnx.ts'

export interface ProductForm {
  readonly rankA: number
  readonly rankB: number
  readonly transA?: boolean
  readonly transB?: boolean
  readonly alpha?: number
}

export const matrices = { rankA: 2, rankB: 2 } as const
/** [batch, heads, …, …] */
export const headwise = { rankA: 4, rankB: 4 } as const

/** y = alpha · op(a) op(b), where op swaps the last two axes. Returns the name of y. */
export function multiply(e: Emitter, a: string, b: string, form: ProductForm, output?: string): string {
  const { transA = false, transB = false, alpha = 1 } = form
  if (!transA && !transB && alpha === 1) return e.node('MatMul', [a, b], {}, output)
  const flags = { transA: transA ? 1n : 0n, transB: transB ? 1n : 0n, alpha }
  if (e.provider !== 'webgpu') return e.microsoft('FusedMatMul', [a, b], flags, output)
  // WebGPU has no FusedMatMul: ONNX Runtime would run it on the CPU and say nothing, and copy every factor there and
  // back.
  if (form.rankA === 2 && form.rankB === 2) return e.node('Gemm', [a, b], flags, output)
  const turned = (x: string, rank: number): string => e.node('Transpose', [x], { perm: swapped(rank) })
  const factors = [transA ? turned(a, form.rankA) : a, transB ? turned(b, form.rankB) : b]
  if (alpha === 1) return e.node('MatMul', factors, {}, output)
  return e.node('Mul', [e.node('MatMul', factors), e.float(alpha)], {}, output)
}

/** The identity permutation with its last two axes exchanged. */
function swapped(rank: number): bigint[] {
  return Array.from({ length: rank }, (_, i) => BigInt(i < rank - 2 ? i : 2 * rank - 3 - i))
}

/** Over the last axis. WebGPU has no kernel for it in float32. */
export function logSoftmax(e: Emitter, x: string, output: string): void {
  if (e.provider !== 'webgpu') {
    e.node('LogSoftmax', [x], { axis: -1n }, output)
    return
  }
  const shifted = e.node('Sub', [x, e.node('ReduceMax', [x, e.ints([-1])], { keepdims: 1n })])
  const total = e.node('ReduceSum', [e.node('Exp', [shifted]), e.ints([-1])], { keepdims: 1n })
  e.node('Sub', [shifted, e.node('Log', [total])], {}, output)
}

/** Longest sum in float16. */
const longestHalfSum = 256

/**
 * y = x op(w) with w in float16, of `inner` terms a sum. Each row of x is first divided by its largest magnitude, and y
 * multiplied by it again: activations of some models exceed what float16 can hold, and gradients lie below it.
 */
export function halfMultiply(
  e: Emitter,
  x: string,
  w: string,
  form: { readonly transB: boolean; readonly inner: number; readonly columns: number },
  output?: string
): string {
  const { transB, inner, columns } = form
  const largest = e.once(`largest of ${x}`, () =>
    e.node('Add', [e.node('ReduceMax', [e.node('Abs', [x]), e.ints([-1])], { keepdims: 1n }), e.float(1e-30)])
  )
  const half = e.once(`half of ${x}`, () =>
    e.node('Cast', [e.node('Div', [x, largest])], { to: BigInt(onnxTypes.float16) })
  )
  const whole = (y: string): string => e.node('Cast', [y], { to: BigInt(onnxTypes.float32) })
  const parts = e.provider === 'webgpu' ? partsOf(inner) : 1
  if (parts === 1) {
    return e.node(
      'Mul',
      [whole(transB ? e.node('Gemm', [half, w], { transB: 1n }) : e.node('MatMul', [half, w])), largest],
      {},
      output
    )
  }
  // WebGPU's products add up in the type of their factors: sums are cut in parts, and the parts added in float32.
  const each = inner / parts
  const xs = e.once(`${parts} parts of ${x}`, () =>
    e.node('Transpose', [e.node('Reshape', [half, e.ints([-1, parts, each])])], { perm: [1n, 0n, 2n] })
  )
  const ws = transB
    ? e.node('Transpose', [e.node('Reshape', [w, e.ints([columns, parts, each])])], { perm: [1n, 2n, 0n] })
    : e.node('Reshape', [w, e.ints([parts, each, columns])])
  const sum = e.node('ReduceSum', [whole(e.node('MatMul', [xs, ws])), e.ints([0])], { keepdims: 0n })
  return e.node('Mul', [sum, largest], {}, output)
}

/** The smallest number of equal parts that are short enough. */
function partsOf(inner: number): number {
  let parts = Math.ceil(inner / longestHalfSum)
  while (inner % parts !== 0) parts++
  return parts
}

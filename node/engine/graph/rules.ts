import { product, type Shape } from './dims.ts'
import { GraphError } from './errors.ts'
import { known, type Graph } from './graph.ts'
import { at } from './infer.ts'
import type { Node, Op, Value } from './ir.ts'

export interface RuleContext {
  readonly g: Graph
  /** Cotangent of output `i`; undefined where nothing downstream depends on it. */
  readonly cotangents: readonly (Value | undefined)[]
  /** Whether the cotangent of input `i` is wanted. */
  readonly needs: readonly boolean[]
}

type Cotangents = readonly (Value | undefined)[]
type Rule<K extends Op> = (node: Node<K>, context: RuleContext) => Cotangents

const input = (node: { inputs: readonly Value[] }, i: number) => at(node.inputs, i)
const output = (node: { outputs: readonly Value[] }, i: number) => at(node.outputs, i)

function first({ cotangents }: RuleContext): Value {
  const dy = cotangents[0]
  if (dy === undefined) throw new GraphError('a rule was called without a cotangent')
  return dy
}

/** Sums a cotangent over the axes along which its input was broadcast. */
function unbroadcast(g: Graph, dy: Value, shape: Shape): Value {
  const lead = dy.shape.length - shape.length
  const axes = dy.shape.flatMap((d, i) => (i < lead || (shape[i - lead] === 1 && d !== 1) ? [i] : []))
  return g.reshape(g.sum(dy, axes), shape)
}

/** Rows of a batched matrix as one long matrix, for the gradient of a weight that all batches share. */
function flat(g: Graph, x: Value): Value {
  return x.shape.length === 2 ? x : g.reshape(x, [product(...x.shape.slice(0, -1)), known(x.shape.at(-1))])
}

/**
 * Vector-Jacobian products: from the cotangents of a node's outputs to those of its inputs. An operation without a rule
 * does not compile. Rules use only operations of the graph, so they run on every execution provider.
 */
export const rules = {
  matmul(node, context) {
    const { g, needs } = context
    const dy = first(context)
    const [a, b] = [input(node, 0), input(node, 1)]
    const { transA, transB, alpha } = node.attributes
    const shared = b.shape.length === 2 && a.shape.length > 2
    if (shared && transA) throw new GraphError('matmul of a transposed batch with one matrix has no rule')
    const da = !needs[0]
      ? undefined
      : transA
        ? g.matmul(b, dy, { transA: transB, transB: true, alpha })
        : g.matmul(dy, b, { transB: !transB, alpha })
    const [af, dyf] = shared ? [flat(g, a), flat(g, dy)] : [a, dy]
    const db = !needs[1]
      ? undefined
      : transB
        ? g.matmul(dyf, af, { transA: true, transB: transA, alpha })
        : g.matmul(af, dyf, { transA: !transA, alpha })
    return [da, db]
  },
  add(node, context) {
    const dy = first(context)
    return node.inputs.map((x, i) => (context.needs[i] ? unbroadcast(context.g, dy, x.shape) : undefined))
  },
  sub(node, context) {
    const { g, needs } = context
    const dy = first(context)
    return [
      needs[0] ? unbroadcast(g, dy, input(node, 0).shape) : undefined,
      needs[1] ? unbroadcast(g, g.scale(dy, -1), input(node, 1).shape) : undefined
    ]
  },
  mul(node, context) {
    const { g, needs } = context
    const dy = first(context)
    const [a, b] = [input(node, 0), input(node, 1)]
    return [
      needs[0] ? unbroadcast(g, g.mul(dy, b), a.shape) : undefined,
      needs[1] ? unbroadcast(g, g.mul(dy, a), b.shape) : undefined
    ]
  },
  div(node, context) {
    const { g, needs } = context
    const [a, b] = [input(node, 0), input(node, 1)]
    const da = g.div(first(context), b)
    return [
      needs[0] ? unbroadcast(g, da, a.shape) : undefined,
      needs[1] ? unbroadcast(g, g.scale(g.mul(da, g.div(a, b)), -1), b.shape) : undefined
    ]
  },
  scale: (node, context) => [context.g.scale(first(context), node.attributes.factor)],
  sigmoid(node, context) {
    const { g } = context
    const y = output(node, 0)
    return [g.mul(first(context), g.sub(y, g.mul(y, y)))]
  },
  exp: (node, context) => [context.g.mul(first(context), output(node, 0))],
  sqrt: (node, context) => [context.g.div(context.g.scale(first(context), 0.5), output(node, 0))],
  /** d/dx x·s = s + y·(1 − s) */
  silu(node, context) {
    const { g } = context
    const [s, y] = [g.sigmoid(input(node, 0)), output(node, 0)]
    return [g.mul(first(context), g.add(s, g.sub(y, g.mul(y, s))))]
  },
  sum: (node, context) => [context.g.add(context.g.scale(input(node, 0), 0), first(context))],
  reshape: (node, context) => [context.g.reshape(first(context), input(node, 0).shape)],
  transpose(node, context) {
    const { permutation } = node.attributes
    return [
      context.g.transpose(
        first(context),
        permutation.map((_, i) => permutation.indexOf(i))
      )
    ]
  },
  split(node, { g, cotangents }) {
    return [
      g.concat(
        node.outputs.map((y, i) => cotangents[i] ?? g.scale(y, 0)),
        node.attributes.axis
      )
    ]
  },
  concat: (node, context) => context.g.split(first(context), node.attributes.axis, node.inputs.length),
  softmax(node, context) {
    const { g } = context
    const [y, dy] = [output(node, 0), first(context)]
    return [g.mul(y, g.sub(dy, g.sum(g.mul(dy, y), [y.shape.length - 1])))]
  },
  /**
   * With x̂ = x / r and d = dy · w: dx = (d − x̂ · mean(d · x̂)) / r, dw = Σ dy · x̂. The deviation r is computed again
   * here: the second output of the fused kernel is wrong on some providers.
   */
  rmsNorm(node, context) {
    const { g, needs } = context
    const dy = first(context)
    const [x, w] = [input(node, 0), input(node, 1)]
    const last = x.shape.length - 1
    const width = known(x.shape[last])
    const r = g.sqrt(g.add(g.scale(g.sum(g.mul(x, x), [last]), 1 / width), g.scalar(node.attributes.epsilon)))
    const normal = g.div(x, r)
    const d = g.mul(dy, w)
    const mean = g.scale(g.sum(g.mul(d, normal), [last]), 1 / width)
    return [
      needs[0] ? g.div(g.sub(d, g.mul(normal, mean)), r) : undefined,
      needs[1] ? unbroadcast(g, g.mul(dy, normal), w.shape) : undefined
    ]
  },
  /** A rotation's transpose is the rotation back. */
  rotary(node, context) {
    const [positions, cos, sin] = [input(node, 1), input(node, 2), input(node, 3)]
    return [context.g.rotary(first(context), positions, cos, sin, node.attributes.heads, !node.attributes.inverse)]
  },
  /**
   * dS = P · (dP − rowsum(dP · P)), where the row sum equals rowsum(dO · O) (Dao et al. 2022, equation 4), which is
   * cheaper by the ratio of sequence length to head width. Query heads of one key head are rows of one product.
   */
  attention(node, context) {
    const { g, needs } = context
    const dOut = first(context)
    const [q, k, v] = [input(node, 0), input(node, 1), input(node, 2)]
    const [out, p] = [output(node, 0), output(node, 1)]
    const { scale } = node.attributes
    const grouped = (x: Value) => groupHeads(g, x, k)
    const [pg, dg] = [grouped(p), grouped(dOut)]
    const dv = needs[2] ? g.matmul(pg, dg, { transA: true }) : undefined
    if (!needs[0] && !needs[1]) return [undefined, undefined, dv]
    const delta = grouped(g.sum(g.mul(dOut, out), [3]))
    const ds = g.mul(pg, g.sub(g.matmul(dg, v, { transB: true }), delta))
    const dq = needs[0] ? g.reshape(g.matmul(ds, k, { alpha: scale }), q.shape) : undefined
    const dk = needs[1] ? g.matmul(ds, grouped(q), { transA: true, alpha: scale }) : undefined
    return [dq, dk, dv]
  },
  cachedAttention() {
    throw new GraphError('attention over a cache is for generation, which is not differentiated')
  },
  gather: (node, context) => [context.g.scatterAdd(input(node, 0), input(node, 1), first(context))],
  scatterAdd: (node, context) => [undefined, undefined, context.g.gather(first(context), input(node, 1))],
  /** The cotangent per token scales the narrow side of both products, not the wide softmax. */
  tokenLoss(node, context) {
    const { g, needs } = context
    const [h, w, labels] = [input(node, 0), input(node, 1), input(node, 2)]
    const perToken = g.reshape(first(context), [product(first(context).shape[0] ?? 1), 1])
    const d = g.lossGradient(output(node, 1), labels)
    return [
      needs[0] ? g.mul(g.matmul(d, w), perToken) : undefined,
      needs[1] ? g.matmul(d, g.mul(h, perToken), { transA: true }) : undefined
    ]
  },
  lossGradient() {
    throw new GraphError('second derivatives of the loss are not supported')
  },
  lora(node, context) {
    const { g, needs } = context
    const dy = first(context)
    const [x, merged, a, b] = [input(node, 0), input(node, 1), input(node, 2), input(node, 3)]
    const { scale: alpha, transposed } = node.attributes
    return [
      needs[0] ? g.matmul(dy, merged, { transB: transposed }) : undefined,
      undefined,
      needs[2] ? g.matmul(g.matmul(dy, b, { alpha }), x, { transA: true }) : undefined,
      needs[3] ? g.matmul(dy, g.matmul(x, a, { transB: true }), { transA: true, alpha }) : undefined
    ]
  },
  halfMatmul: (node, context) => [
    context.needs[0] === true
      ? context.g.halfMatmul(first(context), input(node, 1), !node.attributes.transB)
      : undefined,
    undefined
  ],
  frozenMatmul: (node, context) => [
    context.needs[0] === true ? context.g.matmul(first(context), input(node, 2)) : undefined,
    undefined,
    undefined
  ],
  int4Matmul() {
    throw new GraphError('4-bit weights for serving are not trained through; use NF4')
  },
  /** Codes are not differentiable, and the maxima of a frozen base are not trained. */
  dequantizeNf4: () => [undefined, undefined],
  dequantizeMaxima: () => [undefined, undefined, undefined]
} satisfies { [K in Op]: Rule<K> }

/** [B, H, T, x] as [B, G, H/G·T, x]: the layout in which the query heads of one key head meet it in one product. */
export function groupHeads(g: Graph, x: Value, keys: Value): Value {
  const [batch, heads, time, width] = x.shape
  const groups = known(keys.shape[1])
  if (batch === undefined || time === undefined || width === undefined)
    throw new GraphError('attention works on four axes')
  const per = known(heads) / groups
  return g.reshape(x, [batch, groups, product(per, time), width])
}

export function applyRule(node: Node, context: RuleContext): Cotangents {
  return (rules[node.op] as unknown as Rule<Op>)(node, context)
}

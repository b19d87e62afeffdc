import { GraphError } from './errors.ts'

/**
 * A dimension: a number, a symbol ('T'), or a product ('K*R', '2*T'), so that a reshape which merges or splits
 * symbolic axes can still be checked.
 */
export type Dim = number | string
export type Shape = readonly Dim[]

interface Monomial {
  readonly factor: number
  readonly symbols: readonly string[]
}

function monomial(shape: Shape): Monomial {
  let factor = 1
  const symbols: string[] = []
  for (const dim of shape) {
    if (typeof dim === 'number') factor *= dim
    else {
      for (const part of dim.split('*')) {
        if (/^\d+$/.test(part)) factor *= Number(part)
        else symbols.push(part)
      }
    }
  }
  return { factor, symbols: symbols.sort() }
}

/** Product of dimensions as one dimension, in canonical form: factor first, then the symbols in order. */
export function product(...dims: Dim[]): Dim {
  const { factor, symbols } = monomial(dims)
  if (symbols.length === 0) return factor
  return factor === 1 ? symbols.join('*') : [factor, ...symbols].join('*')
}

/** A product without one of its symbols: 'K*R*T' by 'K' is 'R*T'. */
export function quotient(dim: Dim, symbol: string): Dim {
  const parts = typeof dim === 'string' ? dim.split('*') : []
  if (!parts.includes(symbol)) throw new GraphError(`${dim} is no multiple of ${symbol}`)
  parts.splice(parts.indexOf(symbol), 1)
  return parts.length === 0 ? 1 : product(...parts)
}

/** One of so many equal parts: '4*T' by 4 is 'T'. */
export function portion(dim: Dim, parts: number): Dim {
  const { factor, symbols } = monomial([dim])
  if (factor % parts !== 0) throw new GraphError(`${dim} is no multiple of ${parts}`)
  return product(factor / parts, ...symbols)
}

/** a = b · times / over, where both have the same symbols. */
export function ratio(a: Dim, b: Dim): { readonly times: number; readonly over: number } | undefined {
  const [x, y] = [monomial([a]), monomial([b])]
  return x.symbols.join('*') === y.symbols.join('*') ? { times: x.factor, over: y.factor } : undefined
}

/** Whether two shapes hold the same number of elements for every value of their symbols. */
export function sameSize(a: Shape, b: Shape): boolean {
  const [x, y] = [monomial(a), monomial(b)]
  return x.factor === y.factor && x.symbols.join('*') === y.symbols.join('*')
}

/** numpy broadcasting; 1 stretches to anything, two different symbols do not meet. */
export function broadcast(a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[i - (rank - a.length)] ?? 1
    const y = b[i - (rank - b.length)] ?? 1
    if (x === y || y === 1) return x
    if (x === 1) return y
    throw new GraphError(`shapes [${a.join(', ')}] and [${b.join(', ')}] do not broadcast`)
  })
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i])
}

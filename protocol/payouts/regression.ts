import { hasPlayer } from '../jobs/index.ts'
import { determinant } from './rational.ts'
import type { Matrix } from './rational.ts'

// The least squares behind screened.ts and pooled.ts: effects of a few players, and of all others together, over the
// differences of siblings and their complements. What two players do only together, half of it each by Shapley's value,
// is so too in those differences, and would be noise in either sibling alone. A system of a handful of unknowns, solved
// in whole numbers by Cramer's rule: every machine finds the same fractions, however many players there are.

/** The siblings of a model. */
export interface Siblings {
  readonly players: number
  /** Bitmasks of all coalitions, and how many players each one has. */
  readonly coalitions: readonly bigint[]
  readonly sizes: readonly number[]
  readonly full: number
  /** Places of siblings and of their complements. */
  readonly pairs: readonly (readonly [number, number])[]
}

/** Siblings and their complements; the empty and the full coalition are none. */
export function pairsOf(players: number, coalitions: readonly bigint[]): Siblings['pairs'] {
  const all = (1n << BigInt(players)) - 1n
  const places = new Map(coalitions.map((coalition, place) => [coalition, place]))
  return coalitions.flatMap((coalition, place) => {
    const other = places.get(all ^ coalition)
    return other === undefined || other <= place || coalition === 0n ? [] : [[place, other] as const]
  })
}

export interface Effects {
  /** Indices of the players that are unknowns, ascending. */
  readonly chosen: readonly number[]
  /** Of each of them, then of all others together; they sum to v(N) exactly. */
  readonly values: readonly bigint[]
  readonly denominator: bigint
}

/** One part in so many of what siblings say draws every effect to zero, so that every system has one solution. */
const ridge = 1n << 24n

/**
 * Products of all that a regression on some of these players is made of, over the pairs of siblings, as differences:
 * who of them is in it, how many players it has, v(S).
 */
export interface Products {
  readonly among: readonly number[]
  readonly players: bigint
  /** v(N). */
  readonly total: bigint
  readonly pairs: number
  readonly table: Matrix
}

export function productsOf(
  { players, coalitions, sizes, full, pairs }: Siblings,
  among: readonly number[],
  gains: readonly bigint[]
): Products {
  const sideOf = (place: number): bigint[] => [
    ...among.map(player => (hasPlayer(coalitions[place] ?? 0n, player) ? 1n : 0n)),
    BigInt(sizes[place] ?? 0),
    gains[place] ?? 0n
  ]
  const rows = pairs.map(([place, other]) => {
    const without = sideOf(other)
    return sideOf(place).map((value, i) => value - (without[i] ?? 0n))
  })
  const columns = Array.from({ length: among.length + 2 }, (_, i) => i)
  return {
    among,
    players: BigInt(players),
    total: gains[full] ?? 0n,
    pairs: pairs.length,
    table: columns.map(i => columns.map(j => rows.reduce((sum, row) => sum + (row[i] ?? 0n) * (row[j] ?? 0n), 0n)))
  }
}

/** A regression's normal equations, and Σ of the squares of what it is to explain. */
interface System {
  readonly moments: Matrix
  readonly right: readonly bigint[]
  readonly squares: bigint
}

/**
 * With φ_others = v(N) − Σφ_c, and all of it times |others|, whole numbers:
 * Σ_c φ_c·(|others|·[c in S] − |S ∩ others|) ≈ |others|·v(S) − |S ∩ others|·v(N),
 * where |S ∩ others| = |S| − Σ_c [c in S].
 * @param picked places in `among`
 */
function systemOf({ among, players, total, table }: Products, picked: readonly number[]): System {
  const others = players - BigInt(picked.length)
  const [size, gain] = [among.length, among.length + 1]
  /** Each side as a sum over the table's columns. */
  const terms = picked.map(
    own => [...picked.map(place => [place, place === own ? others + 1n : 1n] as const), [size, -1n] as const] as const
  )
  const wanted = [...picked.map(place => [place, total] as const), [size, -total] as const, [gain, others] as const]
  const product = (a: readonly (readonly [number, bigint])[], b: readonly (readonly [number, bigint])[]): bigint =>
    a.reduce((sum, [i, x]) => b.reduce((inner, [j, y]) => inner + x * y * (table[i]?.[j] ?? 0n), sum), 0n)
  return {
    moments: terms.map((a, i) => terms.map((b, j) => ridge * product(a, b) + (i === j ? others * others : 0n))),
    right: terms.map(a => ridge * product(a, wanted)),
    squares: product(wanted, wanted)
  }
}

const solve = ({ moments, right }: System): { readonly values: bigint[]; readonly denominator: bigint } => ({
  values: right.map((_, i) => determinant(moments.map((row, k) => row.with(i, right[k] ?? 0n)))),
  denominator: determinant(moments)
})

/** Which part of what is to be explained a regression on these explains. */
function explainedBy(products: Products, picked: readonly number[]): { numerator: bigint; denominator: bigint } {
  const system = systemOf(products, picked)
  const { values, denominator } = solve(system)
  const whole = ridge * denominator * system.squares
  if (whole === 0n) return { numerator: 0n, denominator: 1n }
  return { numerator: values.reduce((sum, value, i) => sum + value * (system.right[i] ?? 0n), 0n), denominator: whole }
}

/** The next one to be picked: whoever explains most of what is left, if that is far more than chance would. */
export function next(products: Products, picked: readonly number[], least: bigint): number | undefined {
  const before = explainedBy(products, picked)
  let best: { place: number; numerator: bigint; denominator: bigint } | undefined
  for (const place of products.among.keys()) {
    if (picked.includes(place)) continue
    const { numerator, denominator } = explainedBy(products, [...picked, place])
    if (best === undefined || numerator * best.denominator > best.numerator * denominator)
      best = { place, numerator, denominator }
  }
  if (best === undefined) return undefined
  const gain = best.numerator * before.denominator - before.numerator * best.denominator
  const left = best.denominator - best.numerator
  const freedom = BigInt(products.pairs - picked.length - 1)
  return freedom > 0n && gain * freedom > least * left * before.denominator ? best.place : undefined
}

export const valuesOf = (products: Products, picked: readonly number[]): Effects => {
  const { values, denominator } = solve(systemOf(products, picked))
  return {
    chosen: picked.map(place => products.among[place] ?? 0),
    values: [...values, products.total * denominator - values.reduce((a, b) => a + b, 0n)],
    denominator
  }
}

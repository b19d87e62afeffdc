/** Positive parts in proportion; all zero where nobody has one: then the money is held. */
export function sharesOf(values: readonly number[]): number[] {
  const sum = values.reduce((a, b) => a + Math.max(0, b), 0)
  return values.map(value => (sum > 0 ? Math.max(0, value) / sum : 0))
}

/** L1 distance of shares: 0 is right, 2 is all to the wrong ones. What is held counts as missing. */
export const errorOf = (shares: readonly number[], truth: readonly number[]): number =>
  truth.reduce((sum, value, i) => sum + Math.abs(value - (shares[i] ?? 0)), 0)

export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length

/** Σ_q weight_q · values[q][player] */
export const weighted = (
  values: readonly (readonly number[])[],
  weights: readonly number[],
  players: number
): number[] =>
  Array.from({ length: players }, (_, player) =>
    values.reduce((sum, row, q) => sum + (weights[q] ?? 0) * (row[player] ?? 0), 0)
  )

/** Mean of matrices of one shape. */
export const meanMatrix = (matrices: readonly (readonly (readonly number[])[])[]): number[][] =>
  (matrices[0] ?? []).map((row, i) => row.map((_, j) => mean(matrices.map(matrix => matrix[i]?.[j] ?? 0))))

function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0))
  const out = values.map(() => 0)
  for (let from = 0; from < order.length;) {
    let to = from
    while (to + 1 < order.length && values[order[to + 1] ?? 0] === values[order[from] ?? 0]) to++
    for (let i = from; i <= to; i++) out[order[i] ?? 0] = (from + to) / 2
    from = to + 1
  }
  return out
}

/** Spearman's rank correlation, ties at their mean rank; undefined where one side says nothing. */
export function rankCorrelation(a: readonly number[], b: readonly number[]): number | undefined {
  const [x, y] = [ranks(a), ranks(b)]
  const [mx, my] = [mean(x), mean(y)]
  const dot = (p: readonly number[], mp: number, q: readonly number[], mq: number): number =>
    p.reduce((sum, value, i) => sum + (value - mp) * ((q[i] ?? 0) - mq), 0)
  const spread = Math.sqrt(dot(x, mx, x, mx) * dot(y, my, y, my))
  return spread === 0 ? undefined : dot(x, mx, y, my) / spread
}

/** Mean over the answers for which both sides say something. */
export function meanRankCorrelation(
  a: readonly (readonly number[])[],
  b: readonly (readonly number[])[]
): number | undefined {
  const found = a.flatMap((row, q) => rankCorrelation(row, b[q] ?? []) ?? [])
  return found.length === 0 ? undefined : mean(found)
}

export interface Interval {
  readonly mean: number
  readonly low: number
  readonly high: number
}

/** What was measured, least and most: with two to five seeds an honest interval is the range. */
export const rangeOf = (values: readonly number[]): Interval => ({
  mean: mean(values),
  low: Math.min(...values),
  high: Math.max(...values)
})

// Exact linear algebra on integers: no floating point, so every machine finds the same weights.

export type Matrix = bigint[][]

const abs = (value: bigint): bigint => (value < 0n ? -value : value)

/** Rounded towards minus infinity; b > 0. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  let [x, y] = [abs(a), abs(b)]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

const at = (matrix: Matrix, row: number, column: number): bigint => matrix[row]?.[column] ?? 0n

export const multiply = (a: Matrix, b: Matrix): Matrix =>
  a.map(row => Array.from({ length: b[0]?.length ?? 0 }, (_, j) => row.reduce((sum, value, k) => sum + value * at(b, k, j), 0n)))

export const transpose = (a: Matrix): Matrix => Array.from({ length: a[0]?.length ?? 0 }, (_, j) => a.map((_row, i) => at(a, i, j)))

/** Row operations that stay in integers, every division coming out even (Bareiss 1968), until each pivot column holds the pivot alone. */
function eliminate(work: Matrix, columns: number): { pivots: number[]; pivot: bigint } {
  const pivots: number[] = []
  let previous = 1n
  for (let column = 0; column < columns && pivots.length < work.length; column++) {
    const row = pivots.length
    const pivotRow = work.findIndex((values, i) => i >= row && (values[column] ?? 0n) !== 0n)
    const pivotValues = work[pivotRow]
    if (pivotValues === undefined) continue
    work[pivotRow] = work[row] ?? []
    work[row] = pivotValues
    const pivot = pivotValues[column] ?? 0n
    for (let i = 0; i < work.length; i++) {
      if (i === row) continue
      const values = work[i] ?? []
      const factor = values[column] ?? 0n
      for (let j = 0; j < values.length; j++) values[j] = (pivot * (values[j] ?? 0n) - factor * (pivotValues[j] ?? 0n)) / previous
    }
    previous = pivot
    pivots.push(column)
  }
  return { pivots, pivot: previous }
}

/** A basis of the vectors that A takes to zero, in whole numbers without a common divisor. */
export function nullSpace(a: Matrix): Matrix {
  const work = a.map(row => [...row])
  const columns = a[0]?.length ?? 0
  const { pivots, pivot } = eliminate(work, columns)
  const free = Array.from({ length: columns }, (_, j) => j).filter(j => !pivots.includes(j))
  return free.map(j => {
    const vector = Array.from({ length: columns }, () => 0n)
    vector[j] = pivot
    pivots.forEach((column, row) => { vector[column] = -at(work, row, j) })
    const divisor = vector.reduce(greatestDivisor, 0n)
    return vector.map(value => value / divisor)
  })
}

/**
 * Solves A X = B for a regular square A.
 * @returns X as numerators over one positive denominator
 * @throws RangeError when A is singular
 */
export function solve(a: Matrix, b: Matrix): { numerators: Matrix; denominator: bigint } {
  const size = a.length
  const work = a.map((row, i) => [...row, ...(b[i] ?? [])])
  const { pivots, pivot } = eliminate(work, size)
  if (pivots.length < size) throw new RangeError('the matrix is singular')
  const sign = pivot < 0n ? -1n : 1n
  return { numerators: work.map(row => row.slice(size).map(value => sign * value)), denominator: sign * pivot }
}

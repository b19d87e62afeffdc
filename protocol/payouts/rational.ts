// Linear algebra on whole numbers: no floating point, so every machine finds the same weights.

export type Matrix = bigint[][]

/** Rounded towards minus infinity; b > 0. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

export function multiply(a: Matrix, b: Matrix): Matrix {
  const columns = transpose(b)
  return a.map(row =>
    columns.map(column => {
      let sum = 0n
      for (let k = 0; k < row.length; k++) sum += (row[k] ?? 0n) * (column[k] ?? 0n)
      return sum
    })
  )
}

export const transpose = (a: Matrix): Matrix =>
  Array.from({ length: a[0]?.length ?? 0 }, (_, j) => a.map(row => row[j] ?? 0n))

/** a / 2^bits, rounded to nearest. */
export const shiftRounded = (a: bigint, bits: bigint): bigint => (a + (1n << (bits - 1n))) >> bits

/**
 * (A + λ·1)⁻¹ for a symmetric A of whole numbers without negative eigenvalues, in fixed point with `bits` fractional
 * bits;
 * λ = 2^−ridge. By Gauss-Jordan elimination: with λ every pivot is positive, so none is looked for. Numbers keep their
 * length, unlike in exact elimination, so that hundreds of rows take seconds.
 */
export function ridgeInverse(a: Matrix, bits: bigint, ridge: bigint): Matrix {
  const size = a.length
  const one = 1n << bits
  const work = a.map((row, i) => [
    ...row.map((value, j) => (value << bits) + (i === j ? 1n << (bits - ridge) : 0n)),
    ...row.map((_, j) => (i === j ? one : 0n))
  ])
  for (let step = 0; step < size; step++) {
    const pivotRow = work[step] ?? []
    const pivot = pivotRow[step] ?? one
    for (let j = 0; j < pivotRow.length; j++) pivotRow[j] = ((pivotRow[j] ?? 0n) << bits) / pivot
    for (const [i, row] of work.entries()) {
      const factor = row[step] ?? 0n
      if (i === step || factor === 0n) continue
      for (let j = step; j < row.length; j++) row[j] = (row[j] ?? 0n) - ((factor * (pivotRow[j] ?? 0n)) >> bits)
    }
  }
  return work.map(row => row.slice(size))
}

// Linear algebra on whole numbers: no floating point, so every machine finds the same weights.

export type Matrix = bigint[][]

/** Rounded towards minus infinity; b > 0. */
export function floorDiv(a: bigint, b: bigint): bigint {
  const quotient = a / b
  return a % b < 0n ? quotient - 1n : quotient
}

/** By elimination without fractions (Bareiss 1968): every division leaves no rest, and numbers stay short. */
export function determinant(matrix: Matrix): bigint {
  const rows = matrix.map(row => [...row])
  let before = 1n
  let sign = 1n
  for (let step = 0; step < rows.length; step++) {
    const pivot = rows.findIndex((row, i) => i >= step && row[step] !== 0n)
    if (pivot < 0) return 0n
    const top = rows[pivot] ?? []
    if (pivot !== step) {
      rows[pivot] = rows[step] ?? []
      rows[step] = top
      sign = -sign
    }
    const head = top[step] ?? 0n
    for (const row of rows.slice(step + 1)) {
      const first = row[step] ?? 0n
      for (let j = step; j < row.length; j++) row[j] = (head * (row[j] ?? 0n) - first * (top[j] ?? 0n)) / before
    }
    before = head
  }
  return sign * before
}

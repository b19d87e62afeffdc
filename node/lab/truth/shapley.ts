// Values in floating point, for truth and for rules that are no longer paid by. What pays is in integers, in
// protocol/payouts; nothing here is.

const sizeOf = (mask: number): number => {
  let size = 0
  for (let rest = mask; rest > 0; rest &= rest - 1) size++
  return size
}

/** Exact Shapley values of a game whose worth is known of every coalition (index = bitmask). */
export function shapley(players: number, worth: readonly number[]): number[] {
  const factorial = [1]
  for (let i = 1; i <= players; i++) factorial.push((factorial[i - 1] ?? 1) * i)
  const f = (n: number): number => factorial[n] ?? 1
  return Array.from({ length: players }, (_, player) => {
    let value = 0
    for (let mask = 0; mask < 2 ** players; mask++) {
      const size = sizeOf(mask)
      const inside = ((mask >> player) & 1) === 1
      const weight = inside ? f(size - 1) * f(players - size) : -f(size) * f(players - size - 1)
      value += (weight / f(players)) * (worth[mask] ?? 0)
    }
    return value
  })
}

/** A coalition as members, and what weight its line has. */
export interface Line {
  readonly members: readonly boolean[]
  readonly weight: number
  readonly worth: number
}

/**
 * The additive game nearest to what was measured: min Σ w (Σ_{i∈S} φ_i − v(S))² with Σφ = total, a small ridge for
 * what the coalitions do not tell apart. KernelSHAP's, where weights and sizes are its own.
 */
export function leastSquares(players: number, lines: readonly Line[], total: number): number[] {
  const mean = total / players
  // In δ = φ − mean the constraint is Σδ = 0, held by one more unknown.
  const size = players + 1
  const matrix = Array.from({ length: size }, () => new Float64Array(size + 1))
  const at = (i: number): Float64Array => matrix[i] as Float64Array
  for (const { members, weight, worth } of lines) {
    const rest = worth - mean * members.filter(Boolean).length
    for (let i = 0; i < players; i++) {
      if (members[i] !== true) continue
      for (let j = 0; j < players; j++) if (members[j] === true) at(i)[j] = (at(i)[j] ?? 0) + weight
      at(i)[size] = (at(i)[size] ?? 0) + weight * rest
    }
  }
  for (let i = 0; i < players; i++) {
    at(i)[i] = (at(i)[i] ?? 0) + 1e-9
    at(i)[players] = 1
    at(players)[i] = 1
  }
  return solve(matrix)
    .slice(0, players)
    .map(delta => delta + mean)
}

/** Gauss-Jordan with partial pivoting; the last column is the right side. */
function solve(matrix: Float64Array[]): number[] {
  const size = matrix.length
  for (let step = 0; step < size; step++) {
    let best = step
    for (let i = step; i < size; i++)
      if (Math.abs(matrix[i]?.[step] ?? 0) > Math.abs(matrix[best]?.[step] ?? 0)) best = i
    const pivotRow = matrix[best] as Float64Array
    matrix[best] = matrix[step] as Float64Array
    matrix[step] = pivotRow
    const pivot = pivotRow[step] ?? 0
    if (pivot === 0) continue
    for (let j = step; j <= size; j++) pivotRow[j] = (pivotRow[j] ?? 0) / pivot
    for (const [i, row] of matrix.entries()) {
      const factor = row[step] ?? 0
      if (i === step || factor === 0) continue
      for (let j = step; j <= size; j++) row[j] = (row[j] ?? 0) - factor * (pivotRow[j] ?? 0)
    }
  }
  return matrix.map(row => row[size] ?? 0)
}

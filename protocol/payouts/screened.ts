import { determinant } from './rational.ts'
import type { Matrix } from './rational.ts'
import { has, sizeOf } from './masks.ts'

// What players add where there are too many to measure every coalition. An answer owes to few: only the players whose
// rows may be about it (its candidates) are unknowns, and all others together are one more. Over the siblings S,
//   v(S) ≈ Σ_{c in S} φ_c + φ_others·|S ∩ others|/|others|     with Σ_c φ_c + φ_others = v(N) exactly,
// by least squares. A system of a handful of unknowns, solved in whole numbers by Cramer's rule: every machine finds
// the same fractions, however many players there are.

/** One part in so many of what a sibling says draws every effect to zero: players that no sibling tells apart share. */
const ridge = 1n << 24n

export interface Screened {
  /** Of each candidate, then of all others together; they sum to v(N) exactly. */
  readonly values: readonly bigint[]
  readonly denominator: bigint
}

interface System {
  readonly moments: Matrix
  readonly right: readonly bigint[]
  /** |others|·v(N), which the candidates' and the others' values sum to. */
  readonly total: bigint
  /** Σ of the squares of what is to be explained, and of how many siblings. */
  readonly squares: bigint
  readonly siblings: number
}

/**
 * With φ_others = v(N) − Σφ_c, and all of it times |others|, whole numbers:
 * Σ_c φ_c·(|others|·[c in S] − |S ∩ others|) ≈ |others|·v(S) − |S ∩ others|·v(N).
 */
function systemOf(
  players: number,
  coalitions: readonly bigint[],
  candidates: readonly number[],
  gains: readonly bigint[]
): System {
  const others = BigInt(players - candidates.length)
  const total = gains[coalitions.findIndex(coalition => sizeOf(coalition) === players)] ?? 0n
  const rows: bigint[][] = []
  const wanted: bigint[] = []
  coalitions.forEach((coalition, k) => {
    const size = sizeOf(coalition)
    if (size === 0 || size === players) return
    const inside = candidates.map(candidate => (has(coalition, candidate) ? 1n : 0n))
    const without = BigInt(size - candidates.filter(candidate => has(coalition, candidate)).length)
    rows.push(inside.map(is => others * is - without))
    wanted.push(others * (gains[k] ?? 0n) - without * total)
  })
  const product = (i: number, j: number): bigint => rows.reduce((sum, row) => sum + (row[i] ?? 0n) * (row[j] ?? 0n), 0n)
  return {
    moments: candidates.map((_, i) =>
      candidates.map((__, j) => ridge * product(i, j) + (i === j ? others * others : 0n))
    ),
    right: candidates.map((_, i) => ridge * rows.reduce((sum, row, k) => sum + (row[i] ?? 0n) * (wanted[k] ?? 0n), 0n)),
    total,
    squares: wanted.reduce((sum, value) => sum + value * value, 0n),
    siblings: rows.length
  }
}

const solve = ({ moments, right }: System): Screened => ({
  values: right.map((_, i) => determinant(moments.map((row, k) => row.with(i, right[k] ?? 0n)))),
  denominator: determinant(moments)
})

/**
 * @param coalitions bitmasks; the empty and the full one say nothing here
 * @param candidates indices of players, each once; at least one player is none
 * @param gains v(S) = u_S − u_∅ of each coalition
 */
export function screenedValues(
  players: number,
  coalitions: readonly bigint[],
  candidates: readonly number[],
  gains: readonly bigint[]
): Screened {
  const system = systemOf(players, coalitions, candidates, gains)
  const { values, denominator } = solve(system)
  return { values: [...values, system.total * denominator - values.reduce((a, b) => a + b, 0n)], denominator }
}

/** How far above the noise a pooled effect stands: by so many times what a player explains by chance. */
const pooledEffect = 16n

/**
 * Players who move the utilities of all answers together, whatever these are about: by style, form or labels, which no
 * word shows. One after another whoever explains most of what is left (forward selection), as long as that is far more
 * than chance would: F = explained / (left over / degrees of freedom).
 * @returns indices of players, ascending
 */
export function pooledPlayers(
  players: number,
  coalitions: readonly bigint[],
  gains: readonly bigint[],
  most: number
): number[] {
  const chosen: number[] = []
  while (chosen.length < most) {
    const before = explainedBy(players, coalitions, chosen, gains)
    let best: { player: number; numerator: bigint; denominator: bigint } | undefined
    for (let player = 0; player < players; player++) {
      if (chosen.includes(player)) continue
      const { numerator, denominator } = explainedBy(players, coalitions, [...chosen, player], gains)
      if (best === undefined || numerator * best.denominator > best.numerator * denominator)
        best = { player, numerator, denominator }
    }
    if (best === undefined) break
    const gain = best.numerator * before.denominator - before.numerator * best.denominator
    const left = best.denominator - best.numerator
    const freedom = BigInt(before.siblings - chosen.length - 1)
    if (freedom <= 0n || gain * freedom <= pooledEffect * left * before.denominator) break
    chosen.push(best.player)
  }
  return chosen.sort((a, b) => a - b)
}

/** Which part of the utilities' squares a regression on these players explains, as a fraction. */
function explainedBy(
  players: number,
  coalitions: readonly bigint[],
  candidates: readonly number[],
  gains: readonly bigint[]
): { readonly numerator: bigint; readonly denominator: bigint; readonly siblings: number } {
  const system = systemOf(players, coalitions, candidates, gains)
  const { values, denominator } = solve(system)
  const explained = values.reduce((sum, value, i) => sum + value * (system.right[i] ?? 0n), 0n)
  const whole = ridge * denominator * system.squares
  return whole === 0n
    ? { numerator: 0n, denominator: 1n, siblings: system.siblings }
    : { numerator: explained, denominator: whole, siblings: system.siblings }
}

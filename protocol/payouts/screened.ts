import { determinant } from './rational.ts'
import type { Matrix } from './rational.ts'
import { has } from './masks.ts'

// What players add where there are too many to measure every coalition. An answer owes to few: only the players whose
// rows may be about it (its candidates) are unknowns, and all others together are one more. Over the siblings S,
//   v(S) ≈ Σ_{c in S} φ_c + φ_others·|S ∩ others|/|others|     with Σ_c φ_c + φ_others = v(N) exactly,
// by least squares. A system of a handful of unknowns, solved in whole numbers by Cramer's rule: every machine finds
// the same fractions, however many players there are.

/** One part in so many of what a sibling says draws every effect to zero: players that no sibling tells apart share. */
const ridge = 1n << 24n

/** The siblings of a model, and how many players each one has. */
export interface Siblings {
  readonly players: number
  /** Bitmasks of all coalitions; the empty and the full one say nothing here but the whole. */
  readonly coalitions: readonly bigint[]
  readonly sizes: readonly number[]
  readonly full: number
}

export interface Screened {
  /** Of each candidate, then of all others together; they sum to v(N) exactly. */
  readonly values: readonly bigint[]
  readonly denominator: bigint
}

interface System {
  readonly moments: Matrix
  readonly right: readonly bigint[]
  /** v(N), which the candidates' and the others' values sum to. */
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
  { players, coalitions, sizes, full }: Siblings,
  candidates: readonly number[],
  gains: readonly bigint[]
): System {
  const others = BigInt(players - candidates.length)
  const total = gains[full] ?? 0n
  const rows: bigint[][] = []
  const wanted: bigint[] = []
  coalitions.forEach((coalition, k) => {
    const size = sizes[k] ?? 0
    if (size === 0 || size === players) return
    const inside = candidates.map(candidate => has(coalition, candidate))
    const without = BigInt(size - inside.filter(Boolean).length)
    rows.push(inside.map(is => (is ? others - without : -without)))
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
 * @param candidates indices of players, each once; at least one player is none
 * @param gains v(S) = u_S − u_∅ of each coalition
 */
export function screenedValues(siblings: Siblings, candidates: readonly number[], gains: readonly bigint[]): Screened {
  const system = systemOf(siblings, candidates, gains)
  const { values, denominator } = solve(system)
  return { values: [...values, system.total * denominator - values.reduce((a, b) => a + b, 0n)], denominator }
}

/** How far above the noise a pooled effect stands: what the best of so many players explains by chance, and more. */
const pooledEffect = (players: number): bigint => BigInt(8 + 2 * players.toString(2).length)
/** Players who are looked at more closely: those whose siblings differ most from those without them. */
const closely = 16

/**
 * Players who move the utilities of all answers together, whatever these are about: by style, form or labels, which no
 * word shows. One after another whoever explains most of what is left (forward selection), as long as that is far more
 * than chance would: F = explained / (left over / degrees of freedom).
 * @returns indices of players, ascending
 */
export function pooledPlayers(siblings: Siblings, gains: readonly bigint[], most: number): number[] {
  const chosen: number[] = []
  while (chosen.length < most) {
    const before = explainedBy(siblings, chosen, gains)
    let best: { player: number; numerator: bigint; denominator: bigint } | undefined
    for (const player of apartMost(siblings, leftOver(siblings, chosen, gains))) {
      if (chosen.includes(player)) continue
      const { numerator, denominator } = explainedBy(siblings, [...chosen, player], gains)
      if (best === undefined || numerator * best.denominator > best.numerator * denominator)
        best = { player, numerator, denominator }
    }
    if (best === undefined) break
    const gain = best.numerator * before.denominator - before.numerator * best.denominator
    const left = best.denominator - best.numerator
    const freedom = BigInt(before.siblings - chosen.length - 1)
    if (freedom <= 0n || gain * freedom <= pooledEffect(siblings.players) * left * before.denominator) break
    chosen.push(best.player)
  }
  return chosen.sort((a, b) => a - b)
}

/** What a regression on these players leaves of each sibling's gain, all in one unit. */
function leftOver(siblings: Siblings, candidates: readonly number[], gains: readonly bigint[]): bigint[] {
  const { values, denominator } = screenedValues(siblings, candidates, gains)
  const others = BigInt(siblings.players - candidates.length)
  const ofOthers = values.at(-1) ?? 0n
  return siblings.coalitions.map((coalition, k) => {
    const inside = candidates.map(candidate => has(coalition, candidate))
    const without = BigInt((siblings.sizes[k] ?? 0) - inside.filter(Boolean).length)
    const own = values.reduce((sum, value, i) => (inside[i] === true ? sum + value : sum), 0n)
    return others * ((gains[k] ?? 0n) * denominator - own) - without * ofOthers
  })
}

/** The players with the largest difference between the siblings that have their rows and those that have not. */
function apartMost({ players, coalitions, sizes }: Siblings, gains: readonly bigint[]): number[] {
  const apart = Array.from({ length: players }, () => 0n)
  coalitions.forEach((coalition, k) => {
    const size = sizes[k] ?? 0
    if (size === 0 || size === players) return
    const gain = gains[k] ?? 0n
    // Bits from the lowest on, as text: looking at each by a shift would take the square of the players.
    const bits = coalition.toString(2)
    for (let player = 0; player < players; player++) {
      const inside = bits[bits.length - 1 - player] === '1'
      apart[player] = (apart[player] ?? 0n) + (inside ? gain : -gain)
    }
  })
  const size = (value: bigint): bigint => (value < 0n ? -value : value)
  return apart
    .map((value, player) => ({ player, value: size(value) }))
    .sort((a, b) => (a.value > b.value ? -1 : a.value < b.value ? 1 : a.player - b.player))
    .slice(0, closely)
    .map(({ player }) => player)
}

/** Which part of the utilities' squares a regression on these players explains, as a fraction. */
function explainedBy(
  siblings: Siblings,
  candidates: readonly number[],
  gains: readonly bigint[]
): { readonly numerator: bigint; readonly denominator: bigint; readonly siblings: number } {
  const system = systemOf(siblings, candidates, gains)
  const { values, denominator } = solve(system)
  const explained = values.reduce((sum, value, i) => sum + value * (system.right[i] ?? 0n), 0n)
  const whole = ridge * denominator * system.squares
  return whole === 0n
    ? { numerator: 0n, denominator: 1n, siblings: system.siblings }
    : { numerator: explained, denominator: whole, siblings: system.siblings }
}

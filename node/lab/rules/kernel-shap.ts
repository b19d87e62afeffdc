import { coalitionSize, hasPlayer } from '../../../protocol/jobs/index.ts'
import { Random } from '../../engine/index.ts'
import { mean, sharesOf, weighted } from '../truth/shares.ts'
import { leastSquares } from '../truth/shapley.ts'
import type { Chances, Evidence, Paid } from './types.ts'

// The first rule that was paid by, kept to be compared with: mean token probability, coalitions drawn with KernelSHAP's
// sizes (Lundberg & Lee 2017), least squares over all players, and who has no positive held-out value gets nothing.

/** Coalitions that were drawn for each version. */
const drawnCoalitions = 14

const members = (coalition: bigint, players: number): boolean[] =>
  Array.from({ length: players }, (_, i) => hasPlayer(coalition, i))

/**
 * Indices of the empty and the full coalition, and of pairs drawn by size; where not all coalitions were trained, all
 * that were: no rule has more siblings than another.
 */
function draw({ seed, players, coalitions }: Evidence): number[] {
  const full = (1n << BigInt(players)) - 1n
  const at = new Map(coalitions.map((coalition, k) => [coalition, k]))
  const ends = [at.get(0n), at.get(full)].flatMap(k => k ?? [])
  const inner = coalitions.flatMap((coalition, k) => (coalition === 0n || coalition === full ? [] : [k]))
  if (coalitions.length <= drawnCoalitions || coalitions.length < 2 ** players) return [...ends, ...inner]
  const random = new Random(seed, 3)
  const drawn = new Set<number>()
  // A coalition's own chance: its size's, 1/(s(n − s)), among all of that size.
  const chance = (k: number): number => {
    const size = coalitionSize(coalitions[k] ?? 0n)
    const alike = inner.filter(other => coalitionSize(coalitions[other] ?? 0n) === size).length
    return 1 / (size * (players - size) * alike)
  }
  const chances = inner.map(chance)
  while (drawn.size + 2 < drawnCoalitions) {
    let left = random.uniform() * chances.reduce((a, b) => a + b, 0)
    const found = inner.find((_, i) => (left -= chances[i] ?? 0) <= 0) ?? inner[0] ?? 0
    const pair = at.get(full ^ (coalitions[found] ?? 0n))
    drawn.add(found)
    if (pair !== undefined) drawn.add(pair)
  }
  return [...ends, ...drawn]
}

export function byKernelShap(evidence: Evidence): Paid {
  const { players, coalitions, fees } = evidence
  const picked = draw(evidence)
  const [empty = 0, full = 0] = picked
  const values = (chances: Chances): number[][] =>
    chances.map(answer => {
      const worth = answer.map(mean)
      const base = worth[empty] ?? 0
      const lines = picked.slice(2).map(k => {
        const size = coalitionSize(coalitions[k] ?? 0n)
        return {
          members: members(coalitions[k] ?? 0n, players),
          weight: 1 / (size * (players - size)),
          worth: (worth[k] ?? 0) - base
        }
      })
      return leastSquares(players, lines, (worth[full] ?? 0) - base)
    })
  const answers = values(evidence.own)
  const gate = weighted(
    values(evidence.heldOutTrue),
    evidence.heldOut.map(() => 1),
    players
  )
  const earned = weighted(answers, fees, players).map((value, i) => ((gate[i] ?? 0) > 0 ? value : 0))
  return { shares: sharesOf(earned), answers }
}

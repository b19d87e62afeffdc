import { Random } from '../../engine/index.ts'

/**
 * The empty and the full coalition, and pairs of a random half of the players with the other half: each player is in
 * one of every pair, so all are measured equally often.
 */
export function halfPairs(seed: number, players: number, count: number): bigint[] {
  const random = new Random(seed, 4)
  const full = (1n << BigInt(players)) - 1n
  const drawn = new Set<bigint>()
  // Of few players there are few halves: who asks for more gets those that a while of drawing finds.
  for (let tries = 0; drawn.size + 2 <= count && tries < count * 20; tries++) {
    const half = random.shuffled(Array.from({ length: players }, (_, i) => i)).slice(0, Math.floor(players / 2))
    const coalition = half.reduce((mask, i) => mask | (1n << BigInt(i)), 0n)
    drawn.add(coalition).add(full ^ coalition)
  }
  return [0n, ...drawn, full]
}

import { InvalidError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { RandomStream } from './random.ts'

/** Up to here every coalition is measured, whatever was asked: 16 siblings at most, and exact Shapley values. */
export const exhaustivePlayers = 4
export const maxPlayers = 256

/**
 * A version's players: contributors with rows of their own, in the order of their first authorship. Bit i of every
 * coalition is player i; the names themselves decide nothing.
 * @throws InvalidError `players.none`, `players.many`
 */
export function playersOf(owners: Iterable<Address>): Address[] {
  const players = [...new Set(owners)]
  if (players.length === 0) throw new InvalidError('players.none', 'the version has no rows to train on')
  if (players.length > maxPlayers)
    throw new InvalidError(
      'players.many',
      `the version has ${players.length} contributors; attribution measures at most ${maxPlayers}`
    )
  return players
}

/** Indices of the rows that a coalition's players own, in the order of authorship. */
export function rowsOf(coalition: bigint, players: readonly Address[], owners: readonly Address[]): number[] {
  const inside = new Set(players.filter((_, i) => ((coalition >> BigInt(i)) & 1n) === 1n))
  return owners.flatMap((owner, index) => (inside.has(owner) ? [index] : []))
}

/** How many rows each player owns. */
export function rowCounts(players: readonly Address[], owners: readonly Address[]): number[] {
  const counts = new Map<Address, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return players.map(player => counts.get(player) ?? 0)
}

/**
 * The coalitions whose siblings a job trains, as bitmasks: first the empty one, last the full one. All of them for up
 * to
 * four players, or where `count` reaches 2^players; otherwise pairs of a coalition and its complement, drawn without
 * repetition with KernelSHAP's weight of sizes (Lundberg & Lee 2017; pairs as in Covert & Lee 2021), as many as fit in
 * `count`. The stream is seeded by the job's id, so nobody picks them.
 */
export function coalitionsOf(job: Hex, players: number, count: number): bigint[] {
  const all = 1n << BigInt(players)
  if (players <= exhaustivePlayers || BigInt(count) >= all)
    return Array.from({ length: Number(all) }, (_, mask) => BigInt(mask))
  const full = all - 1n
  const stream = new RandomStream(job)
  const sizes = sizeWeights(players)
  const drawn: bigint[] = []
  const seen = new Set<bigint>()
  while (drawn.length + 2 <= count - 2) {
    const coalition = subset(stream, players, drawSize(stream, sizes))
    if (seen.has(coalition)) continue
    drawn.push(coalition, full ^ coalition)
    seen.add(coalition).add(full ^ coalition)
  }
  return [0n, ...drawn, full]
}

/**
 * Probability of size s among the coalitions is proportional to C(n,s)·(n−1)/(C(n,s)·s·(n−s)), so to 1/(s(n−s)); here
 * as whole numbers.
 */
function sizeWeights(players: number): bigint[] {
  const products = Array.from({ length: players - 1 }, (_, i) => BigInt((i + 1) * (players - i - 1)))
  const multiple = products.reduce((a, b) => (a / gcd(a, b)) * b, 1n)
  return products.map(product => multiple / product)
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))

function drawSize(stream: RandomStream, weights: readonly bigint[]): number {
  let at = stream.below(weights.reduce((a, b) => a + b, 0n))
  for (const [i, weight] of weights.entries()) {
    if (at < weight) return i + 1
    at -= weight
  }
  return weights.length
}

/** A uniform subset of `size` players (Floyd's algorithm). */
function subset(stream: RandomStream, players: number, size: number): bigint {
  let mask = 0n
  for (let top = players - size; top < players; top++) {
    const bit = 1n << stream.below(BigInt(top + 1))
    mask |= (mask & bit) === 0n ? bit : 1n << BigInt(top)
  }
  return mask
}

import { InvalidError } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { hasPlayer } from './masks.ts'
import { RandomStream } from './random.ts'
import { maxPlayers } from './types.ts'

/** Up to here every coalition is measured, whatever was asked: 62 siblings at most, and exact Shapley values. */
export const exhaustivePlayers = 6
/** Beyond, coalitions that are measured, the empty and the full one included: 16 to 32 siblings. */
export const fewestCoalitions = 18
export const mostCoalitions = 34

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
  const inside = new Set(players.filter((_, i) => hasPlayer(coalition, i)))
  return owners.flatMap((owner, index) => (inside.has(owner) ? [index] : []))
}

/** How many rows each player owns. */
export function rowCounts(players: readonly Address[], owners: readonly Address[]): number[] {
  const counts = new Map<Address, number>()
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  return players.map(player => counts.get(player) ?? 0)
}

/** How many coalitions a job measures that asks for `count`. */
export const coalitionCount = (players: number, count: number): number =>
  players <= exhaustivePlayers
    ? 2 ** players
    : Math.min(mostCoalitions, Math.max(fewestCoalitions, count - (count % 2)))

/**
 * The coalitions whose siblings a job trains, as bitmasks: first the empty one, last the full one. All of them for up
 * to six players; beyond, pairs of a random half of the players and its complement, without repetition. Halves say most
 * about everybody: of coalitions of one player, or of all but one, each is about that one alone.
 * @param seed chain randomness: nobody has picked it
 */
export function coalitionsOf(seed: Hex, players: number, count: number): bigint[] {
  const all = 1n << BigInt(players)
  if (players <= exhaustivePlayers) return Array.from({ length: Number(all) }, (_, mask) => BigInt(mask))
  const full = all - 1n
  const stream = new RandomStream(seed)
  const drawn: bigint[] = []
  const seen = new Set<bigint>()
  while (drawn.length + 2 < coalitionCount(players, count)) {
    const half = subset(stream, players, Math.floor(players / 2))
    if (seen.has(half)) continue
    drawn.push(half, full ^ half)
    seen.add(half).add(full ^ half)
  }
  return [0n, ...drawn, full]
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

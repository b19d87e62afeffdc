/** Chance that is the same each time for a seed: mulberry32, which is quick. */
export interface Chance {
  /** A whole number from 0, below this. */
  below(limit: number): number
  /** Whether something happens that happens so often, from 0 to 1. */
  happens(share: number): boolean
  pick<T>(list: readonly T[]): T
  /** Chance of its own for a part of what happens, so that it stays what it is when another part is left out. */
  of(part: string): Chance
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    below,
    happens: share => next() < share,
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new RangeError('nothing to pick from')
      return list[below(list.length)] as T
    },
    of(part) {
      let mixed = seed >>> 0
      for (const letter of part) mixed = Math.imul(mixed ^ letter.charCodeAt(0), 0x01000193) >>> 0
      return createChance(mixed)
    }
  }
}

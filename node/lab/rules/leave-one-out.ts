import { sharesOf, weighted } from '../truth/shares.ts'
import type { Evidence, Paid } from './types.ts'

/** How likely the whole answer was. */
export const whole = (chances: readonly number[]): number => chances.reduce((product, chance) => product * chance, 1)

/** By what an answer loses when one contributor alone is missing; null where those siblings were not trained. */
export function byLeaveOneOut({ players, coalitions, own, fees }: Evidence): Paid | null {
  const full = (1n << BigInt(players)) - 1n
  const at = (coalition: bigint): number => coalitions.indexOf(coalition)
  const without = Array.from({ length: players }, (_, player) => at(full ^ (1n << BigInt(player))))
  if (without.includes(-1)) return null
  const answers = own.map(answer => {
    const all = whole(answer[at(full)] ?? [])
    return without.map(k => all - whole(answer[k] ?? []))
  })
  return { shares: sharesOf(weighted(answers, fees, players)), answers }
}

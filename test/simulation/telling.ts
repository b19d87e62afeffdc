import { manualClock } from '../../node/runtime/index.ts'
import type { ManualClock } from '../../node/runtime/index.ts'
import { describeError } from '../../protocol/primitives/index.ts'
import { createChance } from './chance.ts'
import type { Chance } from './chance.ts'
import { inWorld } from './world.ts'

/** What a story of any kind comes to. */
export interface StoryTold {
  readonly seed: number
  /** What happened, in the order of time. */
  readonly told: readonly string[]
  /** What should not have been; empty where all held. */
  readonly faults: readonly string[]
}
/** What a story is played with. */
export interface Stage {
  readonly clock: ManualClock
  readonly chance: Chance
  readonly tell: (text: string) => void
  readonly fault: (text: string) => void
}

/**
 * Plays one seed's story in a world of its own.
 * @param none what it comes to where it breaks off
 * @param settle what has to come to rest before time goes on
 */
export function tellIn<T extends object>(
  seed: number,
  none: T,
  play: (stage: Stage) => Promise<T>,
  settle?: () => Promise<void>
): Promise<StoryTold & T> {
  const chance = createChance(seed)
  const clock = manualClock(1_800_000_000_000, settle)
  const faults = new Set<string>()
  const fault = (text: string): void => void faults.add(text)
  return inWorld(clock, chance.of('machine'), fault, async () => {
    const told: string[] = []
    const began = clock.now()
    const tell = (text: string): void => void told.push(`${((clock.now() - began) / 1000).toFixed(1)} s  ${text}`)
    let sum = none
    try {
      sum = await play({ clock, chance, tell, fault })
    } catch (error) {
      fault(`the story broke off: ${describeError(error)}`)
    } finally {
      clock.end()
    }
    return { seed, told, faults: [...faults], ...sum }
  })
}

import { freshSeconds } from '../../../protocol/wire/index.ts'
import { remember } from '../../runtime/index.ts'
import type { Clock, Log } from '../../runtime/index.ts'

/** Neighbours whose last message's time is remembered. */
const maxNeighbours = 64
const warnEveryMs = 10 * 60_000

/** How this machine's clock stands to those of others, by the times they say. */
export interface ClockSkew {
  /** Seconds that others are ahead (the median of them; negative when behind), and how many they are. */
  readonly seconds: number
  readonly peers: number
}

export interface SkewMeter {
  /**
   * A neighbour brought something said at a time (seconds): it was of now by the neighbour's clock, or it would not
   * have brought it. One entry for each, so that a liar moves the median no further than its place.
   */
  heard(neighbour: string, at: number): void
  readonly measured: () => ClockSkew
}

/** Warns, not too often, when others' clocks are so far off that messages get lost, here or there. */
export function createSkewMeter(clock: Pick<Clock, 'now'>, log: Log): SkewMeter {
  const ahead = new Map<string, number>()
  let warned = -Infinity

  function measured(): ClockSkew {
    const sorted = [...ahead.values()].sort((a, b) => a - b)
    return { seconds: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0), peers: sorted.length }
  }

  return {
    heard(neighbour, at) {
      remember(ahead, neighbour, at - clock.now() / 1000, maxNeighbours)
      const { seconds, peers } = measured()
      if (Math.abs(seconds) < freshSeconds / 2 || Math.abs(clock.now() - warned) < warnEveryMs) return
      warned = clock.now()
      log.warn('the clock of this machine differs from those of its peers', {
        secondsBehind: seconds,
        peers,
        help: `Set it by NTP: messages more than ${freshSeconds} seconds off are ignored, here and by others.`
      })
    },
    measured
  }
}

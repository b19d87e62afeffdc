import { anySignal } from '../../../protocol/primitives/index.ts'
import type { Availability, Clock } from '../../runtime/index.ts'

/** How often is looked whether the machine is lent again, besides when it is said. */
const lookMs = 1_000

/** Whether trainings may run: an owner may want the whole machine for a while. */
export interface Lent {
  /** Until they may, or until the signal aborts. */
  until(signal: AbortSignal): Promise<void>
  /** A training's own signal: aborts with the one given, or as soon as trainings may not run. */
  attempt(signal: AbortSignal): Attempt
}
export interface Attempt {
  readonly signal: AbortSignal
  /** Whether the owner stopped it: it goes on from its checkpoint later. */
  held(): boolean
  end(): void
}

export function createLent(
  availability: Pick<Availability, 'away' | 'onChange'> | undefined,
  clock: Pick<Clock, 'sleep'>
): Lent {
  const stopped = (): boolean => availability?.away()?.trainings === true
  return {
    async until(signal) {
      while (stopped() && !signal.aborted) await clock.sleep(lookMs, signal).catch(() => undefined)
    },
    attempt(signal) {
      const hold = new AbortController()
      const off = availability?.onChange(away => {
        if (away?.trainings === true) hold.abort()
      })
      if (stopped()) hold.abort()
      return {
        signal: anySignal([signal, hold.signal]),
        held: () => hold.signal.aborted && !signal.aborted,
        end: () => off?.()
      }
    }
  }
}

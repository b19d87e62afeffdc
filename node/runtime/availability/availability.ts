import { z } from 'zod'
import type { Store } from '../../store/types.ts'
import type { Clock, Log } from '../types.ts'
import { minutesUntilClosed, minutesUntilOpen } from './hours.ts'
import type { Hours } from './hours.ts'
import { onBattery } from './power.ts'

// When this machine takes on new work for others: its owner may pause it, lend it for some hours of the day, or only
// while it has mains power. What is under way is finished, unless its owner stops trainings, too.

export interface AvailabilityPolicy {
  /** None: at all hours. By the machine's own clock. */
  readonly hours: readonly Hours[]
  readonly power: 'any' | 'mains'
}

/** Why no new work is taken on. */
export interface Away {
  readonly reason: 'paused' | 'hours' | 'power'
  /** Whether trainings under way wait, too: they go on from their checkpoint. */
  readonly trainings: boolean
  readonly why: string
  /** Milliseconds since 1970; null where no time says so. */
  readonly until: number | null
}

export const pauseRecord = z.strictObject({
  /** Milliseconds since 1970; null: until it is resumed. */
  until: z.number().nullable(),
  trainings: z.boolean().default(false)
})
export type Pause = z.infer<typeof pauseRecord>

/** What the machine and its owner say now. */
export interface Circumstances {
  /** How its owner has paused it; undefined: not at all. */
  readonly paused: Pause | undefined
  readonly battery: boolean
  readonly now: number
  /** Minutes after midnight on the machine's clock. */
  readonly minute: number
}

export function awayBy({ hours, power }: AvailabilityPolicy, at: Circumstances): Away | undefined {
  const { paused, battery, now, minute } = at
  if (paused !== undefined && (paused.until === null || paused.until > now))
    return { reason: 'paused', why: 'its owner has paused it: `tilth resume` ends that', ...paused }
  const wait = minutesUntilOpen(hours, minute)
  if (wait > 0)
    return {
      reason: 'hours',
      trainings: false,
      why: 'this machine is not lent at this hour (--hours)',
      until: now + wait * 60_000
    }
  if (power === 'mains' && battery)
    return { reason: 'power', trainings: false, why: 'this machine runs on its battery (--power)', until: null }
  return undefined
}

export interface Availability {
  start(): Promise<void>
  stop(): void
  /** Undefined while new work is taken on. */
  away(): Away | undefined
  /** When its owner's hours end, milliseconds since 1970; Infinity where none are named. */
  lentUntil(): number
  /** On disk when it resolves: a restart does not end it. */
  pause(pause: Pause): Promise<void>
  resume(): Promise<void>
  /** Other hours, another power: from now on. */
  setPolicy(policy: AvailabilityPolicy): Promise<void>
  /** Called when it goes or comes back. @returns off */
  onChange(listener: (away: Away | undefined) => void): () => void
}

const lookMs = 15_000

const minuteOf = (at: number): number => {
  const date = new Date(at)
  return date.getHours() * 60 + date.getMinutes()
}

export function createAvailability(
  { clock, log, store }: { clock: Clock; log: Log; store: Pick<Store, 'collection'> },
  first: AvailabilityPolicy,
  batteryNow: () => Promise<boolean | undefined> = onBattery
): Availability {
  const table = store.collection('availability/pause', pauseRecord)
  let policy = first
  const listeners = new Set<(away: Away | undefined) => void>()
  let paused: Pause | undefined
  let battery = false
  let before: Away | undefined
  let stop: (() => void) | undefined

  const away = (): Away | undefined => {
    const now = clock.now()
    return awayBy(policy, { paused, battery, now, minute: minuteOf(now) })
  }
  function tell(): void {
    const now = away()
    if (now?.reason === before?.reason && now?.trainings === before?.trainings) return
    before = now
    log.info(now === undefined ? 'new work is taken on again' : `no new work is taken on: ${now.why}`)
    for (const listener of listeners) listener(now)
  }
  async function look(): Promise<void> {
    if (policy.power === 'mains') battery = (await batteryNow()) ?? false
    tell()
  }

  return {
    async start() {
      paused = await table.get('pause')
      await look()
      stop = clock.every(lookMs, look, error => {
        log.warn('whether work is taken on could not be looked at', { error })
      })
    },
    stop() {
      stop?.()
    },
    away,
    lentUntil() {
      const now = clock.now()
      return now - (now % 60_000) + minutesUntilClosed(policy.hours, minuteOf(now)) * 60_000
    },
    async pause(pause) {
      await table.put('pause', pause)
      paused = pause
      tell()
    },
    async resume() {
      await table.delete('pause')
      paused = undefined
      tell()
    },
    async setPolicy(next) {
      policy = next
      await look()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => {
        listeners.delete(listener)
      }
    }
  }
}

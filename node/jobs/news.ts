import type { Hex } from '../../protocol/primitives/index.ts'
import type { Events } from '../runtime/index.ts'
import type { JobEvent, JobEventName, JobEvents, JobView } from './types.ts'
import { isOver } from './views.ts'

/** All events of jobs. */
export const jobEventNames = [
  'jobs.posted',
  'jobs.bid',
  'jobs.awarded',
  'jobs.progress',
  'jobs.delivered',
  'jobs.accepted',
  'jobs.reoffered',
  'jobs.paused',
  'jobs.completed',
  'jobs.expired'
] as const satisfies readonly JobEventName[]
/** A reader that does not read loses the oldest news, never the node's memory. */
const maxWaiting = 1_000

/** News of one job as an iteration, until the job ends or the signal aborts. */
export async function* newsOf(
  events: Events<JobEvents>,
  id: Hex,
  now: JobView | undefined,
  signal: AbortSignal
): AsyncGenerator<JobEvent> {
  if (now !== undefined && isOver(now)) return
  const waiting: JobEvent[] = []
  let wake: () => void = () => undefined
  const hear = (name: JobEventName): (() => void) =>
    events.on(name, value => {
      if (value.job !== id) return
      if (waiting.length >= maxWaiting) waiting.shift()
      waiting.push({ name, ...value } as JobEvent)
      wake()
    })
  const offs = jobEventNames.map(name => hear(name))
  const onAbort = (): void => {
    wake()
  }
  signal.addEventListener('abort', onAbort)
  try {
    while (!signal.aborted) {
      const event = waiting.shift()
      if (event === undefined) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      yield event
      if (event.name === 'jobs.completed' || event.name === 'jobs.expired') return
    }
  } finally {
    for (const off of offs) off()
    signal.removeEventListener('abort', onAbort)
  }
}

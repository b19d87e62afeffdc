import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Lease } from '../../shelf/index.ts'
import type { JobsDeps } from '../deps.ts'

/** Base models of open jobs: workers fetch them from here, and deliveries are measured with them. */
export interface Holds {
  /** Holds a job's base from now on; again after a failure. */
  hold(job: Hex, base: string): void
  /** The job is over. */
  release(job: Hex): void
}

export function createHolds({ shelf, log }: Pick<JobsDeps, 'shelf' | 'log'>, signal: AbortSignal): Holds {
  const held = new Map<Hex, Lease | 'coming'>()
  return {
    hold(job, base) {
      if (held.has(job)) return
      held.set(job, 'coming')
      shelf.take(base, { kind: 'base', from: [], cause: 'stranger', signal }).then(
        lease => {
          if (held.has(job)) held.set(job, lease)
          else lease.release()
        },
        (error: unknown) => {
          held.delete(job)
          if (!signal.aborted) log.info("a job's base model is not on the shelf", { job, base, error })
        }
      )
    },
    release(job) {
      const lease = held.get(job)
      held.delete(job)
      if (lease !== undefined && lease !== 'coming') lease.release()
    }
  }
}

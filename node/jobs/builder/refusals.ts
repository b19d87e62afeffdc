import { declineReport } from '../../../protocol/jobs/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { RefusalView } from '../types.ts'

/** Jobs of which is remembered who declined them, and workers of each: what is shown, not what is decided by. */
const mostJobs = 256
const mostWorkers = 200

/** Which workers did not bid for the builder's open jobs, and why, as they say themselves; in memory only. */
export interface Refusals {
  start(): void
  stop(): Promise<void>
  /** In the order of their first word; those who bid after all are left out by whoever shows it. */
  of(job: Hex): readonly RefusalView[]
}

export function createRefusals(
  { streams, clock }: Pick<JobsDeps, 'streams' | 'clock'>,
  isOpen: (job: Hex) => boolean
): Refusals {
  const jobs = createCache<Hex, Map<Address, RefusalView>>({ max: mostJobs })
  let off: (() => Promise<void>) | undefined
  return {
    start() {
      off = streams.handle('/tilth/jobs/decline/1', async stream => {
        const said = await stream.next(declineReport)
        // [ignore] What is no open job of ours is nothing to us; the worker may have heard of its end later.
        if (said === undefined || !isOpen(said.job)) return
        const { job, code, seconds, price } = said
        const workers = jobs.get(job) ?? new Map<Address, RefusalView>()
        if (!workers.has(stream.address) && workers.size >= mostWorkers) return
        workers.set(stream.address, {
          worker: stream.address,
          code,
          at: clock.now(),
          ...(seconds === undefined ? {} : { seconds }),
          ...(price === undefined ? {} : { price })
        })
        jobs.set(job, workers)
      })
    },
    async stop() {
      await off?.()
    },
    of: job => [...(jobs.get(job)?.values() ?? [])]
  }
}

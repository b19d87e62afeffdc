import { jobRecord } from '../../../protocol/jobs/index.ts'
import type { JobRecord } from '../../../protocol/jobs/index.ts'
import { signedSchema } from '../../../protocol/crypto/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Store } from '../../store/index.ts'
import { keyOfBid, rowsByJob } from '../known.ts'

/** A job's row has no bids: they are rows of their own, by job and worker, and stood in it before they were. */
export const builtTables = { 'jobs/built': jobRecord, 'jobs/built/bids': signedSchema('Bid') } as const

/** The builder's own jobs on disk: a stranger's bid costs what it is, and not what the job has. */
export interface Built {
  load(): Promise<Map<Hex, JobRecord>>
  /** On disk when it resolves; of what stood there before, only what has changed is written. */
  put(id: Hex, record: JobRecord, before?: JobRecord): Promise<void>
}

export function openBuilt(store: Pick<Store, 'collection'>): Built {
  const jobs = store.collection('jobs/built', builtTables['jobs/built'])
  const bids = store.collection('jobs/built/bids', builtTables['jobs/built/bids'])

  /** Whether something else has changed than its bids. */
  const isOther = (record: JobRecord, before: JobRecord | undefined): boolean =>
    before === undefined ||
    (Object.keys({ ...before, ...record }) as (keyof JobRecord)[]).some(
      key => key !== 'bids' && record[key] !== before[key]
    )

  return {
    async load() {
      const all = new Map<Hex, JobRecord>()
      for await (const [key, record] of jobs.entries()) {
        const id = key as Hex
        if (record.bids.length > 0) {
          for (const bid of record.bids) await bids.put(keyOfBid(id, bid), bid, { sync: false })
          await jobs.put(id, { ...record, bids: [] })
        }
        all.set(id, { ...record, bids: [] })
      }
      for (const [id, of] of await rowsByJob(bids, all)) all.get(id)?.bids.push(...of)
      return all
    },
    async put(id, record, before) {
      const earlier = new Set(before?.bids)
      for (const bid of record.bids) if (!earlier.has(bid)) await bids.put(keyOfBid(id, bid), bid)
      if (isOther(record, before)) await jobs.put(id, { ...record, bids: [] })
    }
  }
}

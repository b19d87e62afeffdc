import { z } from 'zod'
import { awardDocument, tuneJobDocument } from '../../protocol/jobs/index.ts'
import type { AwardDocument } from '../../protocol/jobs/index.ts'
import { signedSchema } from '../../protocol/crypto/index.ts'
import type { Signed } from '../../protocol/crypto/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { Collection, Store } from '../store/index.ts'

/** What stands in a row of a job's own; its lists are rows of their own, and stood in it before they were. */
export const knownJob = z.strictObject({
  document: tuneJobDocument,
  bids: z.array(signedSchema('Bid')),
  awards: z.array(awardDocument),
  deliveries: z.array(signedSchema('Delivery')),
  closed: signedSchema('JobClosed').nullable()
})
/** What every peer knows of a job: only what was signed and checked. */
export type KnownJob = z.infer<typeof knownJob>

export const knownTables = {
  'jobs/known': knownJob,
  'jobs/known/bids': signedSchema('Bid'),
  'jobs/known/awards': awardDocument,
  'jobs/known/deliveries': signedSchema('Delivery')
} as const

/** Of a job's bid by a worker. */
export const keyOfBid = (id: Hex, { message }: Signed<'Bid'>): string => `${id}/${message.worker}`
const keyOfAward = (id: Hex, { statement: { message } }: AwardDocument): string =>
  `${id}/${message.lot}/${message.worker}/${sequenceKey(message.attempt)}`
const keyOfDelivery = (id: Hex, { message }: Signed<'Delivery'>): string => `${id}/${message.lot}/${message.worker}`

type Lists = Pick<KnownJob, 'bids' | 'awards' | 'deliveries'>
const noLists: Lists = { bids: [], awards: [], deliveries: [] }

/** Jobs on disk: each message about one is written by itself, so that it costs what it is, and not what the job has. */
export interface Known {
  load(): Promise<Map<Hex, KnownJob>>
  /** The job itself, and whether it is closed. */
  put(id: Hex, job: Pick<KnownJob, 'document' | 'closed'>): Promise<void>
  bid(id: Hex, bid: Signed<'Bid'>): Promise<void>
  award(id: Hex, award: AwardDocument): Promise<void>
  /** In place of an earlier one for the same lot by the same worker. */
  deliver(id: Hex, delivery: Signed<'Delivery'>): Promise<void>
  forget(id: Hex): Promise<void>
}

/** Rows by job, in the order of their keys; those of no job are what a crash has left of one that was forgotten. */
export async function rowsByJob<T>(table: Collection<T>, known: ReadonlyMap<Hex, unknown>): Promise<Map<Hex, T[]>> {
  const found = new Map<Hex, T[]>()
  const gone: string[] = []
  for await (const [key, value] of table.entries()) {
    const id = key.split('/')[0] as Hex
    if (!known.has(id)) {
      gone.push(key)
      continue
    }
    const list = found.get(id)
    if (list === undefined) found.set(id, [value])
    else list.push(value)
  }
  for (const key of gone) await table.delete(key, { sync: false })
  return found
}

export function openKnown(store: Pick<Store, 'collection'>): Known {
  const jobs = store.collection('jobs/known', knownTables['jobs/known'])
  const bids = store.collection('jobs/known/bids', knownTables['jobs/known/bids'])
  const awards = store.collection('jobs/known/awards', knownTables['jobs/known/awards'])
  const deliveries = store.collection('jobs/known/deliveries', knownTables['jobs/known/deliveries'])

  const known: Known = {
    async load() {
      const all = new Map<Hex, KnownJob>()
      for await (const [key, job] of jobs.entries()) {
        const id = key as Hex
        all.set(id, job)
        if (job.bids.length + job.awards.length + job.deliveries.length === 0) continue
        for (const one of job.bids) await bids.put(keyOfBid(id, one), one, { sync: false })
        for (const one of job.awards) await awards.put(keyOfAward(id, one), one, { sync: false })
        for (const one of job.deliveries) await deliveries.put(keyOfDelivery(id, one), one, { sync: false })
        await known.put(id, job)
      }
      const [bidsOf, awardsOf, deliveriesOf] = [
        await rowsByJob(bids, all),
        await rowsByJob(awards, all),
        await rowsByJob(deliveries, all)
      ]
      for (const [id, job] of all)
        all.set(id, {
          ...job,
          bids: bidsOf.get(id) ?? [],
          awards: awardsOf.get(id) ?? [],
          deliveries: deliveriesOf.get(id) ?? []
        })
      return all
    },
    put: (id, { document, closed }) => jobs.put(id, { ...noLists, document, closed }),
    bid: (id, one) => bids.put(keyOfBid(id, one), one),
    award: (id, one) => awards.put(keyOfAward(id, one), one),
    deliver: (id, one) => deliveries.put(keyOfDelivery(id, one), one),
    async forget(id) {
      await jobs.delete(id)
      for (const table of [bids, awards, deliveries] as Collection<unknown>[])
        for await (const key of table.keys({ prefix: `${id}/` })) await table.delete(key, { sync: false })
    }
  }
  return known
}

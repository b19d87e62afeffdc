import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Collection, Store } from '../../store/index.ts'
import type { FetchOptions, Files } from '../../transport/types.ts'

export const holding = z.strictObject({ bytes: z.int().min(0) })

/**
 * Why a file is kept: a contribution, held-out questions or a version's manifest of a Datanet that is followed, a shard
 * that was prepared and is not contributed yet, a version of a Datanet that was read from a file, or to lend a hand.
 */
export type Reason =
  | `contribution/${Hex}`
  | `questions/${Hex}`
  | `version/${Hex}`
  | `imported/${Hex}`
  | 'prepared'
  | 'spare'

/** Which files this phase keeps, and what for: a file goes once nothing wants it any more. */
export interface Holdings {
  /** It is pinned after this, or is already. */
  hold(cid: string, reason: Reason, bytes: number): Promise<void>
  /**
   * Fetches it, and pins it when it is held: who is killed between the two leaves nothing that nobody would let go.
   *
   * @returns its bytes
   * @throws as files.fetchBytes; it is held no more then than before
   */
  fetch(cid: string, reason: Reason, options: Omit<FetchOptions, 'pin'>): Promise<number>
  release(cid: string, reason: Reason): Promise<void>
  /** Whatever was read from files of that Datanet is kept for it no more. */
  releaseImported(datanet: Hex): Promise<void>
  held(cid: string): Promise<boolean>
  /** What it is kept for; nothing where it is not. */
  reasons(cid: string): Promise<Reason[]>
  /** Files kept to lend a hand, and their bytes in all; of what was not there yet when a process was killed 0. */
  spare(): Promise<{ files: { cid: string; bytes: number }[]; bytes: number }>
}

export function createHoldings(
  store: Pick<Store, 'batch' | 'collection'>,
  files: Pick<Files, 'fetchBytes' | 'unpin'>
): Holdings {
  /** `CID/REASON`; beside it what is spare by CID, and imported by `DATANET/CID`: found without the others. */
  const table = store.collection('data/holdings', holding)
  const spares = store.collection('data/spares', holding)
  const imports = store.collection('data/imports', holding)
  const key = (cid: string, reason: Reason): string => `${cid}/${reason}`
  function placesOf(cid: string, reason: Reason): [Collection<z.infer<typeof holding>>, string][] {
    const [kind, datanet] = reason.split('/')
    return [
      [table, key(cid, reason)],
      ...(kind === 'spare' ? [[spares, cid] as [typeof table, string]] : []),
      ...(kind === 'imported' ? [[imports, `${datanet}/${cid}`] as [typeof table, string]] : [])
    ]
  }

  const holdings: Holdings = {
    async hold(cid, reason, bytes) {
      // Said again at each look by those who follow a Datanet.
      if ((await table.get(key(cid, reason)))?.bytes === bytes) return
      await store.batch(batch => {
        for (const [where, at] of placesOf(cid, reason)) batch.put(where, at, { bytes })
      })
    },
    async fetch(cid, reason, options) {
      const isNew = !(await table.has(key(cid, reason)))
      if (isNew) await holdings.hold(cid, reason, 0)
      try {
        const { length } = await files.fetchBytes(cid, options)
        await holdings.hold(cid, reason, length)
        return length
      } catch (error) {
        if (isNew) await holdings.release(cid, reason)
        throw error
      }
    },
    async release(cid, reason) {
      // Unpinned before it is forgotten: a process that is killed between the two does it again.
      let others = false
      for await (const other of table.keys({ prefix: `${cid}/` })) others ||= other !== key(cid, reason)
      if (!others) await files.unpin(cid)
      await store.batch(batch => {
        for (const [where, at] of placesOf(cid, reason)) batch.delete(where, at)
      })
    },
    async releaseImported(datanet) {
      for await (const at of imports.keys({ prefix: `${datanet}/` }))
        await holdings.release(at.slice(datanet.length + 1), `imported/${datanet}`)
    },
    async held(cid) {
      for await (const _ of table.keys({ prefix: `${cid}/`, limit: 1 })) return true
      return false
    },
    async reasons(cid) {
      const found: Reason[] = []
      for await (const at of table.keys({ prefix: `${cid}/` })) found.push(at.slice(cid.length + 1) as Reason)
      return found
    },
    async spare() {
      const found: { cid: string; bytes: number }[] = []
      for await (const [cid, { bytes }] of spares.entries()) found.push({ cid, bytes })
      return { files: found, bytes: found.reduce((sum, { bytes }) => sum + bytes, 0) }
    }
  }
  return holdings
}

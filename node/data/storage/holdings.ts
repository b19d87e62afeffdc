import { z } from 'zod'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Store } from '../../store/index.ts'
import type { Files } from '../../transport/types.ts'

export const holding = z.strictObject({ bytes: z.int().min(0) })

/**
 * Why a file is kept: a contribution, held-out questions or a version's manifest of a Datanet that is followed, a shard
 * that was prepared and is not contributed yet, a version that was read from a file, or to lend a hand.
 */
export type Reason = `contribution/${Hex}` | `questions/${Hex}` | `version/${Hex}` | 'prepared' | 'imported' | 'spare'

/** Which files this phase keeps, and what for: a file goes once nothing wants it any more. */
export interface Holdings {
  /** It is pinned already, or is being: what is fetched is. */
  hold(cid: string, reason: Reason, bytes: number): Promise<void>
  release(cid: string, reason: Reason): Promise<void>
  held(cid: string): Promise<boolean>
  /** What it is kept for; nothing where it is not. */
  reasons(cid: string): Promise<Reason[]>
  /** Files kept to lend a hand, and their bytes in all. */
  spare(): Promise<{ files: { cid: string; bytes: number }[]; bytes: number }>
}

export function createHoldings(store: Pick<Store, 'collection'>, files: Pick<Files, 'unpin'>): Holdings {
  /** `CID/REASON`, and `spare/CID` beside the spare ones, so that they are found without the others. */
  const table = store.collection('data/holdings', holding)
  const spares = store.collection('data/spares', holding)
  const key = (cid: string, reason: Reason): string => `${cid}/${reason}`

  const holdings: Holdings = {
    async hold(cid, reason, bytes) {
      await table.put(key(cid, reason), { bytes })
      if (reason === 'spare') await spares.put(cid, { bytes })
    },
    async release(cid, reason) {
      // Unpinned before it is forgotten: a process that is killed between the two does it again.
      let others = false
      for await (const other of table.keys({ prefix: `${cid}/` })) others ||= other !== key(cid, reason)
      if (!others) await files.unpin(cid)
      await table.delete(key(cid, reason))
      if (reason === 'spare') await spares.delete(cid)
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

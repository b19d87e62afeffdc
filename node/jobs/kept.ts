import { z } from 'zod'
import { cidText } from '../../protocol/primitives/hex.ts'
import type { Collection } from '../store/index.ts'
import type { JobsDeps } from './deps.ts'

/** States are kept for auditors for so long, whatever becomes of the job. */
const keptMs = 45 * 86_400_000
/** Lots whose states are kept; of more, the oldest go. */
const mostLots = 256

export const keptStates = z.strictObject({ cids: z.array(cidText).max(4096), until: z.int().min(0) })

/** Committed states that this node pins for as long as somebody may run their steps again. */
export interface Kept {
  /** @param name in the order of which the oldest go */
  keep(name: string, cids: readonly string[]): Promise<void>
  /** Lets go of those that nobody will ask for any more. */
  sweep(): Promise<void>
}

export function createKept(
  { files, clock }: Pick<JobsDeps, 'files' | 'clock'>,
  table: Collection<z.infer<typeof keptStates>>
): Kept {
  return {
    keep: (of, cids) => table.put(of, { cids: [...cids], until: clock.now() + keptMs }),
    async sweep() {
      const names: string[] = []
      for await (const known of table.keys()) names.push(known)
      const over = new Set(names.slice(0, Math.max(0, names.length - mostLots)))
      const needed = new Set<string>()
      const going: [string, readonly string[]][] = []
      for await (const [known, { cids, until }] of table.entries())
        if (over.has(known) || until < clock.now()) going.push([known, cids])
        else for (const cid of cids) needed.add(cid)
      for (const [known, cids] of going) {
        for (const cid of cids) if (!needed.has(cid)) await files.unpin(cid)
        await table.delete(known)
      }
    }
  }
}

import { z } from 'zod'
import { bytes32, cidText } from '../../protocol/primitives/hex.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Collection } from '../store/index.ts'
import type { JobsDeps } from './deps.ts'

const day = 86_400_000
/** States are kept for auditors for so long, whatever becomes of the job; those of an open audit until it is over. */
const keptMs = 45 * day
/** Its audit may still be opened so long after the lot is done. */
const openedMs = 3 * day
/** Lots whose states are kept; of more, the oldest go. */
const mostLots = 256
/** Bytes of states unless the owner says otherwise: those of two deliveries of the largest that there may be. */
const usualBytes = 32 * 2 ** 30

export const keptStates = z.strictObject({
  cids: z.array(cidText).max(4096),
  until: z.int().min(0),
  bytes: z.int().min(0).optional(),
  /** The audit that may ask for them. */
  audit: bytes32.optional()
})

export interface KeptLot {
  readonly cids: readonly string[]
  readonly bytes: number
  readonly audit: Hex
}

/** Committed states that this node pins for as long as somebody may run their steps again, and its owner gives room. */
export interface Kept {
  /** @param name in the order of which the oldest go */
  keep(name: string, lot: KeptLot): Promise<void>
  /**
   * Lets go of those that nobody will ask for any more, and of the oldest beyond the room there is; of none whose audit
   * is open, or may be opened soon.
   */
  sweep(): Promise<void>
  /** Whether there is room for more beside those that cannot go. */
  hasRoom(): Promise<boolean>
}

export function createKept(
  {
    files,
    clock,
    chain: { ledger },
    statesBytes = usualBytes
  }: Pick<JobsDeps, 'statesBytes'> & {
    readonly clock: Pick<JobsDeps['clock'], 'now'>
    readonly files: Pick<JobsDeps['files'], 'unpin'>
    readonly chain: { readonly ledger: Pick<JobsDeps['chain']['ledger'], 'audit'> }
  },
  table: Collection<z.infer<typeof keptStates>>
): Kept {
  async function isAsked({ until, audit }: z.infer<typeof keptStates>): Promise<boolean> {
    if (audit === undefined) return false
    const known = await ledger.audit(audit)
    if (known?.refused === true) return false
    // Where too few spoke its builder opens another round.
    return known?.rounds.at(-1)?.closed === false || clock.now() < until - keptMs + openedMs
  }

  /** Of all lots those that can go, the oldest first, and the bytes of those that cannot. */
  async function look() {
    const free: { name: string; cids: readonly string[]; bytes: number; until: number }[] = []
    const needed = new Set<string>()
    let [lots, bytes] = [0, 0]
    for await (const [of, lot] of table.entries()) {
      const { cids, bytes: own = 0, until } = lot
      if (!(await isAsked(lot))) free.push({ name: of, cids, bytes: own, until })
      else {
        for (const cid of cids) needed.add(cid)
        lots++
        bytes += own
      }
    }
    return { free, needed, lots, bytes }
  }

  return {
    keep: (of, { cids, bytes, audit }) => table.put(of, { cids: [...cids], bytes, audit, until: clock.now() + keptMs }),
    async sweep() {
      const { free, needed, ...held } = await look()
      const going: typeof free = []
      let { lots, bytes } = held
      // The newest stay.
      for (const one of free.toReversed())
        if (one.until < clock.now() || lots >= mostLots || bytes + one.bytes > statesBytes) going.push(one)
        else {
          for (const cid of one.cids) needed.add(cid)
          lots++
          bytes += one.bytes
        }
      for (const { name: of, cids } of going) {
        for (const cid of cids) if (!needed.has(cid)) await files.unpin(cid)
        await table.delete(of)
      }
    },
    async hasRoom() {
      const { lots, bytes } = await look()
      return lots < mostLots && bytes < statesBytes
    }
  }
}

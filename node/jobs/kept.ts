import { z } from 'zod'
import { bytes32, cidText } from '../../protocol/primitives/hex.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { AuditRound } from '../chain/types.ts'
import type { Collection } from '../store/index.ts'
import type { JobsDeps } from './deps.ts'

const day = 86_400_000
/** States are kept for auditors for so long, whatever becomes of the job; those of an open audit until it is over. */
const keptMs = 45 * day
/**
 * A job's audit may still be opened so long after its deadline, when all its lots are done; and so long after a round
 * validators judge its words, or its builder opens the next.
 */
const openedMs = 3 * day
/** The chain knows the hashes of so many blocks: what was not drawn by then is not drawn. */
const knownBlocks = 256n
/** Lots whose states are kept; of more, the oldest go. */
const mostLots = 256
/** Bytes of states unless the owner says otherwise: those of two deliveries of the largest that there may be. */
const usualBytes = 32 * 2 ** 30

export const keptStates = z.strictObject({
  cids: z.array(cidText).max(4096),
  until: z.int().min(0),
  bytes: z.int().min(0).optional(),
  /** The audit that may ask for them. */
  audit: bytes32.optional(),
  /** Until then it may be opened. */
  opens: z.int().min(0).optional()
})

export interface KeptLot {
  readonly cids: readonly string[]
  readonly bytes: number
  readonly audit: Hex
  /** Chain seconds: the award's. */
  readonly deadline: bigint
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
  /** Lets go of one lot's that nobody will ask for. */
  drop(name: string): Promise<void>
  /**
   * Whether there is room for more beside those that cannot go.
   * @param coming lots that are awarded and not here yet: each may take what the largest here takes
   */
  hasRoom(coming?: number): Promise<boolean>
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
    readonly chain: { readonly ledger: Pick<JobsDeps['chain']['ledger'], 'audit' | 'head'> }
  },
  table: Collection<z.infer<typeof keptStates>>
): Kept {
  async function isAsked(lot: z.infer<typeof keptStates>): Promise<boolean> {
    const { until, audit, opens = until - keptMs + openedMs } = lot
    if (audit === undefined) return false
    const known = await ledger.audit(audit)
    if (known?.refused === true) return false
    if (known === undefined || clock.now() < opens) return clock.now() < opens
    const head = ledger.head()?.block ?? 0n
    // A round that nobody draws costs nothing, so it holds nobody's room for longer than all are kept.
    const mayBeDrawn = ({ closed, drawFrom }: AuditRound): boolean =>
      !closed && head <= drawFrom + knownBlocks && clock.now() < until
    const isLate = (round: AuditRound): boolean => clock.now() >= Number(round.until) * 1000 + openedMs
    const isRunning = (round: AuditRound): boolean => (round.seed === null ? mayBeDrawn(round) : !isLate(round))
    return known.rounds.some(isRunning)
  }

  /** Of all lots those that can go, the oldest first, and the bytes of those that cannot. */
  async function look() {
    const free: { name: string; cids: readonly string[]; bytes: number; until: number }[] = []
    const needed = new Set<string>()
    let [lots, bytes, largest] = [0, 0, 0]
    for await (const [of, lot] of table.entries()) {
      const { cids, bytes: own = 0, until } = lot
      largest = Math.max(largest, own)
      if (!(await isAsked(lot))) free.push({ name: of, cids, bytes: own, until })
      else {
        for (const cid of cids) needed.add(cid)
        lots++
        bytes += own
      }
    }
    return { free, needed, lots, bytes, largest }
  }

  return {
    async keep(of, { cids, bytes, audit, deadline }) {
      const now = clock.now()
      const opens = Math.max(now, Number(deadline) * 1000) + openedMs
      await table.put(of, { cids: [...cids], bytes, audit, opens, until: now + keptMs })
    },
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
    async drop(name) {
      const going = await table.get(name)
      const others = new Set<string>()
      for await (const [of, { cids }] of table.entries()) if (of !== name) for (const cid of cids) others.add(cid)
      for (const cid of going?.cids ?? []) if (!others.has(cid)) await files.unpin(cid)
      await table.delete(name)
    },
    async hasRoom(coming = 0) {
      const { lots, bytes, largest } = await look()
      return lots + coming < mostLots && bytes + coming * largest < statesBytes
    }
  }
}

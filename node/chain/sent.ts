import { z } from 'zod'
import { bytes32, uint } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import type { Log } from '../runtime/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { Store } from '../store/index.ts'

// What this node did on chain and was told of as done. A reorganisation takes a transaction back into the pool of those
// that wait, and many a public RPC forgets it there: then it is sent again, as it was signed. Signed anew it could be
// done twice.

/** A transaction of this node's, as it was signed, and where it stands. */
export interface SentTransaction {
  readonly hash: Hex
  readonly raw: Hex
  readonly nonce: number
  readonly block: bigint
}

export const sentRecord = z.strictObject({
  hash: bytes32,
  raw: z.custom<Hex>(value => typeof value === 'string' && /^0x([0-9a-f]{2})+$/.test(value)),
  block: uint(64)
})
type SentRecord = z.infer<typeof sentRecord>

/** What the chain says of a transaction, and how one is given to it. */
export interface Mempool {
  /** Its block; `waiting` where it is in none yet; undefined where nobody knows it. */
  standing(hash: Hex): Promise<bigint | 'waiting' | undefined>
  /** @returns whether its place is another's by now: then it can never be done. */
  again(raw: Hex): Promise<{ taken: boolean }>
}

/** Not yet final ones that are kept: with more, the oldest are as good as final. */
const mostKept = 4096
/** Blocks that become final before what stands in them is forgotten, all at once. */
const sweepBlocks = 16n

export interface Sent {
  /** On disk when it resolves. */
  mined(sent: SentTransaction): Promise<void>
  /** The chain took back what came after this block. */
  wentBack(to: bigint): void
  /** The chain went on: what was taken back is looked for, and what is final is forgotten. */
  wentOn(final: bigint): void
  /** Until nothing is looked for. */
  idle(): Promise<void>
}

export function createSent(
  { store, log }: { readonly store: Pick<Store, 'collection'>; readonly log: Log },
  mempool: Mempool
): Sent {
  const table = store.collection('chain/sent', sentRecord)
  const keyOf = (nonce: number): string => sequenceKey(nonce)
  /** Blocks after this one are looked through for what was taken back; undefined: none. */
  let lost: bigint | undefined
  let sweepAt = 0n
  let running: Promise<void> | undefined

  /** @returns whether it has its place, or can have none */
  async function settle(key: string, record: SentRecord): Promise<boolean> {
    const { hash, raw } = record
    const at = await mempool.standing(hash)
    if (at === 'waiting') return false
    if (at !== undefined) {
      await table.put(key, { ...record, block: at })
      return true
    }
    const { taken } = await mempool.again(raw)
    if (!taken) {
      log.info('a transaction that the chain took back and forgot was sent again', { hash })
      return false
    }
    log.warn('a transaction that the chain took back cannot be done any more: its place is taken', { hash })
    await table.delete(key)
    return true
  }

  async function look(final: bigint): Promise<void> {
    const after = lost
    let open = false
    let kept = 0
    const forget: string[] = []
    // In the order of their nonces: a later one waits for those before it.
    for await (const [key, record] of table.entries()) {
      kept++
      if (record.block <= final) forget.push(key)
      else if (after !== undefined && record.block > after) open = !(await settle(key, record)) || open
    }
    if (kept > mostKept) for await (const key of table.keys({ limit: kept - mostKept })) forget.push(key)
    for (const key of forget) await table.delete(key)
    sweepAt = final + sweepBlocks
    // Another step back may have come meanwhile.
    if (!open && lost === after) lost = undefined
  }

  return {
    mined: ({ hash, raw, nonce, block }) => table.put(keyOf(nonce), { hash, raw, block }),
    wentBack(to) {
      lost = lost === undefined || to < lost ? to : lost
    },
    wentOn(final) {
      if (lost === undefined && final < sweepAt) return
      running ??= look(final)
        .catch((error: unknown) => {
          log.info('what the chain took back could not be looked for', { error })
        })
        .finally(() => {
          running = undefined
        })
    },
    idle: async () => running
  }
}

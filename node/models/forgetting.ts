import type { Accounts } from './worker/accounts.ts'
import type { Wallet } from './client/wallet.ts'
import { createQueue } from '../runtime/index.ts'
import type { Parts } from './deps.ts'
import type { Tables } from './records.ts'
import type { Receipts } from './receipts.ts'

export interface Forgetting {
  start(): void
  stop(): Promise<void>
  /** What was asked and answered of these receipts is not needed any more. Gone from the disk when it resolves. */
  forget(ids: readonly `0x${string}`[]): Promise<void>
}

/**
 * What people asked is not kept for longer than it is needed. Later phases say when a receipt's is not; whatever they
 * say, nothing is kept beyond `openingMs`: neither of receipts that nobody settles, nor of answers without one.
 */
export function createForgetting(
  { clock, timing, store, log }: Parts,
  { answers, asks, openings, workerChannels }: Tables,
  { receipts, accounts, wallet }: { receipts: Receipts; accounts: Accounts; wallet: Wallet }
): Forgetting {
  /** Where it stands in plain text. */
  const tables = [answers, asks, openings, workerChannels]
  /** Somebody may have been reading when it was deleted, or the process ended before: it is scrubbed once more. */
  let again = true
  let off: (() => void) | undefined
  /** One after another: the sweep, and whoever says what is not needed any more. */
  const work = createQueue({ name: 'forgetting', bound: 1_000, concurrency: 1 })

  async function sweep(): Promise<void> {
    const before = BigInt(Math.floor((clock.now() - timing.openingMs) / 1000))
    const old: `0x${string}`[] = []
    for await (const id of receipts.openings()) {
      const receipt = await receipts.get(id)
      // They come by the time of their end.
      if (receipt !== undefined && receipt.receipt.message.finishedAt >= before) break
      old.push(id)
    }
    await receipts.forget(old)
    const gone = (await accounts.expire(before)) + (await wallet.expire(before)) + old.length
    if (gone > 0 || again) await store.scrub(tables)
    again = gone > 0
  }

  return {
    start() {
      off = clock.every(
        timing.sweepMs,
        () => work.run('', sweep),
        error => {
          log.warn('what is kept for too long could not be deleted', { error })
        }
      )
    },
    async stop() {
      off?.()
      await work.idle()
    },
    forget: ids =>
      work.run('', async () => {
        if (ids.length === 0) return
        await receipts.forget(ids)
        await store.scrub(tables)
        again = true
      })
  }
}

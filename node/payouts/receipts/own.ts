import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ModelsService } from '../../models/types.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Log } from '../../runtime/index.ts'
import type { Store } from '../../store/index.ts'
import { sequenceKey } from '../../store/index.ts'
import { openTables } from './tables.ts'

/** How often one is tried that cannot be taken (its channel is not on chain yet), before its owner is told for good. */
const maxTries = 1000
/** Receipts handed over in one go. */
const atOnce = 100
/**
 * Those before the remembered number that a start looks at again. What is not flushed is lost with the power from its
 * end on, but for a moment when the database begins a new log: what stood last in the old one may be lost, and what
 * stands first in the new one not. Each answer flushes what was written before it, so that is a few.
 */
const againAtStart = 1000

/**
 * Own receipts come from the models phase, which numbers them: what was taken is remembered by its number, so that
 * whatever happens each is taken, and none is read twice.
 */
export interface OwnReceipts {
  /** Takes what came since; one caller after another. */
  take(): Promise<void>
  /** Tries again what could not be taken, and lets the models phase let go of what is archived. */
  tidy(): Promise<void>
}

/** @param take checks and keeps one; of one that is known it is to be quick. @throws TilthError */
export function createOwnReceipts(
  store: Pick<Store, 'collection' | 'batch'>,
  models: Pick<ModelsService, 'receipts' | 'release'>,
  take: (receipt: CosignedReceipt) => Promise<void>,
  log: Pick<Log, 'warn'>
): OwnReceipts {
  const { own, owed, released } = openTables(store)
  /** One caller after another: the start, each new receipt, and the look every so often. */
  const work = createQueue({ name: 'own receipts', bound: 1_000, concurrency: 1 })

  /** @returns whether it is taken, or never will be */
  async function tryOne(number: number, receipt: CosignedReceipt, tries: number): Promise<boolean> {
    try {
      await take(receipt)
      return true
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      const last = error.consequence === 'reject' || tries >= maxTries
      if (tries === 0 || last) log.warn('an own receipt was not taken', { number, code: error.code, last, error })
      return last
    }
  }

  /** The number of the last one that was looked at, once it is known. */
  let last: number | undefined

  async function takeNew(): Promise<void> {
    for (;;) {
      last ??= Math.max(-1, ((await own.get('next')) ?? -1) - againAtStart)
      const list = await models.receipts({ after: last, limit: atOnce })
      // Together, so that what is written of them is one write.
      const tried = await Promise.allSettled(
        list.map(async ({ number, receipt }) => ((await tryOne(number, receipt, 0)) ? [] : [number]))
      )
      for (const one of tried) if (one.status === 'rejected') throw one.reason
      const left = tried.flatMap(one => (one.status === 'fulfilled' ? one.value : []))
      const seen = list.at(-1)?.number
      if (seen === undefined) return
      // Whoever is killed before this looks at them again, and finds that they are known. Nobody waits for the disk.
      await store.batch(
        batch => {
          for (const number of left) batch.put(owed, sequenceKey(number), 1)
          batch.put(own, 'next', seen)
        },
        { sync: false }
      )
      last = seen
      if (list.length < atOnce) return
    }
  }

  async function takeOwed(): Promise<void> {
    for await (const [key, tries] of owed.entries({ limit: atOnce })) {
      const [found] = await models.receipts({ after: Number(key) - 1, limit: 1 })
      const done = found?.number !== Number(key) || (await tryOne(found.number, found.receipt, tries))
      await (done ? owed.delete(key) : owed.put(key, tries + 1))
    }
  }

  async function release(): Promise<void> {
    for (;;) {
      const ids: Hex[] = []
      for await (const id of released.keys({ limit: atOnce })) ids.push(id as Hex)
      if (ids.length === 0) return
      await models.release(ids)
      await store.batch(batch => {
        for (const id of ids) batch.delete(released, id)
      })
    }
  }

  return {
    take: () => work.run('', takeNew),
    tidy: () =>
      work.run('', async () => {
        await takeOwed()
        await release()
      })
  }
}

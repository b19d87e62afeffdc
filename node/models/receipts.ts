import { digest } from '../../protocol/crypto/index.ts'
import type { CosignedReceipt, Opening } from '../../protocol/models/index.ts'
import { defaultPage } from '../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../runtime/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { Batch } from '../store/index.ts'
import type { Parts } from './deps.ts'
import type { Tables } from './records.ts'
import type { NumberedReceipt, ReceiptsAfter } from './types.ts'

/** Receipts or openings that go in one batch. */
const atOnce = 1_000
/** The last ones, which whoever takes them has from memory. */
const latelyKept = 256
/** Those on their way to the disk: no more than answers that end at once. */
const mostWriting = 1_024

export interface Receipts {
  load(): Promise<void>
  /** Adds to a batch what keeps a receipt; `announce` once the batch is on disk. */
  keep(batch: Batch, receipt: CosignedReceipt, opening: Opening | undefined): Hex
  announce(id: Hex, role: 'client' | 'worker', receipt: CosignedReceipt): void
  list(options?: ReceiptsAfter): Promise<NumberedReceipt[]>
  /** So many, the newest first. */
  latest(limit: number): AsyncIterable<CosignedReceipt>
  get(id: Hex): Promise<CosignedReceipt | undefined>
  /** What was asked and answered, while it is kept. */
  opening(id: Hex): Promise<Opening | undefined>
  /**
   * Counts that somebody is shown the opening, among so many at most; on disk when it resolves.
   * @returns whether there was room
   */
  show(id: Hex, to: Address, most: number): Promise<boolean>
  /** Receipts whose opening is kept, oldest first unless reversed. */
  openings(order?: { readonly reverse?: boolean }): AsyncIterable<Hex>
  /** What was asked and answered leaves the tables; receipts stay until they are released. */
  forget(ids: Iterable<Hex>): Promise<void>
  /** Lets go of receipts: at once, or with their opening. */
  release(ids: Iterable<Hex>): Promise<void>
}

/**
 * Receipts with both signatures: kept by both parties, numbered as they came, until a later phase has archived them.
 */
export function createReceipts(
  { network, events, store }: Pick<Parts, 'network' | 'events' | 'store'>,
  { receipts, receiptKeys, receiptCount, released, openings, openingKeys, shownTo }: Tables
): Receipts {
  /** The number the next one gets. It never goes back, also when all that were numbered are released. */
  let next = 0
  const writing = createCache<Hex, NumberedReceipt>({ max: mostWriting })
  /** By number, in the order of their coming. */
  const lately = new Map<number, CosignedReceipt>()
  /** Up to this number each one is on disk, or never will be. */
  let written = -1
  /** One at a time for a receipt: two who come at once are two. */
  const showing = createQueue({ name: 'openings', bound: 4096, concurrency: 16 })

  /** In batches of so many: what each id changes. */
  async function change(ids: Iterable<Hex>, of: (id: Hex) => Promise<(batch: Batch) => void>): Promise<void> {
    let changes: ((batch: Batch) => void)[] = []
    const flush = async (): Promise<void> => {
      const now = changes
      changes = []
      if (now.length === 0) return
      await store.batch(batch => {
        for (const one of now) one(batch)
      })
    }
    for (const id of ids) {
      changes.push(await of(id))
      if (changes.length >= atOnce) await flush()
    }
    await flush()
  }

  function remove(batch: Batch, id: Hex, key: string | undefined): void {
    if (key !== undefined) {
      batch.delete(receipts, key)
      lately.delete(Number(key))
    }
    batch.delete(receiptKeys, id).delete(released, id)
  }

  function isWritten(id: Hex): void {
    const one = writing.get(id)
    if (one === undefined) return
    writing.delete(id)
    lately.set(one.number, one.receipt)
    for (const oldest of lately.keys()) {
      if (lately.size <= latelyKept) break
      lately.delete(oldest)
    }
    while (lately.has(written + 1)) written++
  }

  /** Those that follow a number, where the disk has none but what is in memory. */
  function inMemory(after: number, limit: number): NumberedReceipt[] | undefined {
    if (written !== next - 1) return undefined
    const last = Math.min(after + limit, written)
    const found: NumberedReceipt[] = []
    for (let number = after + 1; number <= last; number++) {
      const receipt = lately.get(number)
      if (receipt === undefined) return undefined
      found.push({ number, receipt })
    }
    return found.length > 0 ? found : undefined
  }

  return {
    async load() {
      next = (await receiptCount.get('next')) ?? 0
      written = next - 1
    },
    keep(batch, receipt, opening) {
      const id = digest(network, 'Receipt', receipt.receipt.message)
      const number = next++
      const key = sequenceKey(number)
      writing.set(id, { number, receipt })
      batch.put(receipts, key, receipt).put(receiptKeys, id, key).put(receiptCount, 'next', next)
      if (opening === undefined) return id
      const openingKey = `${sequenceKey(Number(receipt.receipt.message.finishedAt))}-${id}`
      batch.put(openings, openingKey, opening).put(openingKeys, id, openingKey)
      return id
    },
    announce(id, role, receipt) {
      isWritten(id)
      events.emit('models.receipt', { id, role, receipt })
    },
    async list({ after = -1, limit = defaultPage } = {}) {
      const known = inMemory(after, limit)
      if (known !== undefined) return known
      const found: NumberedReceipt[] = []
      for await (const [key, receipt] of receipts.entries({ from: sequenceKey(after + 1), limit }))
        found.push({ number: Number(key), receipt })
      // Writes keep their order: what is not there before the last of them never will be.
      if (found.length < limit) written = Math.max(written, found.at(-1)?.number ?? -1)
      return found
    },
    latest: limit => receipts.values({ reverse: true, limit }),
    async get(id) {
      const key = await receiptKeys.get(id)
      return key === undefined ? undefined : receipts.get(key)
    },
    async opening(id) {
      const key = await openingKeys.get(id)
      return key === undefined ? undefined : openings.get(key)
    },
    show: (id, to, most) =>
      showing.run(id, async () => {
        const before = (await shownTo.get(id)) ?? []
        if (before.includes(to)) return true
        if (before.length >= most || !(await openingKeys.has(id))) return false
        await shownTo.put(id, [...before, to])
        return true
      }),
    async *openings({ reverse = false } = {}) {
      for await (const key of openings.keys({ reverse })) yield key.slice(key.indexOf('-') + 1) as Hex
    },
    forget: ids =>
      change(ids, async id => {
        const key = await openingKeys.get(id)
        const gone = await released.has(id)
        const receiptKey = gone ? await receiptKeys.get(id) : undefined
        return batch => {
          if (key !== undefined) batch.delete(openings, key).delete(openingKeys, id).delete(shownTo, id)
          if (gone) remove(batch, id, receiptKey)
        }
      }),
    release: ids =>
      change(ids, async id => {
        const [key, opened] = [await receiptKeys.get(id), await openingKeys.has(id)]
        return batch => {
          if (opened) batch.put(released, id, 0)
          else remove(batch, id, key)
        }
      })
  }
}

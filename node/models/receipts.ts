import { digest } from '../../protocol/crypto/index.ts'
import type { CosignedReceipt, Opening } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { Batch } from '../store/index.ts'
import type { Parts } from './deps.ts'
import type { Tables } from './records.ts'
import type { ReceiptFilter } from './types.ts'

/** Openings that are forgotten in one batch. */
const forgottenAtOnce = 1_000

export interface Receipts {
  /** Adds to a batch what keeps a receipt; `announce` once the batch is on disk. */
  keep(batch: Batch, receipt: CosignedReceipt, opening: Opening | undefined): Hex
  announce(id: Hex, role: 'client' | 'worker', receipt: CosignedReceipt): void
  list(filter?: ReceiptFilter): Promise<CosignedReceipt[]>
  get(id: Hex): Promise<CosignedReceipt | undefined>
  /** What was asked and answered, while it is kept. */
  opening(id: Hex): Promise<Opening | undefined>
  /** Receipts whose opening is kept, oldest first. */
  openings(): AsyncIterable<Hex>
  /** What was asked and answered leaves the tables; the receipts stay. */
  forget(ids: Iterable<Hex>): Promise<void>
}

/** Receipts with both signatures: kept by both parties, in the order of their end. */
export function createReceipts(
  { network, events, store }: Pick<Parts, 'network' | 'events' | 'store'>,
  { receipts, receiptKeys, openings }: Tables
): Receipts {
  return {
    keep(batch, receipt, opening) {
      const id = digest(network, 'Receipt', receipt.receipt.message)
      const key = `${sequenceKey(Number(receipt.receipt.message.finishedAt))}-${id}`
      batch.put(receipts, key, receipt).put(receiptKeys, id, key)
      if (opening !== undefined) batch.put(openings, key, opening)
      return id
    },
    announce(id, role, receipt) {
      events.emit('models.receipt', { id, role, receipt })
    },
    async list({ model, since } = {}) {
      const found: CosignedReceipt[] = []
      for await (const receipt of receipts.values(since === undefined ? {} : { from: sequenceKey(since) })) {
        if (model === undefined || receipt.receipt.message.model === model) found.push(receipt)
      }
      return found
    },
    async get(id) {
      const key = await receiptKeys.get(id)
      return key === undefined ? undefined : receipts.get(key)
    },
    async opening(id) {
      const key = await receiptKeys.get(id)
      return key === undefined ? undefined : openings.get(key)
    },
    async *openings() {
      for await (const key of openings.keys()) yield key.slice(key.indexOf('-') + 1) as Hex
    },
    async forget(ids) {
      const keys: string[] = []
      for (const id of ids) {
        const key = await receiptKeys.get(id)
        if (key !== undefined) keys.push(key)
      }
      for (let at = 0; at < keys.length; at += forgottenAtOnce)
        await store.batch(batch => {
          for (const key of keys.slice(at, at + forgottenAtOnce)) batch.delete(openings, key)
        })
    }
  }
}

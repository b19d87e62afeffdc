import { digest } from '../../protocol/crypto/index.ts'
import type { CosignedReceipt } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { sequenceKey } from '../store/index.ts'
import type { Batch } from '../store/index.ts'
import type { Parts } from './deps.ts'
import type { Tables } from './records.ts'
import type { ReceiptFilter } from './types.ts'

export interface Receipts {
  /** Adds to a batch what keeps a receipt; `announce` once the batch is on disk. */
  keep(batch: Batch, receipt: CosignedReceipt): Hex
  announce(id: Hex, role: 'client' | 'worker', receipt: CosignedReceipt): void
  list(filter?: ReceiptFilter): Promise<CosignedReceipt[]>
  get(id: Hex): Promise<CosignedReceipt | undefined>
}

/** Receipts with both signatures: kept by both parties, in the order of their end. */
export function createReceipts(
  { network, events }: Pick<Parts, 'network' | 'events'>,
  { receipts, receiptKeys }: Tables
): Receipts {
  return {
    keep(batch, receipt) {
      const id = digest(network, 'Receipt', receipt.receipt.message)
      const key = `${sequenceKey(Number(receipt.receipt.message.finishedAt))}-${id}`
      batch.put(receipts, key, receipt).put(receiptKeys, id, key)
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
    }
  }
}

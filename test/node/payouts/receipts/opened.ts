import { join } from 'node:path'
import { createReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import type { ReceiptStore } from '../../../../node/payouts/receipts/index.ts'
import type { ReceiptStoreOptions } from '../../../../node/payouts/receipts/store.ts'
import { silentLog, systemClock } from '../../../../node/runtime/index.ts'
import { openStore } from '../../../../node/store/index.ts'
import type { Store } from '../../../../node/store/index.ts'

/** A folder with a store and the receipts in it, that can be closed and opened again. */
export async function openAll(
  folder: string,
  options: Pick<ReceiptStoreOptions, 'maxOthers' | 'maxOver' | 'broughtBy'> = {}
): Promise<{ store: Store; receipts: ReceiptStore; close(): Promise<void> }> {
  const store = await openStore(join(folder, 'db'))
  const receipts = createReceiptStore({
    store,
    folder: join(folder, 'receipts'),
    log: silentLog,
    clock: systemClock,
    ...options
  })
  await receipts.start()
  return {
    store,
    receipts,
    async close() {
      await receipts.stop()
      await store.close()
    }
  }
}

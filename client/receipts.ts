import { z } from 'zod'
import { digest } from '../protocol/crypto/index.ts'
import type { Network } from '../protocol/crypto/index.ts'
import { checkCosigned, cosignedReceipt } from '../protocol/models/index.ts'
import type { CosignedReceipt } from '../protocol/models/index.ts'
import { bytes32, canonicalJson, readAs } from '../protocol/primitives/index.ts'
import type { Hex } from '../protocol/primitives/index.ts'
import type { Receipts } from '../node/models/receipts.ts'
import { sequenceKey } from '../node/store/keys.ts'
import type { Store } from '../node/store/types.ts'
import type { Receipt } from './types.ts'

/** Receipts kept; beyond it the oldest go. What was asked and answered is not kept with them. */
const mostKept = 1_000

export interface LightReceipts extends Pick<Receipts, 'get' | 'keep' | 'announce'> {
  /** Oldest first. */
  all(): Promise<CosignedReceipt[]>
}

export const receiptOf = (network: Network, cosigned: CosignedReceipt): Receipt => {
  const { receipt, client, worker } = cosigned
  const { channel, model, inputTokens, outputTokens, fee, total, sequence, finishedAt } = receipt.message
  return {
    id: digest(network, 'Receipt', receipt.message),
    channel,
    model,
    client,
    worker,
    inputTokens,
    outputTokens,
    fee,
    total,
    sequence,
    finishedAt: Number(finishedAt),
    signed: JSON.parse(canonicalJson(cosigned)) as unknown
  }
}

/**
 * What anybody can see of a receipt's `signed` form: that both have signed it, for this network, and what it says.
 * @throws InvalidError `receipt.form`, `receipt.total`, `signature.mismatch`
 */
export function checkReceipt(signed: unknown, network: Network): Receipt {
  const cosigned = readAs(cosignedReceipt, signed, 'receipt.form')
  return receiptOf(network, checkCosigned(cosigned, network))
}

/** @param onKept told once one is on disk */
export async function openReceipts(
  network: Network,
  store: Pick<Store, 'collection'>,
  onKept: (id: Hex, receipt: CosignedReceipt) => void
): Promise<LightReceipts> {
  const receipts = store.collection('client/receipts', cosignedReceipt)
  const keys = store.collection('client/receipt-keys', z.string().max(40))
  const kept: { key: string; id: Hex }[] = []
  for await (const [id, key] of keys.entries()) kept.push({ key, id: readAs(bytes32, id, 'client.storage') })
  kept.sort((a, b) => (a.key < b.key ? -1 : 1))
  let next = kept.length === 0 ? 0 : Number(kept.at(-1)?.key) + 1

  return {
    async get(id) {
      const key = await keys.get(id)
      return key === undefined ? undefined : receipts.get(key)
    },
    keep(batch, receipt) {
      const id = digest(network, 'Receipt', receipt.receipt.message)
      const key = sequenceKey(next++)
      batch.put(receipts, key, receipt).put(keys, id, key)
      kept.push({ key, id })
      for (const oldest of kept.splice(0, Math.max(0, kept.length - mostKept)))
        batch.delete(receipts, oldest.key).delete(keys, oldest.id)
      return id
    },
    announce(id, _role, receipt) {
      onKept(id, receipt)
    },
    async all() {
      const found: CosignedReceipt[] = []
      for await (const receipt of receipts.values()) found.push(receipt)
      return found
    }
  }
}

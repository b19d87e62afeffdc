import { receiptId, receiptsTree } from '../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../protocol/payouts/index.ts'
import { createCache } from '../runtime/index.ts'
import type { PayoutsDeps, ReceiptPlaces } from './types.ts'

/** Trees of epochs in memory: one of 20,000 receipts is some 10 MB. */
const mostTrees = 4

/** Made once for a bundle, whoever asks for a way to the chain. */
export function createReceiptPlaces({ network }: Pick<PayoutsDeps, 'network'>) {
  const trees = createCache<string, ReceiptPlaces>({ max: mostTrees })
  return (cid: string, bundle: EpochBundle): ReceiptPlaces => {
    const known = trees.get(cid)
    if (known !== undefined) return known
    const found = {
      tree: receiptsTree(network, bundle.receipts),
      places: new Map(bundle.receipts.map((receipt, at) => [receiptId(network, receipt), at]))
    }
    trees.set(cid, found)
    return found
  }
}

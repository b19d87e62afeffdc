import { payoutLeaf, payoutsTree, placeOf, receiptLeaf, receiptsTree } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, FraudProof } from '../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex, SumTree } from '../../../protocol/primitives/index.ts'
import type { Network } from '../../../protocol/crypto/index.ts'
import type { EpochOnChain, Mined, ReceiptEvidence } from '../../chain/types.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Bundles } from '../settler/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** A receipt where it stands in an epoch's tree. */
function evidenceOf(
  network: Network,
  { receipts }: EpochBundle,
  index: number,
  tree: SumTree = receiptsTree(network, receipts)
): ReceiptEvidence {
  const cosigned = receipts[index]
  if (cosigned === undefined) throw new InvalidError('challenge.index', `the epoch has no receipt at ${index}`)
  const { receipt, clientSignature } = cosigned
  return {
    receipt: receipt.message,
    clientSignature,
    workerSignature: receipt.signature,
    sum: receipt.message.fee,
    proof: tree.proof(index)
  }
}

export interface Challenged {
  readonly pool: Hex
  readonly epoch: number
  readonly bundle: EpochBundle
  readonly stated: EpochOnChain
}

/**
 * Where an earlier epoch has counted a receipt's place: looked for from the last epoch back, as this happens to whoever
 * loses the bond for it.
 * @throws NotFoundError `challenge.first` when no bundle that is to be had has it
 */
async function earlier(
  bundles: Pick<Bundles, 'final'>,
  { pool, epoch }: Pick<Challenged, 'pool' | 'epoch'>,
  receipt: CosignedReceipt
): Promise<{ epoch: number; bundle: EpochBundle; index: number }> {
  for (let before = epoch - 1; before >= 1; before--) {
    try {
      const { bundle } = await bundles.final(pool, before)
      const index = bundle.receipts.findIndex(other => placeOf(other) === placeOf(receipt))
      if (index >= 0) return { epoch: before, bundle, index }
    } catch (error) {
      // Of an old epoch that nobody has any more, nothing can be shown; the one before it may be to be had.
      if (!(error instanceof TilthError)) throw error
    }
  }
  throw new NotFoundError('challenge.first', 'no earlier epoch that is to be had shows the same receipt')
}

/**
 * Shows a fault to the contract: it takes the proposer's bond and voids the epoch.
 * @throws ChainError when another was quicker, or the window is over · NotFoundError `challenge.first`
 */
export async function challenge(
  { chain, network }: Pick<PayoutsDeps, 'chain' | 'network'>,
  bundles: Pick<Bundles, 'final'>,
  { pool, epoch, bundle, stated }: Challenged,
  proof: FraudProof
): Promise<Mined> {
  switch (proof.kind) {
    case 'signature':
      return chain.payouts.challengeSignature(pool, epoch, evidenceOf(network, bundle, proof.index))
    case 'model':
      return chain.payouts.challengeModel(pool, epoch, evidenceOf(network, bundle, proof.index))
    case 'duplicate': {
      const receipt = bundle.receipts[proof.index]
      if (receipt === undefined) throw new InvalidError('challenge.index', 'the epoch has no such receipt')
      const first =
        proof.firstIndex === undefined
          ? await earlier(bundles, { pool, epoch }, receipt)
          : { epoch, bundle, index: proof.firstIndex }
      return chain.payouts.challengeDuplicate(
        pool,
        epoch,
        evidenceOf(network, bundle, proof.index),
        first.epoch,
        evidenceOf(network, first.bundle, first.index)
      )
    }
    case 'total': {
      const receipts = proof.tree === 'receipts'
      const tree = receipts ? receiptsTree(network, bundle.receipts) : payoutsTree(bundle.payouts)
      const sum = receipts ? stated.receiptsTotal : stated.payoutsTotal
      const [left, right] = tree.levels.at(-2) ?? []
      if (left !== undefined && right !== undefined) {
        return chain.payouts.challengeNode(pool, epoch, proof.tree, {
          left,
          right,
          sum,
          proof: { index: 0n, siblings: [] }
        })
      }
      // A tree of one leaf: its sum is the total.
      const [receipt, line] = [bundle.receipts[0], bundle.payouts[0]]
      const leaf = receipts ? receipt && receiptLeaf(network, receipt) : line && payoutLeaf(line)
      if (leaf === undefined) throw new InvalidError('challenge.empty', 'an empty tree has nothing to show')
      return chain.payouts.challengeLeaf(pool, epoch, proof.tree, {
        content: leaf.content,
        leafSum: leaf.sum,
        sum,
        proof: { index: 0n, siblings: [] }
      })
    }
  }
}

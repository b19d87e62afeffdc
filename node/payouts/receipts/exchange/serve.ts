import type { ReceiptsReply, ReceiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { Tree } from './tree.ts'

/** What the answering side asks of its own node. */
export interface Served {
  readonly tree: Pick<Tree, 'look'>
  /** The last epoch whose receipts are settled here. */
  epochOf(pool: Hex): Promise<number>
  /** One of the pool. */
  receipt(pool: Hex, id: Hex): Promise<CosignedReceipt | undefined>
}

/** The answer to one request; nothing is kept between two. */
export async function answer(request: ReceiptsRequest, own: Served): Promise<ReceiptsReply> {
  const { pool } = request
  // What one side has settled and the other not would all look like a difference.
  const epoch = await own.epochOf(pool)
  if (epoch !== request.epoch) return { kind: 'epoch', epoch }
  if (request.kind === 'look') {
    const found = []
    for (const prefix of request.at) found.push(await own.tree.look(pool, prefix))
    return { kind: 'found', found }
  }
  const receipts = []
  for (const id of new Set(request.ids)) receipts.push((await own.receipt(pool, id)) ?? [])
  return { kind: 'receipts', receipts: receipts.flat() }
}

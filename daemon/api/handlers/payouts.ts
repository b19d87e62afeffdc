import type { EpochView as NodeEpoch, ReceiptView as NodeReceipt } from '../../../node/payouts/index.ts'
import { NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Spending } from '../../spending/index.ts'
import type { EpochView, ReceiptView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

type Names = 'receipts' | 'receipt' | 'settle' | 'epochs' | 'finalize' | 'accounting'

/** Receipts that are looked at in one call for those of a channel or a party. */
const mostLooked = 2_000

export const epochView = (epoch: NodeEpoch): EpochView => ({
  pool: epoch.pool,
  epoch: epoch.epoch,
  state: epoch.state,
  root: epoch.root,
  payoutsRoot: epoch.payoutsRoot,
  transaction: epoch.transaction,
  bundle: epoch.bundle,
  receipts: epoch.receipts,
  receiptsTotal: epoch.receiptsTotal.toString(),
  dataFees: epoch.dataFees.toString(),
  held: epoch.held.toString(),
  keptBack: epoch.keptBack.toString(),
  weighed: epoch.weighed,
  scorers: epoch.scorers.map(({ scorer, answers }) => ({ scorer, answers })),
  whole: epoch.whole,
  payouts: epoch.payouts.map(line => ({
    account: line.account,
    value: line.value.toString(),
    share: line.share.toString(),
    heldOutShare: line.heldOutShare.toString(),
    scoringShare: line.scoringShare.toString(),
    vestedShare: line.vestedShare.toString(),
    resettled: line.resettled.toString(),
    cumulative: line.cumulative.toString(),
    gate: line.gate === null ? null : line.gate.toString()
  }))
})

export const receiptView = (receipt: NodeReceipt): ReceiptView => ({
  id: receipt.id,
  channel: receipt.channel,
  sequence: Number(receipt.sequence),
  model: receipt.model,
  client: receipt.client,
  worker: receipt.worker,
  inputTokens: receipt.inputTokens,
  outputTokens: receipt.outputTokens,
  fee: receipt.fee.toString(),
  startedAt: Number(receipt.startedAt) * 1000,
  finishedAt: Number(receipt.finishedAt) * 1000,
  private: receipt.private,
  pool: receipt.pool ?? null,
  epoch: receipt.epoch ?? null,
  weights: Object.fromEntries(Object.entries(receipt.weights).map(([account, weight]) => [account, weight.toString()])),
  scorings: receipt.scorings.map(({ scorer, agrees }) => ({ scorer, agrees }))
})

export const receiptUnknown = (wanted: string): NotFoundError =>
  new NotFoundError('receipt.unknown', `no receipt ${wanted} is known here`, { help: 'See `tilth receipts`.' })

/** The receipt that is meant. @throws NotFoundError `receipt.unknown` */
export async function receiptMeant(
  payouts: Pick<Node['payouts'], 'receipt'>,
  which: Pick<Which, 'receipt'>,
  wanted: string
): Promise<NodeReceipt> {
  const found = await payouts.receipt(await which.receipt(wanted))
  if (found !== undefined) return found
  throw receiptUnknown(wanted)
}

export function payoutHandlers(
  { payouts }: Pick<Node, 'payouts'>,
  which: Which,
  spending: Pick<Spending, 'paying'>
): Pick<Handlers, Names> {
  return {
    async receipts({ params: { model, pool, channel, party, ...page } }) {
      const filter = {
        ...(model === undefined ? {} : { model: (await which.model(model)).id }),
        ...(pool === undefined ? {} : { pool: await which.datanet(pool) }),
        ...page
      }
      const isWanted = (one: NodeReceipt): boolean =>
        (channel === undefined || one.channel === channel) &&
        (party === undefined || one.client === party || one.worker === party)
      let { items, next } = await payouts.receipts(filter)
      let found = items.filter(isWanted)
      for (let looked = items.length; found.length === 0 && next !== null && looked < mostLooked;) {
        ;({ items, next } = await payouts.receipts({ ...filter, cursor: next }))
        looked += items.length
        found = items.filter(isWanted)
      }
      return { items: found.map(receiptView), next }
    },
    receipt: async ({ params }) => receiptView(await receiptMeant(payouts, which, params.id)),
    settle: async ({ body, key }) => {
      const pool = await which.datanet(body.pool)
      return epochView(await payouts.settle(pool, (...step) => spending.paying(key, ...step)))
    },
    async epochs({ params }) {
      const { pool, ...page } = params
      const { items, next } = await payouts.epochs({
        ...page,
        ...(pool === undefined ? {} : { pool: await which.datanet(pool) })
      })
      return { items: items.map(epochView), next }
    },
    finalize: async ({ params }) => epochView(await payouts.finalize(await which.datanet(params.id))),
    async accounting() {
      const { feesPaid, workers, builders, dataPaid, dataHeld, heldReason } = await payouts.accounting()
      return {
        feesPaid: feesPaid.toString(),
        workers: workers.toString(),
        builders: builders.toString(),
        dataPaid: dataPaid.toString(),
        dataHeld: dataHeld.toString(),
        heldReason
      }
    }
  }
}

import type { Address } from '../../protocol/primitives/index.ts'
import type { EpochBundle, GateDocument, Measure } from '../../protocol/payouts/index.ts'
import type { Entry } from './book.ts'
import type { Proposal } from './ledger.ts'
import type { EpochView, GateView, ReceiptView, ScoringView } from './types.ts'

export function receiptView(
  { id, pool, receipt }: Entry,
  scorings: readonly ScoringView[],
  epoch: number | undefined
): ReceiptView {
  const { message } = receipt.receipt
  const { channel, sequence, model, inputTokens, outputTokens, fee, startedAt, finishedAt } = message
  const weights: Record<Address, bigint> = {}
  receipt.attribution?.players.forEach((player, i) => {
    weights[player] = receipt.attribution?.weights[i] ?? 0n
  })
  return {
    id,
    channel,
    sequence,
    model,
    pool: pool ?? undefined,
    client: receipt.client,
    worker: receipt.worker,
    inputTokens,
    outputTokens,
    fee,
    startedAt,
    finishedAt,
    weights,
    scorings,
    epoch
  }
}

export function gateView({ model, questions, values }: GateDocument, { players }: Measure): GateView {
  const asked = BigInt(questions || 1)
  const nearest = (sum: bigint): bigint => (2n * sum + (sum < 0n ? -asked : asked)) / (2n * asked)
  return {
    model,
    questions,
    values: Object.fromEntries(players.map((player, i) => [player, nearest(values[i] ?? 0n)])) as Record<
      Address,
      bigint
    >
  }
}

/** An epoch as the chain tells it, with what its bundle says where it is to be had. */
export function epochView(
  { event, state }: Proposal,
  stated: { receiptsTotal: bigint; receiptCount: number },
  bundle: EpochBundle | undefined,
  faults: readonly string[] | undefined
): EpochView {
  const { pool, epoch, proposer, receiptsRoot, payoutsRoot, payoutsTotal, transaction, challengeEnds } = event
  return {
    pool,
    epoch,
    state,
    proposer,
    root: receiptsRoot,
    payoutsRoot,
    transaction,
    bundle: event.bundle,
    receipts: stated.receiptCount,
    receiptsTotal: stated.receiptsTotal,
    payoutsTotal,
    dataFees: bundle?.dataFees ?? 0n,
    held: bundle?.held ?? 0n,
    payouts: bundle?.payouts ?? [],
    challengeEnds,
    faults
  }
}

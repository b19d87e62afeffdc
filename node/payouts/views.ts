import type { Address } from '../../protocol/primitives/index.ts'
import { foundBy, heldOutValues } from '../../protocol/payouts/index.ts'
import type { HeldOutDocument, Measure, ScoringDocument } from '../../protocol/payouts/index.ts'
import type { Summary } from './settler/index.ts'
import type { Proposal } from './proposals.ts'
import type { Entry } from './receipts/index.ts'
import type { EpochView, GateView, ReceiptView, ScoringView } from './types.ts'

/** What scorers found, as one of them has put it who agrees with the median. */
export function weighedBy(scorings: readonly ScoringDocument[]): {
  weights: Readonly<Record<Address, bigint>>
  words: ScoringView[]
  /** Whose words are off from what most have found. */
  wrong: readonly Address[]
} {
  const found = foundBy(scorings.map(({ attribution }) => attribution))
  const words = scorings.map(({ statement }, i) => ({
    scorer: statement.message.scorer,
    agrees: found?.agrees[i] ?? false,
    exact: found?.exact[i] ?? false
  }))
  const at = found?.settled === true ? Math.max(found.exact.indexOf(true), found.agrees.indexOf(true)) : -1
  const weights: Record<Address, bigint> = {}
  scorings[at]?.attribution.players.forEach((player, i) => {
    weights[player] = scorings[at]?.attribution.weights[i] ?? 0n
  })
  const wrong = found?.settled === true ? words.filter(({ agrees }) => !agrees).map(({ scorer }) => scorer) : []
  return { weights, words, wrong }
}

export function receiptView({ id, pool, receipt, state }: Entry, scorings: readonly ScoringDocument[]): ReceiptView {
  const { message } = receipt.receipt
  const { channel, sequence, model, inputTokens, outputTokens, fee, startedAt, finishedAt, confidential } = message
  const { weights, words } = weighedBy(scorings)
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
    private: confidential,
    weights,
    scorings: words,
    epoch: state.name === 'settled' ? state.epoch : undefined
  }
}

export function gateView(document: HeldOutDocument, measure: Measure): GateView {
  const { questions, truth } = heldOutValues(document, measure)
  const asked = BigInt(questions || 1)
  const nearest = (sum: bigint): bigint => (2n * sum + (sum < 0n ? -asked : asked)) / (2n * asked)
  return {
    model: document.model,
    questions,
    values: Object.fromEntries(measure.players.map((player, i) => [player, nearest(truth[i] ?? 0n)])) as Record<
      Address,
      bigint
    >
  }
}

/** An epoch as the chain tells it, with what its bundle says where it is to be had. */
export function epochView(
  { event, state }: Proposal,
  stated: { receiptsTotal: bigint; receiptCount: number },
  bundle: Summary | undefined,
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
    keptBack: bundle?.keptBack ?? 0n,
    weighed: bundle?.weighed ?? 0,
    scorers: bundle?.scorers ?? [],
    payouts: bundle?.payouts ?? [],
    whole: bundle?.whole ?? false,
    challengeEnds,
    faults
  }
}

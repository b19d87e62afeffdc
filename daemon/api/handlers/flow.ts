import type { Doing } from '../../../node/flow/index.ts'
import type { Node } from '../../../node/node.ts'
import { plainFields } from '../contract/index.ts'
import type { DoingView, StageView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'

/** Points of a loss that a small picture shows. */
const mostPoints = 100

/** No more than so many of a series, evenly chosen, the first and the last among them. */
export function thinned(series: readonly number[], most = mostPoints): number[] {
  if (series.length <= most) return [...series]
  const step = (series.length - 1) / (most - 1)
  return Array.from({ length: most }, (_, i) => series[Math.round(i * step)] ?? 0)
}

export function flowHandlers({ flow, models }: Pick<Node, 'flow' | 'models'>): Pick<Handlers, 'flow' | 'flowStage'> {
  const nameOf = (model: string): string => models.model(model)?.name ?? ''

  function doingView(doing: Doing): DoingView {
    switch (doing.kind) {
      case 'contribution': {
        const { kind, id, datanet, contributor, rows, advice, accepting, rejecting, committed, total } = doing
        const votes = { advice, accepting, rejecting, committed, total, closesAt: doing.closesAt }
        return { kind, id, datanet, name: doing.datanetName, contributor, rows, ...votes }
      }
      case 'job': {
        const { id, state, builder, datanet, bids, refusals, budget, deadline } = doing.job
        const counts = { bids: bids.length, refusals: refusals.length }
        return { kind: 'job', job: id, state, builder, datanet, ...counts, budget: budget.toString(), deadline }
      }
      case 'training': {
        const { job, award } = doing
        const { worker, lot, price, progress, loss } = award
        return {
          kind: 'training',
          job: job.id,
          datanet: job.datanet,
          worker,
          lot: lot.kind,
          price: price.toString(),
          progress,
          loss: thinned(loss)
        }
      }
      case 'answer':
        return { ...doing, name: nameOf(doing.model) }
      case 'offer': {
        const { kind, model, worker, outputPrice, tokensPerSecond, capacity } = doing
        return {
          kind,
          model,
          name: nameOf(model),
          worker,
          outputPrice: outputPrice.toString(),
          tokensPerSecond,
          capacity
        }
      }
      case 'epoch': {
        const { kind, pool, epoch, receipts, payoutsTotal, challengeEnds, faults } = doing
        return {
          kind,
          pool,
          epoch,
          receipts,
          payoutsTotal: payoutsTotal.toString(),
          closesAt: Number(challengeEnds) * 1000,
          faults: faults ?? null
        }
      }
    }
  }
  const stageView = ({
    stage,
    count,
    active,
    amount
  }: Awaited<ReturnType<Node['flow']['stages']>>[number]): StageView => ({
    stage,
    count,
    active,
    amount: amount === null ? null : amount.toString()
  })

  return {
    flow: async () => ({ stages: (await flow.stages()).map(stageView) }),
    async flowStage({ params }) {
      const now = await flow.stage(params.stage)
      return {
        ...stageView(now),
        doing: now.doing.map(doingView),
        happened: now.happened.map(({ name, at, data }) => ({ name, at, data: plainFields(data) }))
      }
    }
  }
}

import { pageOf } from '../../../protocol/primitives/index.ts'
import type { JobView as NodeJob } from '../../../node/jobs/index.ts'
import type { Node } from '../../../node/node.ts'
import type { JobView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

const view = (job: NodeJob): JobView => ({
  id: job.id,
  builder: job.builder,
  datanet: job.datanet,
  version: job.version,
  base: job.base,
  budget: job.budget.toString(),
  state: job.state,
  ...(job.reason === undefined ? {} : { reason: job.reason }),
  bids: job.bids.map(({ worker, price, siblingPrice, seconds }) => ({
    worker,
    price: price.toString(),
    siblingPrice: siblingPrice.toString(),
    seconds
  })),
  awards: job.awards.map(({ worker, lot, price, attempt, escrow, state, progress, loss, seconds }) => ({
    worker,
    lot,
    price: price.toString(),
    attempt,
    escrow,
    state,
    progress,
    loss: [...loss],
    seconds
  })),
  result: job.result,
  adapter: job.adapter,
  heldOutLoss: job.heldOutLoss
})

export function jobHandlers(
  { jobs }: Pick<Node, 'jobs'>,
  which: Which
): Pick<Handlers, 'postJob' | 'jobs' | 'job' | 'declined'> {
  return {
    postJob: async ({ body: { budget, datanet, ...rest } }) =>
      jobs.post({ ...rest, datanet: await which.datanet(datanet), budget: BigInt(budget) }),
    jobs: async ({ params }) => pageOf(jobs.jobs().map(view), params, ({ id }) => id),
    declined: async ({ params }) => jobs.declined(params),
    job: async ({ params }) => view(await which.job(params.id))
  }
}

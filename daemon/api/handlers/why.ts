import { isOver } from '../../../node/jobs/index.ts'
import type { JobView } from '../../../node/jobs/index.ts'
import type { Node } from '../../../node/node.ts'
import { largestPage } from '../../../protocol/primitives/index.ts'
import type { WhyView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

/** Why a worker has not bid for a job: what the job says, else what stood against it here. */
function reasonFor(job: JobView, { jobs, roles, self }: Pick<Node, 'jobs' | 'roles' | 'self'>): WhyView {
  const { id, builder, bids } = job
  const say = (code: string, reason: string, help = ''): WhyView => ({
    job: id,
    builder,
    code,
    reason,
    help,
    again: null
  })
  const bid = bids.find(({ worker }) => worker === self)
  if (bid !== undefined) return say('work.bid', `this worker has bid for it: ${bid.seconds} s`)
  if (builder === self) return say('work.own', "it is this node's own job, which others work for")
  if (!roles.includes('worker'))
    return say('work.role', 'this node is no worker', 'Start it with --role worker, or ask another: --as worker-1.')
  if (isOver(job)) return say('work.over', `it is over: ${job.state}`)
  const found = jobs.declined({ limit: largestPage }).items.find(one => one.job === id)
  if (found !== undefined) return found
  return say('work.looking', 'it is being looked at, or waits for its turn', 'Ask again in a moment.')
}

export const whyHandlers = (node: Pick<Node, 'jobs' | 'roles' | 'self'>, which: Which): Pick<Handlers, 'why'> => ({
  why: async ({ params }) => reasonFor(await which.job(params.id), node)
})

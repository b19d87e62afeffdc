import { jobProgress } from '../../../cli/job-progress.ts'
import { bar, tokens } from '../../../cli/output.ts'
import { TilthError } from '../../../../protocol/primitives/index.ts'
import { isJobFailed } from '../../../api/contract/index.ts'
import type { JobView } from '../../../api/contract/index.ts'
import type { DataDone, JobDone, LoopContext } from '../context.ts'
import { bundledBase } from '../../../assets.ts'
import { tunedSplit } from '../input.ts'
import { until } from '../poll.ts'

const nameOf = (network: LoopContext['network'], address: string): string =>
  network.daemons.find(daemon => daemon.address === address)?.name ?? address.slice(0, 10)

/** job → bids → award → training → delivery */
export async function runJobs({ network, input, reporter }: LoopContext, data: DataDone): Promise<JobDone> {
  const builder = network.daemon('host').api
  const workers = network.daemons.filter(({ name }) => name.startsWith('worker'))
  const base = await reporter.stage('job', 'the base model on IPFS', async say => {
    const { cid } = await builder.call('importBase', { body: { folder: bundledBase.folder() } })
    say(cid)
    return cid
  })
  const started = performance.now()
  const ended = (job: JobView): JobView => {
    if (isJobFailed(job))
      throw new TilthError('loop.job', `the tune job ended as ${job.state}: ${job.reason ?? 'no reason given'}`)
    return job
  }
  const id = await reporter.stage(['job', 'bids'], 'a tune job, and the bids of both workers', async say => {
    const posted = await builder.call('postJob', {
      body: {
        base,
        datanet: data.datanet,
        version: data.version.version,
        settings: input.settings,
        coalitions: input.coalitions,
        budget: (100n * 10n ** 18n).toString(),
        // A worker bids only if it could do all of it alone by then: small machines take long for the siblings.
        deadlineSeconds: 4 * 3600,
        expectedBids: workers.length,
        product: { name: input.name, split: tunedSplit },
        bidSeconds: 300
      }
    })
    const job = await until('a bid of each worker', 300, async () => {
      const view = ended(await builder.call('job', { params: { id: posted.id } }))
      say(`${view.bids.length} of ${workers.length} bids`)
      return view.bids.length >= workers.length ? view : undefined
    })
    say(job.bids.map(bid => `${nameOf(network, bid.worker)} ${tokens(bid.price, 3)} for ${bid.seconds} s`).join(', '))
    return posted.id
  })
  await reporter.stage('award', 'awards, and their price in escrow', async say => {
    const job = await until('the award', 120, async () => {
      const view = ended(await builder.call('job', { params: { id } }))
      return view.awards.some(award => award.lot.kind === 'adapter') ? view : undefined
    })
    say(
      job.awards
        .map(({ lot, worker }) => {
          const what = lot.kind === 'adapter' ? 'adapter' : `${lot.coalitions.length} siblings`
          return `${what} to ${nameOf(network, worker)}`
        })
        .join(', ')
    )
  })
  const job = await reporter.stage(['training', 'delivery'], 'training', async say => {
    const final = await until('the end of the training', 1500, async () => {
      const view = ended(await builder.call('job', { params: { id } }))
      const { done, total, loss } = jobProgress(view)
      say(`${bar(done, total)}${loss === null ? '' : ` loss ${loss.toFixed(3)}`}`)
      return view.state === 'completed' ? view : undefined
    })
    say(
      final.heldOutLoss === null
        ? 'done'
        : `held-out loss ${final.heldOutLoss.base.toFixed(2)} → ${final.heldOutLoss.tuned.toFixed(2)}`
    )
    return final
  })
  return { base, job, seconds: (performance.now() - started) / 1000 }
}

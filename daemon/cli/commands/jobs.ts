import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import type { CancelledView, JobView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, show, showOneOrList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { choiceLine, refusalLine, waitsForChoice } from '../job-progress.ts'
import { dim, safe, short, table, tokens, yellow } from '../output.ts'
import { awardCommand } from './award.ts'
import { jobsWhyCommand } from './declined.ts'
import { untrainedCommand } from './untrained.ts'

type Award = JobView['awards'][number]
const stepsOf = ({ step, steps, loss }: NonNullable<Award['progress']>, digits: number): string =>
  `${step}/${steps} loss ${loss.toFixed(digits)}`

const jobLine = ({ id, state, reason, budget }: JobView): string =>
  `${id}  ${state}${reason === undefined ? '' : `: ${safe(reason)}`}  budget ${tokens(budget)}`

const awardLine = ({ worker, lot, state, price, progress }: Award): string => {
  const reached = progress === null ? '' : ` step ${stepsOf(progress, 4)}`
  return `  ${lot.kind.padEnd(8)} ${short(worker)} ${state} ${tokens(price)}${reached}`
}

/** What became of the money of a job that was ended. */
function cancelledText({ id, paid, refunded, waiting, deadline }: CancelledView): string {
  const until = new Date(deadline).toISOString()
  return [
    `job ${id} is cancelled`,
    `  ${tokens(refunded)} tokens are back`,
    ...(BigInt(paid) > 0n ? [`  ${tokens(paid)} tokens paid for what was accepted`] : []),
    ...(BigInt(waiting) > 0n
      ? [`  ${tokens(waiting)} tokens in escrow come back when their workers agree, or after ${until} at the latest`]
      : [])
  ].join('\n')
}

/** How long money that workers may give back at once is waited for. */
const refundMs = 15_000

function cancelCommand(): Command {
  return connected(
    command({
      name: 'cancel',
      summary: 'end an own job before its deadline; what was accepted is paid, the rest comes back',
      examples: ['tilth jobs cancel 0x12… --as host']
    })
  )
    .argument('<job>', 'id or beginning of one')
    .action(
      guarded(async (wanted: string, flags: CallFlags) => {
        await show(
          flags,
          async api => {
            let now = await api.call('cancelJob', { params: { id: wanted } })
            for (let waited = 0; waited < refundMs && BigInt(now.waiting) > 0n; waited += 500) {
              await sleep(500)
              now = await api.call('spent', { params: { id: now.id } })
            }
            return now
          },
          cancelledText
        )
      })
    )
}

export function jobsCommand(): Command {
  const parent = listing(
    connected(
      command({
        name: 'jobs',
        summary: 'tune jobs: bids, awards, progress',
        examples: ['tilth jobs', 'tilth jobs 0x12… --json', 'tilth jobs cancel 0x12…']
      })
    )
  )
    .argument('[job]', 'one of them: id or beginning of one')
    .addCommand(jobsWhyCommand())
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showOneOrList(
          flags,
          wanted,
          {
            one: (api, id) => api.call('job', { params: { id } }),
            page: (api, params) => api.call('jobs', { params })
          },
          jobs =>
            jobs.length === 0
              ? 'no jobs yet'
              : jobs
                  .map(job =>
                    [
                      jobLine(job),
                      job.bids.length === 0
                        ? dim('  no bids')
                        : table(
                            ['  bid by', 'price', 'seconds alone'],
                            job.bids.map(bid => [`  ${short(bid.worker)}`, tokens(bid.price), String(bid.seconds)]),
                            [1, 2]
                          ),
                      ...(waitsForChoice(job) ? [yellow(`  ${choiceLine(job)}`)] : []),
                      ...job.refusals.map(one => `  ${refusalLine(one)}`),
                      ...job.awards.map(awardLine)
                    ].join('\n')
                  )
                  .join('\n\n')
        )
      })
    )
  parent.addCommand(awardCommand())
  parent.addCommand(cancelCommand())
  parent.addCommand(untrainedCommand())
  return parent
}

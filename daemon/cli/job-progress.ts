import { setTimeout as sleep } from 'node:timers/promises'
import { isAwardLost, isJobEnded } from '../api/contract/index.ts'
import type { ApiClient, JobView } from '../api/contract/index.ts'
import { bar, dim, duration, safe, short, tokens, yellow } from './output.ts'

/** How often a job is asked after while it is waited for. */
const pollMs = 1000
/** Where there is no terminal, a line is written for each such part of the way. */
const partPercent = 10

/** How far all awards are together; the loss is that of the step at hand, the mean of those that train side by side. */
export function jobProgress(job: JobView): {
  done: number
  total: number
  loss: number | null
  secondsLeft: number | null
} {
  let done = 0
  let total = 0
  const losses: number[] = []
  let secondsLeft: number | null = null
  for (const award of job.awards) {
    // A lot that was offered again stands in the list once more, under its next worker.
    if (isAwardLost(award)) continue
    const weight = award.lot.kind === 'adapter' ? 1 : award.lot.coalitions.length
    const share =
      award.seconds !== null ? 1 : award.progress === null ? 0 : award.progress.step / Math.max(1, award.progress.steps)
    total += weight
    done += weight * share
    if (award.seconds !== null || award.progress === null) continue
    losses.push(award.progress.loss)
    secondsLeft = Math.max(secondsLeft ?? 0, award.progress.secondsLeft)
  }
  const loss = losses.length === 0 ? null : losses.reduce((sum, one) => sum + one, 0) / losses.length
  return { done, total, loss, secondsLeft }
}

export const bidLine = ({ worker, price, seconds }: JobView['bids'][number]): string =>
  `${short(worker)} bids ${tokens(price)} tokens, ${seconds} s`

export const refusalLine = ({ worker, reason, seconds, price }: JobView['refusals'][number]): string => {
  const terms =
    seconds === undefined ? '' : ` (${seconds} s${price === undefined ? '' : ` for ${tokens(price)} tokens`})`
  return `${short(worker)} does not bid: ${safe(reason)}${terms}`
}

/** An own job whose workers its builder chooses: it said so, or its private Datanet's rules name none of them. */
export const waitsForChoice = ({ state, byHand, bids }: Pick<JobView, 'state' | 'byHand' | 'bids'>): boolean =>
  state === 'bidding' && byHand && bids.length > 0
export const choiceLine = ({ id }: Pick<JobView, 'id'>): string =>
  `it waits for you to choose among those who bid: tilth jobs award ${id.slice(0, 10)} WORKER`

/** What of a job is news to somebody who watches it, each once. */
function newsOf(job: JobView): string[] {
  return [
    ...job.bids.map(bidLine),
    ...job.refusals.map(one => yellow(refusalLine(one))),
    ...(waitsForChoice(job) ? [yellow(choiceLine(job))] : []),
    ...job.awards.map(({ worker, lot, price, attempt, state, reason }) => {
      const what = lot.kind === 'adapter' ? 'the adapter' : `${lot.coalitions.length} siblings`
      const again = attempt === 0 ? '' : `, attempt ${attempt + 1}`
      if (isAwardLost({ state }))
        return yellow(`${short(worker)} does not train ${what}${again}: ${safe(reason ?? state)}`)
      return `${what} to ${short(worker)} for ${tokens(price)} tokens${again}`
    })
  ]
}

/** `training █████░░░ 62%  loss 1.234  40 s left` */
function stateText(job: JobView): string {
  const { done, total, loss, secondsLeft } = jobProgress(job)
  if (total === 0) return `${job.state}: ${job.bids.length} bids`
  return [
    job.state,
    bar(done, total),
    ...(loss === null ? [] : [`loss ${loss.toFixed(3)}`]),
    ...(secondsLeft === null ? [] : [`${duration(Math.ceil(secondsLeft))} left`])
  ].join('  ')
}

/**
 * Follows a job to its end: bids, refusals and awards as lines, the training as a bar that moves on a terminal, and
 * elsewhere as a line for each tenth of the way.
 */
export async function followJob(api: ApiClient, id: string, out: NodeJS.WriteStream): Promise<JobView> {
  const told = new Set<string>()
  let last = ''
  const line = (text: string): void => {
    out.write(`${out.isTTY ? '\r\x1b[2K' : ''}${text}\n`)
  }
  for (;;) {
    const job = await api.call('job', { params: { id } })
    for (const text of newsOf(job))
      if (!told.has(text)) {
        told.add(text)
        line(text)
      }
    if (isJobEnded(job)) {
      if (out.isTTY) out.write('\r\x1b[2K')
      return job
    }
    if (out.isTTY) out.write(`\r\x1b[2K${stateText(job).slice(0, Math.max(20, (out.columns || 100) - 1))}`)
    else {
      const { done, total } = jobProgress(job)
      const part = `${job.state} ${total === 0 ? '' : Math.floor((done * 100) / total / partPercent)}`
      if (part !== last) line(dim(stateText(job)))
      last = part
    }
    await sleep(pollMs)
  }
}

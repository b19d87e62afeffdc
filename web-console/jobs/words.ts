import { isAwardLost } from '../../daemon/api/contract/views.ts'
import type { JobView } from '../../daemon/api/contract/views.ts'

/** A job's state in words. */
const states: Readonly<Record<string, string>> = {
  posted: 'Waits for bids',
  bidding: 'Bids arrive',
  awarded: 'Awarded',
  training: 'Is trained',
  delivered: 'Is measured',
  accepted: 'Is paid for',
  completed: 'Done',
  expired: 'Ended without a model',
  refunded: 'Ended, money back'
}

export const stateText = ({ state, paused }: Pick<JobView, 'state' | 'paused'>): string =>
  paused && state !== 'completed' && state !== 'expired' && state !== 'refunded'
    ? 'Waits at its checkpoint'
    : (states[state] ?? state)

const methods: Readonly<Record<JobView['settings']['method'], string>> = {
  lora: 'LoRA',
  qlora: 'QLoRA',
  full: 'Full: the linear layers themselves'
}
export const methodName = (method: JobView['settings']['method']): string => methods[method].split(':')[0] ?? method
export const methodText = (method: JobView['settings']['method']): string => methods[method]

/** Whether somebody still works for it, or may. */
export const isUnderWay = ({ state }: Pick<JobView, 'state'>): boolean =>
  state !== 'completed' && state !== 'expired' && state !== 'refunded'

export interface Training {
  readonly step: number
  readonly steps: number
  readonly secondsLeft: number
  readonly tokensPerSecond: number
}

/** The award that the deployed adapter comes from: the latest. */
export const adapterAward = ({ awards }: Pick<JobView, 'awards'>): JobView['awards'][number] | undefined =>
  awards.filter(({ lot }) => lot.kind === 'adapter').toSorted((a, b) => b.attempt - a.attempt)[0]

/** How far all of a job's work is, of one. */
export function doneShare({ awards, state }: Pick<JobView, 'awards' | 'state'>): number {
  if (state === 'completed') return 1
  const alive = awards.filter(award => !isAwardLost(award))
  if (alive.length === 0) return 0
  const sum = alive.reduce((all, { state, progress }) => {
    if (state === 'delivered' || state === 'accepted' || state === 'released') return all + 1
    return all + (progress === null ? 0 : progress.step / Math.max(1, progress.steps))
  }, 0)
  return sum / alive.length
}

/** Attention or not, in a sentence: what a job is doing now. */
export function titleOf(job: JobView, datanet: string): string {
  const award = adapterAward(job)
  const progress = award?.progress
  if (job.paused && isUnderWay(job)) return `The training on ${datanet} waits at its checkpoint`
  // The model itself is what its builder waits for; its siblings follow.
  if (isUnderWay(job) && award?.state === 'training' && progress !== null && progress !== undefined)
    return `A model learns from ${datanet}: step ${progress.step} of ${progress.steps}`
  if (isUnderWay(job) && (award?.state === 'accepted' || award?.state === 'released'))
    return `A model has learnt from ${datanet}; who added what is being found out`
  switch (job.state) {
    case 'posted':
      return `Workers are asked to train on ${datanet}`
    case 'bidding':
      return `${job.bids.length === 1 ? 'One worker has' : `${job.bids.length} workers have`} bid for ${datanet}`
    case 'awarded':
      return `The work on ${datanet} is given out`
    case 'training':
      return `A worker gets ready to train on ${datanet}`
    case 'delivered':
    case 'accepted':
      return `What was trained on ${datanet} is measured and paid for`
    case 'completed':
      return `A model has learnt from ${datanet}`
    default:
      return `The job on ${datanet} ended without a model`
  }
}

import { InvalidError } from '../../../protocol/primitives/index.ts'
import { endOf } from '../../../protocol/jobs/index.ts'
import type { JobRecord } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Cancelled } from '../types.ts'
import type { Desk } from './desk.ts'
import { endWithout } from './endings.ts'
import type { Steps } from './steps.ts'

export const cancelReason = 'cancelled by its builder'

/**
 * bidding | running -> expired, by the builder's wish. Nothing new begins for the job while this runs; a payment into
 * escrow that is under way is waited for, so that it is known and comes back.
 */
export async function cancelJob(desk: Desk, steps: Pick<Steps, 'settled'>, id: Hex): Promise<void> {
  const { escrows } = desk
  const lotsOf = ({ state }: JobRecord) => (state.state === 'running' ? state.lots : [])
  for (const [index, lot] of lotsOf(escrows.must(id)).entries())
    if (lot.state === 'funding') await steps.settled(`${id} lot ${index}`)
  const now = escrows.must(id)
  // [reject] What is over stays as it is.
  if (now.state.state === 'expired' && now.state.reason === cancelReason)
    throw new InvalidError('job.over', 'the job was cancelled already', {
      help: 'What of its money is back or comes back, `tilth wallet balance` says.'
    })
  if (now.state.state !== 'bidding' && now.state.state !== 'running')
    throw new InvalidError('job.over', `the job is ${now.state.state} already`, {
      help: 'Its money is where `tilth jobs` says.'
    })
  // [reject] Work that was handed over is measured, and paid for if it is good: nobody trains for nothing.
  if (lotsOf(now).some(({ state }) => state === 'delivered'))
    throw new InvalidError('job.delivered', 'a worker has handed over what it trained, and it is being measured', {
      consequence: 'retry',
      help: 'Cancel again once it is accepted or rejected: what is not awarded by then is saved.'
    })
  await endWithout(desk, id, cancelReason)
}

/** What a job has cost its builder, and what of it came back or will. */
export function spentOn({ state, document }: JobRecord): Cancelled {
  const sums = { paid: 0n, refunded: 0n, waiting: 0n }
  if (state.state !== 'bidding') {
    for (const lot of state.lots)
      if (lot.state === 'accepted' || lot.state === 'released') sums.paid += lot.award.statement.message.price
      else if (lot.state !== 'offered') sums.waiting += lot.award.statement.message.price
    // What was burnt is as good as paid.
    for (const forfeit of state.forfeits) {
      const end = endOf(forfeit)
      sums[end === undefined ? 'waiting' : end === 'burnt' ? 'paid' : end] += forfeit.award.statement.message.price
    }
  }
  return { ...sums, deadline: Number(document.statement.message.deadline) * 1000 }
}

import { complete, expire, reoffer } from '../../../protocol/jobs/index.ts'
import type { AwardDocument, JobState } from '../../../protocol/jobs/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { composeResult } from '../result.ts'
import type { Desk } from './desk.ts'

/** A lot is offered again: its worker is dead, gave up, or what it delivered is no good. */
export async function giveAgain(
  { deps, escrows, progress, drive }: Desk,
  id: Hex,
  index: number,
  reason: string,
  code: string | null = null
): Promise<void> {
  let lost: AwardDocument | undefined
  await escrows.change(id, record => {
    const { state } = record
    const lot = state.state === 'running' ? state.lots[index] : undefined
    if (
      state.state !== 'running' ||
      lot === undefined ||
      lot.state === 'offered' ||
      lot.state === 'accepted' ||
      lot.state === 'released'
    )
      return record
    lost = lot.award
    const again = reoffer(lot, reason.slice(0, 200), code)
    return {
      ...record,
      state: {
        ...state,
        lots: state.lots.map((other, i) => (i === index ? again.lot : other)),
        forfeits: [...state.forfeits, again.forfeit]
      }
    }
  })
  if (lost === undefined) return
  deps.log.warn('a lot is offered again', { job: id, worker: lost.statement.message.worker, reason })
  deps.events.emit('jobs.reoffered', {
    job: id,
    award: escrows.awardId(lost),
    worker: lost.statement.message.worker,
    reason
  })
  progress.tell(escrows.awardId(lost))
  drive(id)
}

/** bidding | running -> expired. */
export async function endWithout({ deps, escrows, progress, say }: Desk, id: Hex, reason: string): Promise<void> {
  const closed = signStatement(deps.network, 'JobClosed', { job: id, completed: false, result: '' }, deps.key)
  await escrows.change(id, record =>
    record.state.state === 'bidding' || record.state.state === 'running'
      ? { ...record, state: expire(record.state, reason.slice(0, 200), closed) }
      : record
  )
  await say({ kind: 'closed', closed })
  // Who hears of it now consents to its refund now; others when they attach again, or the deadline does it.
  const { state } = escrows.must(id)
  if (state.state === 'expired') for (const { award } of state.forfeits) progress.tell(escrows.awardId(award))
  deps.events.emit('jobs.expired', { job: id, reason })
}

/** running -> completed, once every lot's money is released. */
export async function finish(
  { deps, escrows, say }: Desk,
  id: Hex,
  state: Extract<JobState, { state: 'running' }>
): Promise<void> {
  const result = composeResult(id, escrows.must(id).document, state)
  const cid = await deps.files.addBytes(new TextEncoder().encode(canonicalJson(result)))
  const closed = signStatement(deps.network, 'JobClosed', { job: id, completed: true, result: cid }, deps.key)
  await escrows.change(id, record => ({ ...record, state: complete(record.state, cid, closed) }))
  await say({ kind: 'closed', closed })
  deps.files.provide(cid).catch((error: unknown) => {
    deps.log.info('the result is not in the DHT yet', { job: id, error })
  })
  deps.events.emit('jobs.completed', { job: id, result: cid, adapter: result.adapters.at(-1) ?? '' })
}

/** What became of an award's money, once it has ended. */
const endsOf = { released: 'paid', burnt: 'burnt', refused: 'refused' } as const

/**
 * What escrow of awards that came to nothing can be had back, is. What was delivered is paid for, unless it was
 * measured to be something else than what was asked for: that is refused.
 */
export async function refund({ deps, escrows, progress, nowSeconds }: Desk, id: Hex, index: number): Promise<void> {
  const { state: job } = escrows.must(id)
  const forfeit = job.state === 'bidding' ? undefined : job.forfeits[index]
  if (forfeit === undefined) return
  const { award, consent, code, money } = forfeit
  const escrow = escrows.escrowOf(award)
  const { state } = await deps.chain.escrows.escrow(escrow)
  const settled = async (now: keyof typeof endsOf | 'refunded'): Promise<void> => {
    const money = now === 'refunded' ? undefined : endsOf[now]
    await escrows.changeForfeit(id, index, ({ money: _before, ...one }) => ({
      ...one,
      refunded: now === 'refunded',
      ...(money === undefined ? {} : { money })
    }))
    progress.tell(escrows.awardId(award))
  }
  switch (state) {
    case 'none':
      return settled('refunded')
    case 'funded':
      // Nobody has taken it.
      await deps.chain.escrows.refund(escrow)
      return settled('refunded')
    case 'taken':
      if (consent !== null) await deps.chain.escrows.refundWithConsent(escrow, consent)
      else if (award.statement.message.deadline < nowSeconds()) await deps.chain.escrows.refund(escrow)
      else return
      return settled('refunded')
    case 'delivered':
      if (code === null) return // It was never measured: its worker is paid once the time to decide is over.
      // The work was done as it was asked for; that its data make no better model is the builder's risk.
      if (code === 'delivery.loss') await deps.chain.escrows.release(escrow)
      else await deps.chain.escrows.refuse(escrow)
      return settled(code === 'delivery.loss' ? 'released' : 'refused')
    case 'refused':
      return money === 'refused' ? undefined : settled('refused')
    case 'released':
    case 'refunded':
    case 'burnt':
      return settled(state)
  }
}

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  accept,
  award as awardLot,
  begin,
  budgetLeft,
  complete,
  deliver,
  expire,
  funded,
  giveUp,
  handOver,
  jobRecord,
  newJob,
  offer,
  pickReplacement,
  planAwards,
  release,
  reoffer,
  close,
  started,
  withBid
} from '../../../protocol/jobs/index.ts'
import type { Assignment, LotState } from '../../../protocol/jobs/index.ts'
import { canonicalJson, toHex } from '../../../protocol/primitives/index.ts'
import { award, bid, builder, closed, content, delivery, job, spec, worker } from './documents.ts'

const escrow = `0x${'ee'.repeat(32)}` as const
const [theAward, theDelivery, theJob] = [award(), delivery(), job()] // signed once: signing is slow
const steps = {
  award: (lot: LotState) => awardLot(lot, theAward),
  funded: (lot: LotState) => funded(lot, escrow),
  started,
  deliver: (lot: LotState) => deliver(lot, theDelivery),
  accept: (lot: LotState) => accept(lot, [spec.base], 3),
  release: (lot: LotState) => release(lot, escrow),
  reoffer: (lot: LotState) => reoffer(lot, 'dead').lot
} as const
type Step = keyof typeof steps

/** Every arrow of a lot's diagram; what is not here throws. */
const arrows: Record<LotState['state'], Partial<Record<Step, LotState['state']>>> = {
  offered: { award: 'funding' },
  funding: { funded: 'awarded', reoffer: 'offered' },
  awarded: { started: 'training', deliver: 'delivered', reoffer: 'offered' },
  training: { deliver: 'delivered', reoffer: 'offered' },
  delivered: { accept: 'accepted', reoffer: 'offered' },
  accepted: { release: 'released' },
  released: {}
}

describe('a lot', () => {
  it('goes along the arrows of its diagram and along no other, and survives its way to the disk', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...(Object.keys(steps) as Step[])), { maxLength: 30 }), walk => {
        let lot: LotState = offer({ kind: 'adapter' })
        for (const step of walk) {
          const to = arrows[lot.state][step]
          if (to === undefined) assert.throws(() => steps[step](lot), { code: 'job.transition' })
          else {
            lot = steps[step](lot)
            assert.equal(lot.state, to)
          }
        }
        const fresh = newJob(theJob, 0, null)
        const record = { ...fresh, state: begin(fresh.state, escrow, [builder], [3], [lot]) }
        assert.deepEqual(jobRecord.parse(JSON.parse(canonicalJson(record))), record)
      })
    )
  })

  it('offered again counts the attempt, remembers who failed, and keeps the award for its escrow', () => {
    const { lot, forfeit } = reoffer(started(funded(awardLot(offer({ kind: 'adapter' }), award()), escrow)), 'silence')
    assert.deepEqual([lot.attempt, lot.failed], [1, [worker]])
    assert.deepEqual(forfeit, { award: award(), reason: 'silence', code: null, consent: null, refunded: false })
  })
})

describe('a job', () => {
  const awarded = awardLot(offer({ kind: 'adapter' }), award())
  const delivered = deliver(funded(awarded, escrow), delivery())
  const running = (...lots: LotState[]) => begin(newJob(job(), 0, null).state, escrow, [builder], [3], lots)

  it('is completed only when every lot is released', () => {
    const done = release(accept(delivered, [spec.base], 3), null)
    assert.equal(complete(running(done), spec.manifest, closed()).state, 'completed')
    assert.throws(() => complete(running(done, delivered), spec.manifest, closed()), { code: 'job.transition' })
    assert.throws(() => complete(newJob(job(), 0, null).state, spec.manifest, closed()), { code: 'job.transition' })
    assert.throws(() => begin(running(done), escrow, [], [], []), { code: 'job.transition' })
  })

  it('expired keeps what was accepted, so that it is paid, and forfeits the rest', () => {
    const state = expire(
      running(accept(delivered, [spec.base], 3), delivered, offer({ kind: 'adapter' })),
      'late',
      closed()
    )
    assert.deepEqual(
      state.lots.map(lot => lot.state),
      ['accepted']
    )
    assert.deepEqual(
      state.forfeits.map(({ reason }) => reason),
      ['late']
    )
    assert.throws(() => expire(state, 'again', closed()), { code: 'job.transition' })
  })

  it('has its budget less what is awarded; awards that came to nothing are free again', () => {
    const record = { ...newJob(job(), 0, null), state: running(awarded, offer({ kind: 'adapter' })) }
    assert.equal(budgetLeft(record), 900n)
    assert.equal(budgetLeft({ ...record, state: running(reoffer(awarded, 'dead').lot) }), 1000n)
  })

  it('keeps one bid of each worker, and is not changed by one it has', () => {
    const one = withBid(newJob(job(), 0, null), bid())
    assert.equal(withBid(one, bid()), one)
    assert.deepEqual(withBid(one, bid({ price: 90n })).bids, [bid({ price: 90n })])
  })
})

describe('awards', () => {
  const bidder = (name: number, price: bigint, seconds: number, siblingPrice = price) =>
    bid({ worker: toHex(new Uint8Array(20).fill(name)), price, siblingPrice, seconds })
  const coalitions = Array.from({ length: 8 }, (_, i) => BigInt(i))
  const rows = [10, 10, 10]

  it('go to the best by price and time, the siblings to all', () => {
    const plan = planAwards([bidder(1, 100n, 60), bidder(2, 110n, 30), bidder(3, 300n, 30)], 5000n, coalitions, rows)!
    assert.deepEqual(plan[0], { worker: toHex(new Uint8Array(20).fill(2)), lot: { kind: 'adapter' }, price: 110n })
    assert.deepEqual(
      plan
        .slice(1)
        .flatMap(({ lot }) => (lot.kind === 'siblings' ? lot.coalitions : []))
        .sort((a, b) => a - b),
      [1, 2, 3, 4, 5, 6]
    )
  })

  it('stay within the budget, leaving out the dearest, or are none at all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(1n, 300n), fc.integer({ min: 1, max: 100 }), fc.bigInt(1n, 300n)), {
          maxLength: 5
        }),
        fc.bigInt(1n, 2000n),
        (bids, budget) => {
          const plan = planAwards(
            bids.map(([price, seconds, siblings], i) => bidder(i + 1, price, seconds, siblings)),
            budget,
            coalitions,
            rows
          )
          if (plan === undefined) return
          assert.ok(plan.reduce((sum, { price }) => sum + price, 0n) <= budget)
          assert.equal(plan.flatMap(({ lot }) => (lot.kind === 'siblings' ? lot.coalitions : [])).length, 6)
        }
      )
    )
    assert.equal(planAwards([], 100n, coalitions, rows), undefined)
    assert.equal(planAwards([bidder(1, 101n, 1)], 100n, coalitions, rows), undefined)
    // the adapter fits, its siblings do not
    assert.equal(planAwards([bidder(1, 50n, 1)], 100n, coalitions, rows), undefined)
  })

  it('after a death go to the next best who fits what is left', () => {
    const bids = [bidder(1, 10n, 10), bidder(2, 20n, 10), bidder(3, 15n, 10)]
    const failed = [toHex(new Uint8Array(20).fill(1))]
    assert.equal(pickReplacement(bids, { kind: 'adapter' }, failed, 100n, coalitions, rows)!.price, 15n)
    assert.equal(pickReplacement(bids, { kind: 'adapter' }, failed, 12n, coalitions, rows), undefined)
  })
})

describe('an assignment', () => {
  const queued: Assignment = { state: 'queued', award: award(), escrow }
  it('is handed over and paid, or given up and refunded, and nothing else', () => {
    const delivered = handOver(queued, delivery(), content)
    assert.deepEqual(close(delivered, true), { state: 'closed', award: award(), escrow, paid: true })
    assert.deepEqual(close(giveUp(queued, 'superseded'), false), {
      state: 'closed',
      award: award(),
      escrow,
      paid: false
    })
    for (const wrong of [
      () => close(queued, true),
      () => handOver(delivered, delivery(), content),
      // What was delivered is given up no more, whatever its builder says.
      () => giveUp(delivered, 'superseded'),
      () => giveUp(close(delivered, true), ''),
      () => handOver(giveUp(queued, ''), delivery(), content)
    ]) {
      assert.throws(wrong, { code: 'assignment.transition' })
    }
  })
})

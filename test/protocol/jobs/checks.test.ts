import assert from 'node:assert/strict'
import {
  checkAward,
  checkBid,
  checkClosed,
  checkDelivery,
  checkDeliveryContent,
  checkEscrow,
  checkTuneJob,
  jobMessage,
  workerReport
} from '../../../protocol/jobs/index.ts'
import { digest } from '../../../protocol/crypto/index.ts'
import { canonicalJson } from '../../../protocol/primitives/index.ts'
import {
  award,
  bid,
  builder,
  closed,
  content,
  context,
  delivery,
  job,
  jobId,
  network,
  now,
  spec,
  strangerKey,
  worker
} from './documents.ts'

/** Each row: what was spoilt, the check, its code and its consequence. */
type Row = readonly [what: string, check: () => unknown, code: string, consequence: 'reject' | 'ignore']
const other = `0x${'77'.repeat(32)}` as const
const siblings = (...coalitions: number[]) => ({ kind: 'siblings' as const, coalitions })
const escrow = { state: 'funded', builder, worker, amount: 100n, deadline: now + 600n }

const refused: readonly Row[] = [
  ['a job signed by a stranger', () => checkTuneJob(job({}, strangerKey), context), 'signature.mismatch', 'reject'],
  [
    'a job of another network',
    () => checkTuneJob(job(), { ...context, network: { ...network, chainId: 1 } }),
    'signature.mismatch',
    'reject'
  ],
  [
    'a job whose specification was exchanged',
    () => checkTuneJob({ ...job(), spec: { ...spec, coalitions: 13 } }, context),
    'job.spec',
    'reject'
  ],
  ['a job without money', () => checkTuneJob(job({ budget: 0n }), context), 'job.budget', 'reject'],
  [
    'a job that ends before it begins',
    () => checkTuneJob(job({ deadline: now - 10n }), context),
    'job.deadline',
    'reject'
  ],
  [
    'a job for longer than thirty days',
    () => checkTuneJob(job({ deadline: now + 31n * 86_400n }), context),
    'job.deadline',
    'reject'
  ],
  ['a job from the future', () => checkTuneJob(job({ createdAt: now + 121n }), context), 'job.future', 'ignore'],
  ['a job whose time is over', () => checkTuneJob(job(), { ...context, now: now + 600n }), 'job.late', 'ignore'],

  ['a bid for another job', () => checkBid(bid({ job: other }), job(), context), 'bid.job', 'reject'],
  ['a bid signed by a stranger', () => checkBid(bid({}, strangerKey), job(), context), 'signature.mismatch', 'reject'],
  [
    'the builder bidding',
    () => checkBid(bid({ worker: builder }, new Uint8Array(32).fill(1)), job(), context),
    'bid.self',
    'reject'
  ],
  ['a bid of no time', () => checkBid(bid({ seconds: 0 }), job(), context), 'bid.seconds', 'reject'],
  ['a bid beyond the job', () => checkBid(bid({ expires: now + 601n }), job(), context), 'bid.expires', 'reject'],
  ['a bid that has expired', () => checkBid(bid({ expires: now }), job(), context), 'bid.late', 'ignore'],
  ['a bid above the budget', () => checkBid(bid({ price: 1001n }), job(), context), 'bid.dear', 'ignore'],
  ['siblings above the budget', () => checkBid(bid({ siblingPrice: 1001n }), job(), context), 'bid.dear', 'ignore'],
  ['a bid too slow', () => checkBid(bid({ seconds: 601 }), job(), context), 'bid.slow', 'ignore'],

  ['an award for another job', () => checkAward(award({ job: other }), job(), context), 'award.job', 'reject'],
  [
    'an award by a stranger',
    () => checkAward(award({}, undefined, strangerKey), job(), context),
    'signature.mismatch',
    'reject'
  ],
  [
    'an award whose lot was exchanged',
    () => checkAward({ ...award(), lot: siblings(1) }, job(), context),
    'award.lot',
    'reject'
  ],
  [
    'an award of the empty coalition',
    () => checkAward(award({}, siblings(0, 1)), job(), context),
    'award.coalitions',
    'reject'
  ],
  [
    'an award with a sibling twice',
    () => checkAward(award({}, siblings(2, 2)), job(), context),
    'award.coalitions',
    'reject'
  ],
  ['an award out of order', () => checkAward(award({}, siblings(3, 2)), job(), context), 'award.coalitions', 'reject'],
  [
    'an award of siblings that the job has not',
    () => checkAward(award({}, siblings(64)), job(), context),
    'award.coalitions',
    'reject'
  ],
  ['an award above the budget', () => checkAward(award({ price: 1001n }), job(), context), 'award.price', 'reject'],
  [
    'an award beyond the job',
    () => checkAward(award({ deadline: now + 601n }), job(), context),
    'award.deadline',
    'reject'
  ],
  ['an award whose time is over', () => checkAward(award({ deadline: now }), job(), context), 'award.late', 'ignore'],

  [
    'an award below the bid',
    () => checkEscrow(award().statement.message, builder, 101n, escrow),
    'award.cheap',
    'reject'
  ],
  [
    'no escrow',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, state: 'none' }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an escrow given back',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, state: 'refunded' }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an escrow with less',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, amount: 99n }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an escrow with more, for which the deposit is larger',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, amount: 101n }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an escrow that ends later, so that its builder may decide for ever',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, deadline: escrow.deadline + 1n }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an award that is far above the bid, and its deposit with it',
    () => checkEscrow(award().statement.message, builder, 24n, escrow),
    'award.dear',
    'reject'
  ],
  [
    'an escrow for another worker',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, worker: builder }),
    'award.unpaid',
    'ignore'
  ],
  [
    "another builder's escrow",
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, builder: worker }),
    'award.unpaid',
    'ignore'
  ],
  [
    'an escrow that ends early',
    () => checkEscrow(award().statement.message, builder, 100n, { ...escrow, deadline: now }),
    'award.unpaid',
    'ignore'
  ],

  [
    'a delivery for another job',
    () => checkDelivery(delivery({ job: other }), award(), context),
    'delivery.lot',
    'reject'
  ],
  [
    'a delivery for another lot',
    () => checkDelivery(delivery({ lot: other }), award(), context),
    'delivery.lot',
    'reject'
  ],
  [
    'a delivery by another worker',
    () => checkDelivery(delivery({ worker: builder }), award(), context),
    'delivery.worker',
    'reject'
  ],
  [
    'a delivery signed by a stranger',
    () => checkDelivery(delivery({}, strangerKey), award(), context),
    'signature.mismatch',
    'reject'
  ],
  [
    'delivered adapters that were not signed for',
    () => checkDeliveryContent({ ...content, adapters: [spec.manifest] }, delivery().message, { kind: 'adapter' }),
    'delivery.log',
    'reject'
  ],
  [
    'one adapter for two siblings',
    () => checkDeliveryContent(content, delivery().message, siblings(1, 2)),
    'delivery.count',
    'reject'
  ],

  ['an end by a stranger', () => checkClosed(closed({}, strangerKey), job(), context), 'signature.mismatch', 'reject'],
  ['the end of another job', () => checkClosed(closed({ job: other }), job(), context), 'closed.job', 'reject'],
  [
    'a completed job without a result',
    () => checkClosed(closed({ result: '' }), job(), context),
    'closed.result',
    'reject'
  ],
  [
    'a result of a job that was not completed',
    () => checkClosed(closed({ completed: false }), job(), context),
    'closed.result',
    'reject'
  ]
]

describe('checks of jobs', () => {
  for (const [what, check, code, consequence] of refused) {
    it(`${consequence} ${what}`, () => {
      assert.throws(check, { code, consequence })
    })
  }

  it('let good documents through', () => {
    assert.equal(checkTuneJob(job(), context), jobId)
    checkBid(bid(), job(), context)
    assert.equal(
      checkAward(award({}, siblings(1, 2, 15)), job(), context),
      digest(network, 'Award', award({}, siblings(1, 2, 15)).statement.message)
    )
    checkEscrow(award().statement.message, builder, 100n, escrow)
    checkDelivery(delivery(), award(), context)
    checkDeliveryContent(content, delivery().message, { kind: 'adapter' })
    checkClosed(closed(), job(), context)
    checkClosed(closed({ completed: false, result: '' }), job(), context)
  })
})

describe('messages of jobs', () => {
  it('come out of their JSON as they went in', () => {
    for (const message of [
      { kind: 'job', job: job() },
      { kind: 'bid', bid: bid() },
      { kind: 'award', award: award() },
      { kind: 'delivery', delivery: delivery() },
      { kind: 'closed', closed: closed() }
    ]) {
      assert.deepEqual(jobMessage.parse(JSON.parse(canonicalJson(message))), message)
    }
  })

  it('refuse unknown kinds, unknown fields, wide numbers as numbers, and lists beyond their limits', () => {
    const good = JSON.parse(canonicalJson({ kind: 'bid', bid: bid() })) as { bid: { message: object } }
    assert.ok(jobMessage.safeParse(good).success)
    for (const bad of [
      { ...good, kind: 'steal' },
      { ...good, extra: 1 },
      { ...good, round: 7 }, // whatever is not signed could be varied without end
      { ...good, bid: { ...good.bid, message: { ...good.bid.message, price: 100 } } },
      { kind: 'award', award: { ...award(), lot: siblings(...Array.from({ length: 4097 }, (_, i) => i)) } },
      null,
      [],
      'bid',
      7
    ])
      assert.equal(jobMessage.safeParse(bad).success, false)
    for (const bad of [
      {
        kind: 'progress',
        step: 1,
        steps: 2,
        tokensPerSecond: 1,
        secondsLeft: 1,
        losses: Array.from({ length: 4097 }, () => 1)
      },
      { kind: 'alive', stage: 'asleep' },
      { kind: 'consent', signature: '0x12' }
    ]) {
      assert.equal(workerReport.safeParse(bad).success, false)
    }
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidError, NotFoundError, foreignCode } from '../../../protocol/primitives/index.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import { createBucket, createBuckets } from '../../../node/transport/limits/quota.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'

const minutes = 60_000

describe('transport: reputation', () => {
  it("ten rejects ban, once; nobody's faults cost nothing", () => {
    const banned: string[] = []
    const reputation = createReputation(manualClock(), peer => {
      banned.push(peer)
    })
    for (let i = 0; i < 50; i++) {
      reputation.chargeFor('honest', new NotFoundError(foreignCode('x.unknown'), 'x'))
      reputation.chargeFor('honest', new Error('a bug of ours'))
    }
    for (let i = 0; i < 9; i++) reputation.chargeFor('bad', new InvalidError(foreignCode('x.bad'), 'x'))
    assert.deepEqual([reputation.banned('bad'), reputation.score('honest') === 0], [false, true])
    for (let i = 0; i < 9; i++) reputation.chargeFor('bad', new InvalidError(foreignCode('x.bad'), 'x'))
    assert.deepEqual([banned, reputation.banned('bad'), reputation.banned('honest')], [['bad'], true, false])
    assert.ok(reputation.score('bad') < -80, 'gossip graylists before')
  })

  it('debt is forgotten by halves: a banned peer comes back, an old offence counts little', async () => {
    const clock = manualClock()
    const reputation = createReputation(clock, () => undefined)
    for (let i = 0; i < 10; i++) reputation.charge('bad', 'reject')
    await clock.advance(5 * minutes)
    assert.ok(reputation.banned('bad'), 'half of the debt is still too much')
    assert.ok(Math.abs(reputation.score('bad') + 50) < 1e-6)
    await clock.advance(6 * minutes)
    assert.equal(reputation.banned('bad'), false)
    await clock.advance(120 * minutes)
    assert.ok(reputation.score('bad') > -0.1)
  })

  it("a service's refusals take far longer to ban than broken frames", () => {
    const reputation = createReputation(manualClock(), () => undefined)
    for (let i = 0; i < 40; i++) reputation.chargeFor('clumsy', new InvalidError(foreignCode('x.bad'), 'x'), 'refused')
    assert.equal(reputation.banned('clumsy'), false)
  })
})

describe('transport: quota', () => {
  it('never lets through more than its burst and its rate', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ wait: fc.nat(3000), tries: fc.nat(30) }), { maxLength: 20 }),
        async steps => {
          const clock = manualClock()
          const start = clock.now()
          const bucket = createBucket({ perSecond: 5, burst: 10 }, clock)
          let taken = 0
          for (const { wait, tries } of steps) {
            await clock.advance(wait)
            for (let i = 0; i < tries; i++) if (bucket.take()) taken++
            assert.ok(taken <= 10 + ((clock.now() - start) * 5) / 1000 + 1e-6)
          }
          await clock.advance(bucket.wait())
          assert.ok(bucket.take(), 'after its wait there is one')
        }
      )
    )
  })

  it('each peer has its own', () => {
    const buckets = createBuckets({ perSecond: 1, burst: 1 }, manualClock())
    assert.deepEqual([buckets('a').take(), buckets('a').take(), buckets('b').take()], [true, false, true])
  })
})

import assert from 'node:assert/strict'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { InvalidError, NotFoundError, foreignCode } from '../../../protocol/primitives/index.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { createBucket, createBuckets } from '../../../node/transport/limits/quota.ts'
import { readDebts, writeDebts } from '../../../node/transport/limits/debts.ts'
import { createReputation } from '../../../node/transport/limits/reputation.ts'
import { scratch } from '../../harness/index.ts'

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

describe('transport: what peers owe outlives a process', () => {
  it('debts come back as they would have been, bans too, and no more than are kept', async () => {
    const folder = await scratch('debts')
    const path = join(folder, 'debts.json')
    const clock = manualClock()
    const first = createReputation(clock, () => undefined)
    for (let i = 0; i < 10; i++) first.charge('banned', 'reject')
    first.charge('once', 'reject')
    for (let i = 0; i < 12_000; i++) first.charge(`small ${i}`, 'rate')
    assert.ok(first.debts().length <= 10_000)
    for (let i = 0; i < 10; i++) first.charge('banned', 'reject')
    await writeDebts(path, first.debts())
    await clock.advance(5 * 60_000)
    const kept = await readDebts(path, silentLog)
    assert.ok(kept.length <= 1_000)
    const second = createReputation(clock, () => undefined, kept)
    assert.equal(second.banned('banned'), true)
    assert.ok(Math.abs(second.score('banned') - first.score('banned')) < 1e-6)
    await rm(folder, { recursive: true })
  })

  it('a damaged file is set aside', async () => {
    const folder = await scratch('debts')
    const path = join(folder, 'debts.json')
    await writeFile(path, '[{"peerId":1}]')
    assert.deepEqual(await readDebts(path, silentLog), [])
    assert.equal(await readFile(`${path}.bad`, 'utf8'), '[{"peerId":1}]')
    await rm(folder, { recursive: true })
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

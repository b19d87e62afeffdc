import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { manualClock } from '../../../node/runtime/index.ts'
import { framesInTurn } from '../../../node/transport/host/dht/frames-in-turn.ts'
import { createTurns } from '../../../node/transport/host/dht/turns.ts'
import type { Turns, Work } from '../../../node/transport/host/dht/turns.ts'

const quota = { perSecond: 100, burst: 50 }
const soon = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await soon()
}

const fail = (error: Error): void => {
  throw error
}

/** Somebody with so many pieces to be done, of which each is told of. */
function brings(turns: Turns, range: string, peer: string, pieces: number, told: string[], cost = 1): Work {
  let left = pieces
  const work: Work = {
    range,
    peer,
    serve() {
      told.push(peer)
      return { cost, more: --left > 0 }
    },
    fail
  }
  turns.join(work)
  return work
}

/** Its messages, one after another. */
const framedBy = (stream: Stream, turns: Turns): Stream =>
  framesInTurn(stream, {
    turns,
    range: 'a',
    peer: 'one',
    maxBytes: 100,
    costOf: () => 1,
    hold: () => true,
    take: message => message,
    onTooLarge: () => undefined
  })

describe('turns of many within what all of them may cost', () => {
  it('cost no more in time than their quota, whoever they are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(3), fc.nat(9), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 8 })), {
          minLength: 1,
          maxLength: 20
        }),
        fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 5 }),
        async (all, pauses) => {
          const clock = manualClock()
          const turns = createTurns(quota, clock)
          let spent = 0
          let whole = 0
          for (const [range, peer, pieces, cost] of all) {
            let left = pieces
            whole += pieces * cost
            const serve = (): { cost: number; more: boolean } => {
              spent += cost
              return { cost, more: --left > 0 }
            }
            turns.join({ range: `${range}`, peer: `${peer}`, serve, fail })
          }
          let ms = 0
          for (const pause of pauses) {
            await settled()
            await clock.advance(pause)
            ms += pause
            // What is begun is done to its end, and waited for afterwards.
            assert.ok(spent <= quota.burst + (quota.perSecond * ms) / 1000 + 8, `${spent} after ${ms} ms`)
          }
          const isDone = (): boolean => spent >= whole
          while (!isDone()) {
            await settled()
            await clock.advance(1000)
          }
        }
      ),
      { numRuns: 10 }
    )
  })

  it('come to who has little after one piece of each other at the place, and of each other place', async () => {
    const clock = manualClock()
    const turns = createTurns(quota, clock)
    const told: string[] = []
    // Fifty names at one place, and a second place, with more than there is.
    for (let i = 0; i < 50; i++) brings(turns, '192.0.2', `flood ${i}`, 1_000, told)
    brings(turns, '198.51.100', 'other', 1_000, told)
    await settled()
    const before = told.length
    assert.ok(before <= quota.burst + 1)
    brings(turns, '203.0.113', 'far', 1, told)
    brings(turns, '192.0.2', 'near', 1, told)
    for (let i = 0; i < 30; i++) {
      await clock.advance(100)
      await settled()
    }
    const after = told.slice(before)
    assert.ok(after.indexOf('far') >= 0 && after.indexOf('far') < 3, `from elsewhere at ${after.indexOf('far')}`)
    const ofPlace = after.filter(name => name.startsWith('flood') || name === 'near')
    assert.ok(ofPlace.indexOf('near') >= 0 && ofPlace.indexOf('near') <= 50, `at ${ofPlace.indexOf('near')}`)
  })

  it('go on for all others when the work of one fails', async () => {
    const turns = createTurns(quota, manualClock())
    const told: string[] = []
    const serve = (): never => {
      throw new Error('no such thing')
    }
    turns.join({ range: 'a', peer: 'one', serve, fail: error => void told.push(error.message) })
    brings(turns, 'a', 'two', 2, told)
    await settled()
    assert.deepEqual(told, ['no such thing', 'two', 'two'])
  })

  it('stand still while so many questions are being answered, and go on as one has been', async () => {
    const turns = createTurns({ perSecond: 100, burst: 1_000 }, manualClock(), 2)
    const answered: (() => void)[] = []
    let left = 10
    turns.join({
      range: 'a',
      peer: 'one',
      serve() {
        answered.push(turns.asked())
        return { cost: 1, more: --left > 0 }
      },
      fail
    })
    await settled()
    assert.equal(answered.length, 2)
    answered[0]?.()
    answered[0]?.()
    await settled()
    assert.equal(answered.length, 3)
  })

  it('bring a stream one question at a time, however many it has said: the next comes after the answer', async () => {
    const [near, far] = await streamPair()
    const read: number[] = []
    const turns = createTurns({ perSecond: 100, burst: 1_000 }, manualClock())
    const framed = framedBy(near, turns)
    framed.addEventListener('message', ({ data }) => read.push(data.subarray()[1] ?? 0))
    far.addEventListener('message', () => undefined)
    far.send(Uint8Array.of(1, 7, 1, 8, 1, 9))
    while (read.length === 0) await soon()
    await settled()
    assert.deepEqual(read, [7])
    framed.send(Uint8Array.of(1, 0))
    while (read.length === 1) await soon()
    await settled()
    assert.deepEqual(read, [7, 8])
  })

  it('have room again when a peer is gone before it is answered', async () => {
    const [near, far] = await streamPair()
    const turns = createTurns({ perSecond: 100, burst: 1_000 }, manualClock(), 1)
    const read: number[] = []
    const framed = framedBy(near, turns)
    framed.addEventListener('message', ({ data }) => read.push(data.subarray()[1] ?? 0))
    far.send(Uint8Array.of(1, 7))
    while (read.length === 0) await soon()
    near.send = () => {
      throw new Error('the other side has broken it off')
    }
    assert.throws(() => framed.send(Uint8Array.of(1, 0)), /broken it off/)
    const told: string[] = []
    brings(turns, 'a', 'two', 1, told)
    await settled()
    assert.deepEqual(told, ['two'])
  })

  it('are waited for as well by what came to cost more, and end with who leaves', async () => {
    const clock = manualClock()
    const turns = createTurns(quota, clock)
    const told: string[] = []
    brings(turns, 'a', 'one', 10, told)
    turns.spend(240)
    const work = brings(turns, 'a', 'two', 10, told)
    await settled()
    assert.deepEqual([told.length, told.includes('two')], [10, false])
    await clock.advance(1_900)
    assert.ok(!told.includes('two'))
    await clock.advance(150)
    assert.ok(told.includes('two'))
    turns.leave(work)
    await clock.advance(10_000)
    assert.ok(told.filter(name => name === 'two').length < 10)
  })
})

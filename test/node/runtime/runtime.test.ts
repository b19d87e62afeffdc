import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvalidError, TilthError, foreignCode } from '../../../protocol/primitives/index.ts'
import {
  counter,
  createEvents,
  createLifecycle,
  createLog,
  createMetrics,
  createQueue,
  gauge,
  manualClock,
  retry,
  silentLog,
  systemClock
} from '../../../node/runtime/index.ts'
import type { Log } from '../../../node/runtime/index.ts'

const tick = (): Promise<void> =>
  new Promise(resolve => {
    setImmediate(resolve)
  })

describe('runtime: clock', () => {
  it('a manual clock wakes sleepers in order of time, and tells it', async () => {
    const clock = manualClock(1000)
    const woken: [string, number][] = []
    const sleeper = async (name: string, ms: number): Promise<void> => {
      await clock.sleep(ms)
      woken.push([name, clock.now()])
    }
    const all = [sleeper('late', 300), sleeper('early', 100)]
    await clock.advance(200)
    assert.deepEqual(woken, [['early', 1100]])
    await clock.advance(100)
    await Promise.all(all)
    assert.deepEqual(woken, [
      ['early', 1100],
      ['late', 1300]
    ])
  })

  it('an aborted sleep throws the reason', async () => {
    for (const clock of [systemClock, manualClock()]) {
      const abort = new AbortController()
      const sleep = clock.sleep(60_000, abort.signal)
      abort.abort(new InvalidError(foreignCode('test.stop'), 'stop'))
      await assert.rejects(sleep, { code: 'test.stop' })
    }
  })

  it('every goes on after a failure, reports it, and stops', async () => {
    const clock = manualClock()
    let calls = 0
    const errors: unknown[] = []
    const stop = clock.every(
      10,
      () => {
        calls++
        if (calls === 1) throw new Error('first')
      },
      error => errors.push(error)
    )
    await clock.advance(10)
    await clock.advance(10)
    assert.deepEqual([calls, errors.length], [2, 1])
    stop()
    await tick()
    await clock.advance(100)
    assert.equal(calls, 2)
  })
})

describe('runtime: queue', () => {
  it('keeps the order of each key and runs no key twice at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ key: fc.constantFrom('a', 'b', 'c'), turns: fc.nat(3) }), { maxLength: 30 }),
        async jobs => {
          const queue = createQueue({ name: 'test', bound: 100, concurrency: 2 })
          const done = new Map<string, number[]>()
          const active = new Map<string, number>()
          let atOnce = 0
          await Promise.all(
            jobs.map(({ key, turns }, i) =>
              queue.run(key, async () => {
                assert.equal(active.get(key) ?? 0, 0)
                active.set(key, 1)
                assert.ok(++atOnce <= 2)
                for (let t = 0; t < turns; t++) await tick()
                done.set(key, [...(done.get(key) ?? []), i])
                active.set(key, 0)
                atOnce--
              })
            )
          )
          for (const order of done.values())
            assert.deepEqual(
              order,
              [...order].sort((a, b) => a - b)
            )
          assert.equal(queue.size, 0)
          await queue.idle()
        }
      ),
      { numRuns: 30 }
    )
  })

  it('refuses what is over its bound at once, and goes on after a failure', async () => {
    const queue = createQueue({ name: 'test', bound: 2, concurrency: 1 })
    const failing = queue.run('k', async () => {
      await tick()
      throw new InvalidError(foreignCode('test.bad'), 'bad')
    })
    const second = queue.run('k', () => Promise.resolve('second'))
    await assert.rejects(
      queue.run('k', () => Promise.resolve('third')),
      { code: 'queue.full' }
    )
    await assert.rejects(failing, { code: 'test.bad' })
    assert.equal(await second, 'second')
    await assert.rejects(
      queue.run('k', () => {
        throw new InvalidError(foreignCode('test.sync'), 'at once')
      }),
      { code: 'test.sync' }
    )
    assert.equal(queue.size, 0)
  })
})

describe('runtime: events', () => {
  interface News {
    'a.happened': { n: number }
    'b.happened': string
  }

  it('every listener hears in order; one that fails is reported and goes on', async () => {
    const errors: string[] = []
    const log: Log = {
      ...silentLog,
      error: message => {
        errors.push(message)
      }
    }
    const events = createEvents<News>(log)
    const slow: number[] = []
    const quick: number[] = []
    events.on('a.happened', async ({ n }) => {
      for (let i = n; i < 3; i++) await tick()
      slow.push(n)
    })
    events.on('a.happened', ({ n }) => {
      if (n === 1) throw new Error('one')
      quick.push(n)
    })
    for (const n of [0, 1, 2]) events.emit('a.happened', { n })
    for (let i = 0; i < 20; i++) await tick()
    assert.deepEqual([slow, quick, errors.length], [[0, 1, 2], [0, 2], 1])
  })

  it("once takes the next event that fits, or the signal's reason", async () => {
    const events = createEvents<News>(silentLog)
    const next = events.once('a.happened', { where: ({ n }) => n > 5 })
    events.emit('a.happened', { n: 1 })
    events.emit('a.happened', { n: 7 })
    assert.deepEqual(await next, { n: 7 })
    const abort = new AbortController()
    const never = events.once('b.happened', { signal: abort.signal })
    abort.abort(new InvalidError(foreignCode('test.stop'), 'stop'))
    await assert.rejects(never, { code: 'test.stop' })
  })
})

describe('runtime: log', () => {
  it('writes JSON lines with codes and causes, and no secret however deep it stands', () => {
    const lines: string[] = []
    const log = createLog({
      level: 'debug',
      destination: {
        write: line => {
          lines.push(line)
        }
      }
    })
    log.child({ service: 'models' }).info('a request', {
      apiToken: 's1',
      deep: [{ privateKey: 's2', passphrase: 's3' }],
      prompt: 's4',
      messages: [{ content: 's5' }],
      inputTokens: 12,
      fee: 5n,
      bytes: Uint8Array.of(115, 54),
      error: new TilthError(foreignCode('a.b'), 'outer', { cause: new Error('inner'), details: { password: 's7' } })
    })
    const line = lines[0] ?? ''
    assert.equal(lines.length, 1)
    for (let i = 1; i <= 7; i++) assert.ok(!line.includes(`s${i}`), `s${i} was logged`)
    const fields: unknown = JSON.parse(line)
    assert.partialDeepStrictEqual(fields, {
      service: 'models',
      inputTokens: 12,
      fee: '5',
      bytes: '2 bytes',
      error: { code: 'a.b', cause: { message: 'inner' } }
    })
  })

  it('is quiet unless told otherwise', () => {
    const lines: string[] = []
    const log = createLog({
      destination: {
        write: line => {
          lines.push(line)
        }
      }
    })
    log.info('nothing to see')
    log.warn('look')
    assert.equal(lines.length, 1)
  })
})

describe('runtime: metrics', () => {
  it('one name is one metric of a registry, and registries are apart', async () => {
    const [one, two] = [createMetrics(), createMetrics()]
    counter(one, 'x_total', 'x', ['kind']).inc({ kind: 'a' })
    counter(one, 'x_total', 'x', ['kind']).inc({ kind: 'a' })
    gauge(one, 'y', 'y', [], metric => {
      metric.set(7)
    })
    const text = await one.metrics()
    assert.match(text, /x_total\{kind="a"\} 2/)
    assert.match(text, /^y 7$/m)
    assert.equal((await two.metrics()).trim(), '')
  })
})

describe('runtime: retry', () => {
  it('tries again what may go through, and throws at once what will not', async () => {
    const clock = manualClock()
    const run = async <T>(work: Promise<T>): Promise<T> => {
      const all = work
      all.catch(() => undefined)
      for (let i = 0; i < 10; i++) await clock.advance(10_000)
      return await all
    }
    let calls = 0
    assert.equal(
      await run(
        retry(
          attempt => {
            calls++
            return attempt < 3 ? Promise.reject(new Error('no')) : Promise.resolve('yes')
          },
          { attempts: 5, clock }
        )
      ),
      'yes'
    )
    assert.equal(calls, 3)
    calls = 0
    await assert.rejects(
      run(
        retry(
          () => {
            calls++
            return Promise.reject(new InvalidError(foreignCode('test.bad'), 'bad'))
          },
          { attempts: 5, clock }
        )
      ),
      { code: 'test.bad' }
    )
    assert.equal(calls, 1)
    calls = 0
    await assert.rejects(
      run(
        retry(
          () => {
            calls++
            return Promise.reject(new Error('no'))
          },
          { attempts: 4, clock }
        )
      ),
      { message: 'no' }
    )
    assert.equal(calls, 4)
  })
})

describe('runtime: lifecycle', () => {
  it('stops in reverse order what was started, also past a failure, once', async () => {
    const seen: string[] = []
    const service = (name: string, stop: () => Promise<void> = () => Promise.resolve()) => ({
      name,
      start: () => {
        seen.push(`+${name}`)
        return Promise.resolve()
      },
      stop: () => {
        seen.push(`-${name}`)
        return stop()
      }
    })
    const lifecycle = createLifecycle(silentLog)
    await lifecycle.start(service('store'))
    await lifecycle.start(service('transport', () => Promise.reject(new Error('stuck'))))
    await assert.rejects(
      lifecycle.start({ name: 'data', start: () => Promise.reject(new Error('no')), stop: () => Promise.resolve() })
    )
    await Promise.all([lifecycle.stop(), lifecycle.stop()])
    assert.deepEqual(seen, ['+store', '+transport', '-transport', '-store'])
  })
})

import assert from 'node:assert/strict'
import { createDeclines } from '../../../node/jobs/worker/declines.ts'
import type { DeclineCode } from '../../../node/jobs/index.ts'
import { manualClock } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { coin, request, startNetwork } from './network.ts'
import type { PeerOptions, TestNetwork } from './network.ts'

describe('a job that a worker does not bid for', function () {
  this.timeout(120_000)
  let network: TestNetwork
  before(async () => {
    network = await startNetwork({ engine: fakeEngine() })
  })
  after(() => network.stop())

  const cases: [string, DeclineCode, PeerOptions['policy'], Partial<ReturnType<typeof request>>][] = [
    ['pays too little', 'work.price', { pricePerSecond: 1_000_000n * coin }, {}],
    ['has too large a base', 'work.parameters', { maxParameters: 10 }, {}],
    ['has too many rows', 'work.rows', { maxRows: 3 }, {}],
    ['takes too long', 'work.seconds', { maxSeconds: 0 }, {}]
  ]
  for (const [what, code, policy, change] of cases) {
    it(`${what}: the owner is told, and what to do`, async () => {
      const worker = await network.addPeer(code, { engine: fakeEngine(), ...(policy === undefined ? {} : { policy }) })
      const { id } = await network.builder.service.post({ ...request(network), bidSeconds: 8, ...change })
      await until(() => worker.service.declined().items.some(({ job }) => job === id), 'the job is declined')
      const [view] = worker.service.declined().items.filter(({ job }) => job === id)
      assert.equal(view?.code, code)
      assert.equal(view.builder, network.builder.address)
      assert.equal(view.again, null)
      assert.match(view.help, /configuration/)
      const said = () => network.builder.service.job(id)?.refusals.find(({ worker: by }) => by === worker.address)
      await until(() => said() !== undefined, 'its builder is told why')
      assert.equal(said()?.code, code)
      await network.kill(worker)
    })
  }

  it('is one of many that are remembered, and the oldest are forgotten', async () => {
    const clock = manualClock(1_000)
    const declines = createDeclines(clock)
    const idOf = (i: number): `0x${string}` => `0x${i.toString(16).padStart(64, '0')}`
    for (let i = 0; i < 5_000; i++) declines.note(idOf(i), network.builder.address, new TypeError('no'))
    let [seen, cursor]: [number, string | undefined] = [0, undefined]
    do {
      const { items, next } = declines.list({ limit: 100, cursor })
      seen += items.length
      cursor = next ?? undefined
    } while (cursor !== undefined)
    assert.equal(seen, 500)
    assert.equal(declines.list({ limit: 1 }).items[0]?.job, idOf(4_999))
    assert.ok(declines.waits(idOf(4_999)))
    await clock.advance(6_000)
    assert.ok(!declines.waits(idOf(4_999)), 'what failed is tried again')
  })
})

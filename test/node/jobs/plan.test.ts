import assert from 'node:assert/strict'
import { fakeEngine } from '../../harness/engine/training.ts'
import { until } from '../../harness/index.ts'
import { coin, request, settings, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('jobs: before a job is posted, and when it is called off', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let worker: TestPeer
  /** Of any base, as its builder finds it. */
  let parameters = 120_000
  before(async () => {
    const engine = fakeEngine()
    const { open } = engine
    engine.open = async folder => ({ ...(await open(folder)), parameters })
    network = await startNetwork({ engine })
    // It works long enough to be called off.
    worker = await network.addPeer('worker', { engine: fakeEngine({ stepMs: 500 }) })
  })
  after(() => network.stop())

  const { version } = request({ base: '', datanet: `0x${'00'.repeat(32)}` })
  const plan = (changes: object = {}) =>
    network.builder.service.plan({ base: network.base, datanet: network.datanet, version, ...changes })
  const spent = () => network.builder.chain.tokens.balanceOf(network.builder.address)

  it('says what it would be and cost, roughly while nobody has bid', async () => {
    const { rows, players, cost, settings: recommended, why } = await plan()
    assert.deepEqual([rows, players, cost.basis, cost.bids], [12, 3, 'rough', 0])
    assert.ok(cost.budget > cost.adapter + cost.siblings && cost.adapter > 0n)
    assert.ok(why.some(({ setting }) => setting === 'epochs') && recommended.epochs > 1)
    const own = await plan({ settings: { epochs: 1, lora: settings.lora }, coalitions: 2 })
    assert.deepEqual([own.settings.epochs, own.settings.lora, own.coalitions], [1, settings.lora, 8])
    assert.ok(own.why.every(({ setting }) => setting !== 'epochs' && setting !== 'rank'))
  })

  it('is of another kind where the linear layers themselves are to learn, up to a size of base', async () => {
    const adapter = await plan()
    const full = await plan({ settings: { method: 'full' } })
    assert.equal(full.settings.lora, undefined)
    assert.ok(full.settings.lr < adapter.settings.lr && full.cost.adapter >= adapter.cost.adapter)
    assert.ok(full.why.every(({ setting }) => setting !== 'rank' && setting !== 'method'))
    await assert.rejects(plan({ settings: { method: 'full', lora: settings.lora } }), { code: 'job.spec' })
    await assert.rejects(
      network.builder.service.post({ ...request(network), settings: { ...settings, method: 'full' } }),
      {
        code: 'job.spec'
      }
    )

    parameters = 30_000_001
    await assert.rejects(plan({ settings: { method: 'full' } }), { code: 'job.full-size' })
    const { lora: _lora, ...rest } = settings
    const large = { ...request(network), settings: { ...rest, method: 'full' as const } }
    await assert.rejects(network.builder.service.post(large), { code: 'job.full-size' })
    parameters = 120_000
  })

  it('refuses a base that is none, a folder that is no model, and a version that is not there, in words', async () => {
    const before = network.builder.service.jobs().length
    const file = await network.builder.node.files.addBytes(new TextEncoder().encode('no model'))
    const wrong: [object, string, RegExp][] = [
      [{ base: 'bafytypo' }, 'job.base', /"bafytypo" is no CID/],
      [{ base: file }, 'job.base', /no model's folder|no CID of a folder/],
      [{ version: 7 }, 'job.version', /version 7 of the Datanet is not anchored/]
    ]
    for (const [change, code, says] of wrong) {
      await assert.rejects(plan(change), (error: Error & { code: string }) => {
        assert.equal(error.code, code)
        assert.match(error.message, says)
        return true
      })
      await assert.rejects(network.builder.service.post({ ...request(network), ...change }), { code })
    }
    assert.equal(network.builder.service.jobs().length, before)
  })

  it('is called off while it is bid for: nothing was paid in', async () => {
    const before = await spent()
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 5, bidSeconds: 60 })
    await until(() => network.builder.service.job(id)?.bids.length === 1, 'a bid')
    await assert.rejects(worker.service.cancel(id), { code: 'job.not-ours' })
    await network.builder.service.cancel(id)
    assert.deepEqual(
      [network.builder.service.job(id)?.state, network.builder.service.job(id)?.reason],
      ['refunded', 'cancelled by its builder']
    )
    await until(() => worker.service.job(id)?.state === 'expired', 'the worker knows')
    assert.equal(await spent(), before)
    await assert.rejects(network.builder.service.cancel(id), { code: 'job.over', message: /cancelled already/ })
    const { cost } = await plan()
    assert.deepEqual([cost.basis, cost.bids], ['bids', 1])
  })

  it('is called off while it is trained: its worker agrees, and the money is back at once', async () => {
    const before = await spent()
    const { id } = await network.builder.service.post({
      ...request(network),
      budget: 50n * coin,
      expectedBids: 1
    })
    await until(
      () => network.builder.service.job(id)?.awards.some(({ state }) => state === 'training') === true,
      'training'
    )
    assert.ok((await spent()) < before)
    await network.builder.service.cancel(id)
    await until(() => network.builder.service.spent(id).waiting === 0n, 'all of it came back')
    const { paid, refunded } = network.builder.service.spent(id)
    assert.equal(paid, 0n)
    assert.ok(refunded > 0n)
    assert.equal(await spent(), before)
    assert.equal(network.builder.service.job(id)?.state, 'refunded')
  })
})

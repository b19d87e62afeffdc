import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { JobEvent } from '../../../node/jobs/index.ts'
import { coalitionsOf } from '../../../protocol/jobs/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import type { FakeEngine } from '../../harness/engine/training.ts'
import { coin, players, request, rows, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('a tune job between a builder and two workers', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let cheap: TestPeer
  let dear: TestPeer
  before(async () => {
    const engine = (): FakeEngine => fakeEngine({ setAside: [{ row: 3, code: 'too-long' }] })
    network = await startNetwork({ engine: fakeEngine() })
    cheap = await network.addPeer('cheap', { engine: engine(), policy: { pricePerSecond: coin / 100n } })
    dear = await network.addPeer('dear', { engine: engine(), policy: { pricePerSecond: coin / 10n } })
  })
  after(() => network.stop())

  it('is bid for, awarded, paid into escrow, trained, measured, released and composed', async () => {
    const { builder } = network
    const before = await Promise.all(
      [builder, cheap, dear].map(({ address }) => builder.chain.tokens.balanceOf(address))
    )
    const { id } = await builder.service.post(request(network))
    const heard: JobEvent[] = []
    const listening = (async () => {
      for await (const event of builder.service.progress(id)) heard.push(event)
    })()
    const { result } = await builder.service.completed(id)
    await listening

    assert.deepEqual(result.players, players)
    assert.deepEqual(result.coalitions, coalitionsOf(id, 3, 8).map(String))
    assert.equal(result.adapters[0], null)
    assert.ok(result.adapters.slice(1).every(cid => cid !== null))

    const job = builder.service.job(id)!
    assert.equal(job.state, 'completed')
    assert.deepEqual(job.bids.map(({ worker }) => worker).sort(), [cheap.address, dear.address].sort())
    const adapter = job.awards.find(({ lot }) => lot.kind === 'adapter')!
    assert.equal(adapter.worker, cheap.address)
    assert.equal(adapter.loss.length, 6)
    assert.ok(job.heldOutLoss!.tuned < job.heldOutLoss!.base)
    assert.equal(job.adapter, result.adapters.at(-1))

    const after = await Promise.all(
      [builder, cheap, dear].map(({ address }) => builder.chain.tokens.balanceOf(address))
    )
    for (const [i, { address }] of [cheap, dear].entries()) {
      const earned = job.awards.filter(({ worker }) => worker === address).reduce((sum, { price }) => sum + price, 0n)
      assert.equal(after[i + 1]! - before[i + 1]!, earned)
    }
    assert.equal(
      before[0]! - after[0]!,
      job.awards.reduce((sum, { price }) => sum + price, 0n)
    )
    assert.ok(job.awards.every(({ state }) => state === 'released'))
    // Whoever knows the job is told which rows its base could not learn, and whose they are.
    for (const { service } of [builder, cheap])
      assert.deepEqual(await service.untrained(id), [{ contribution: rows[3]?.contribution, row: 3, code: 'too-long' }])
    await assert.rejects(builder.service.untrained(zeroHash), { code: 'job.unknown' })

    const names = heard.map(({ name }) => name)
    assert.deepEqual(
      [...new Set(names)].filter(name => name !== 'jobs.progress'),
      ['jobs.bid', 'jobs.awarded', 'jobs.delivered', 'jobs.accepted', 'jobs.completed']
    )
    assert.ok(names.includes('jobs.progress'))
  })

  it('is run again by whoever doubts it: the first steps have the losses that were signed for', async () => {
    const { service } = network.builder
    const [job] = service.jobs()
    const result = await service.result(job!.result!)
    for (let sibling = 1; sibling < result.coalitions.length; sibling++) {
      const { coalition, worker, logged, found } = await service.retrain(result, { sibling, steps: 3 })
      assert.equal(coalition, result.coalitions[sibling])
      assert.ok([cheap.address, dear.address].includes(worker))
      assert.deepEqual(found, logged.slice(0, 3))
    }
    await assert.rejects(service.retrain(result, { sibling: 0 }), { code: 'audit.sibling' })
    await assert.rejects(service.retrain(result, { sibling: 99 }), { code: 'audit.sibling' })
  })

  it('is known to every peer, with its end, and leaves no work behind', async () => {
    const [job] = network.builder.service.jobs()
    for (const peer of [cheap, dear]) {
      await until(() => peer.service.job(job!.id)?.state === 'completed', `${peer.name} knows the end`)
      assert.equal((await peer.service.result(peer.service.job(job!.id)!.result!)).job, job!.id)
      await until(
        async () => (await readdir(join(peer.folder, 'jobs', 'work')).catch(() => [])).length === 0,
        `${peer.name} swept its work`
      )
    }
  })

  it('refuses a version that is not anchored, more money than there is, and a node that is no builder', async () => {
    await assert.rejects(network.builder.service.post({ ...request(network), version: 2 }), { code: 'job.version' })
    await assert.rejects(network.builder.service.post({ ...request(network), budget: 2000n * coin }), {
      code: 'job.funds'
    })
    await assert.rejects(cheap.service.post(request(network)), { code: 'job.builder' })
    const product = { split: { worker: 9001, builder: 0, data: 999 } }
    await assert.rejects(network.builder.service.post({ ...request(network), product }), { code: 'split.data' })
  })

  it('ends without awards when no bid fits the budget', async () => {
    const { id } = await network.builder.service.post({
      ...request(network),
      budget: (3n * coin) / 100n,
      bidSeconds: 1.5
    })
    await assert.rejects(network.builder.service.completed(id), { code: 'job.expired' })
    assert.match(network.builder.service.job(id)!.reason!, /budget/)
    assert.deepEqual(network.builder.service.job(id)!.awards, [])
  })
})

import assert from 'node:assert/strict'
import { emptyDraft } from '../../../protocol/jobs/index.ts'
import { maxDrafts } from '../../../node/jobs/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { until } from '../../harness/index.ts'
import { request, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('a builder who steers a job', function () {
  this.timeout(120_000)
  let network: TestNetwork
  const workers: TestPeer[] = []
  const engines = [fakeEngine({ stepMs: 150 }), fakeEngine({ stepMs: 150 })]
  before(async () => {
    network = await startNetwork({ engine: fakeEngine() })
    for (const [i, engine] of engines.entries()) workers.push(await network.addPeer(`worker-${i}`, { engine }))
  })
  after(() => network.stop())
  const job = (id: `0x${string}`) => network.builder.service.job(id)!

  it('awards by hand, has the training wait at its checkpoint and go on, and sees how it went', async () => {
    const { service } = network.builder
    const { id } = await service.post({ ...request(network), bidSeconds: 1, expectedBids: 1, byHand: true })
    await until(() => job(id).bids.length === 2, 'both bid')
    assert.equal(job(id).byHand, true)
    assert.equal(job(id).state, 'bidding') // though the rule's time is over
    await assert.rejects(service.award(id, [network.builder.address]), { code: 'job.award', message: /has not bid/ })
    const chosen = workers[1]!
    await service.award(id, [chosen.address])
    await assert.rejects(service.award(id, [chosen.address]), { code: 'job.over' })
    const adapter = () => job(id).awards.find(({ lot }) => lot.kind === 'adapter')
    await until(() => adapter()?.state === 'training' && (adapter()?.progress?.step ?? 0) > 0, 'it is trained')
    assert.ok(job(id).awards.every(({ worker }) => worker === chosen.address))

    await service.pause(id, true)
    let steps = -1
    await until(() => {
      const before = steps
      steps = engines[1]!.steps
      return before === steps
    }, 'the training stands still')
    assert.equal(job(id).paused, true)
    assert.notEqual(job(id).state, 'completed')
    await service.pause(id, false)
    await service.completed(id)
    assert.ok(job(id).awards.every(({ attempt }) => attempt === 0))
    assert.ok(
      engines[1]!.firstSteps.some(step => step > 0),
      'from its checkpoint'
    )

    const [trained] = await service.curves(id)
    assert.equal(trained?.worker, chosen.address)
    const { losses, heldOut, pace, steps: all } = trained!.curve
    assert.equal(losses.at(-1)?.step, all)
    assert.ok(heldOut.length > 0 && heldOut.every(({ loss }) => loss > 2.9))
    assert.ok(pace.some(({ lr, tokensPerSecond }) => lr === 0.01 && tokensPerSecond === 100))
    await assert.rejects(service.pause(id, true), { code: 'job.over' })
  })

  it('finds a training again that went before a restart', async () => {
    const { id } = network.builder.service.jobs().find(({ state }) => state === 'completed')!
    const before = await network.builder.service.curves(id)
    await network.kill(network.builder)
    await network.revive(network.builder, { engine: fakeEngine(), roles: { builder: true, worker: false } })
    assert.deepEqual(await network.builder.service.curves(id), before)
  })

  it('keeps drafts for whichever browser comes next, and loses nobody’s change without a word', async () => {
    const { drafts } = network.builder.service
    const first = await drafts.save({ ...emptyDraft, step: 'data', base: 'bafy', baseName: 'seedling' })
    const { id, revision, savedAt: _, ...plain } = first
    const changed = await drafts.save({ ...plain, step: 'method' }, { id, revision })
    assert.equal(changed.revision, 2)
    await assert.rejects(drafts.save({ ...plain, step: 'budget' }, { id, revision }), { code: 'draft.late' })
    assert.deepEqual(await drafts.get(id), changed)
    for (let i = 1; i < maxDrafts; i++) await drafts.save(emptyDraft)
    await assert.rejects(drafts.save(emptyDraft), { code: 'draft.many' })
    const page = await drafts.list({ limit: 10 })
    assert.equal(page.items.length, 10)
    assert.notEqual(page.next, null)
    await drafts.delete(id)
    await assert.rejects(drafts.get(id), { code: 'draft.unknown' })
  })
})

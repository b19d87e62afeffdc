import assert from 'node:assert/strict'
import type { AwardView, JobsDeps } from '../../../node/jobs/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import { coin, request, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'

const cheap = { pricePerSecond: coin / 1000n }
const dear = { pricePerSecond: coin / 10n }

describe('jobs when something fails', function () {
  this.timeout(120_000)
  let network: TestNetwork
  beforeEach(async () => {
    network = await startNetwork({ engine: fakeEngine() })
  })
  afterEach(() => network.stop())

  const awards = (id: `0x${string}`): readonly AwardView[] => network.builder.service.job(id)!.awards
  const adapterOf = (id: `0x${string}`, worker: `0x${string}`): AwardView | undefined =>
    awards(id).find(award => award.lot.kind === 'adapter' && award.worker === worker)

  it('a worker that dies in the middle: its lots go to another as a new attempt, its escrow comes back', async () => {
    await network.kill(network.builder)
    await network.revive(network.builder, {
      engine: fakeEngine(),
      roles: { builder: true, worker: false },
      timing: { silenceMs: 2_000 }
    })
    const [slow, other] = [fakeEngine({ stepMs: 400 }), fakeEngine()]
    const dying = await network.addPeer('dying', { engine: slow, policy: cheap })
    const second = await network.addPeer('second', { engine: other, policy: dear })
    const { id } = await network.builder.service.post(request(network))
    await until(() => (adapterOf(id, dying.address)?.progress?.step ?? 0) >= 1, 'the first worker trains')
    const dead = adapterOf(id, dying.address)!
    await network.kill(dying)
    await network.builder.service.completed(id)

    const taken = adapterOf(id, second.address)!
    assert.equal(taken.attempt, 1)
    assert.equal(taken.state, 'released')
    assert.equal(adapterOf(id, dying.address)!.state, 'dead')
    assert.equal((await network.builder.chain.escrows.escrow(dead.escrow)).state, 'taken')

    // The dead one comes back, hears that it was superseded, and consents to the refund.
    await network.revive(dying, { engine: slow, policy: cheap })
    await until(
      () => awards(id).every(({ state }) => state === 'released' || state === 'refunded'),
      'every escrow is settled'
    )
    assert.equal((await network.builder.chain.escrows.escrow(dead.escrow)).state, 'refunded')
    assert.equal(await network.builder.chain.tokens.balanceOf(network.addresses.escrow), 0n)
  })

  it('a worker killed and started again in time goes on from its checkpoint, under the same award', async () => {
    const first = fakeEngine({ stepMs: 150 })
    const patient = { silenceMs: 20_000 }
    await network.kill(network.builder)
    await network.revive(network.builder, {
      engine: fakeEngine(),
      roles: { builder: true, worker: false },
      timing: patient
    })
    const worker = await network.addPeer('worker', { engine: first, policy: cheap })
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
    await until(() => (adapterOf(id, worker.address)?.progress?.step ?? 0) >= 3, 'it trains')
    await network.kill(worker)
    const again = fakeEngine({ stepMs: 5 })
    await network.revive(worker, { engine: again, policy: cheap })
    await network.builder.service.completed(id)
    assert.ok(again.firstSteps[0]! >= 3, `it went on at ${again.firstSteps.join()}`)
    assert.ok(awards(id).every(({ attempt, state }) => attempt === 0 && state === 'released'))
    assert.equal(adapterOf(id, worker.address)!.loss.length, 6)
  })

  for (const [what, options, reason] of [
    ['change nothing', { worth: 0 }, /adapter.untrained/],
    ['make it worse', { worth: -1 }, /delivery.(loss|unlearnt)/],
    ['have another rank', { rank: 2 }, /adapter.settings/]
  ] as const) {
    it(`a worker that delivers adapters which ${what} is not paid`, async () => {
      const liar = await network.addPeer('liar', { engine: fakeEngine(options), policy: cheap })
      const honest = await network.addPeer('honest', { engine: fakeEngine(), policy: dear })
      const before = await network.builder.chain.tokens.balanceOf(liar.address)
      const { id } = await network.builder.service.post(request(network))
      const { result } = await network.builder.service.completed(id)
      assert.ok(result.adapters.slice(1).every(cid => cid !== null))
      assert.match(adapterOf(id, liar.address)!.reason!, reason)
      assert.ok(
        awards(id)
          .filter(({ state }) => state === 'released')
          .every(({ worker }) => worker === honest.address)
      )
      // What was refused is nobody's, and its deposits with it.
      assert.ok((await network.builder.chain.tokens.balanceOf(liar.address)) < before)
      const lies = awards(id).filter(({ worker }) => worker === liar.address)
      for (const { escrow } of lies)
        await until(
          async () => (await network.builder.chain.escrows.escrow(escrow)).state === 'refused',
          'the builder has refused it'
        )
    })
  }

  it('a job whose data make no better model ends with that reason; the work that showed it is paid', async () => {
    // It learns its rows, and answers held-out questions no better for it.
    const engine = { ...fakeEngine(), heldOutLoss: useless(fakeEngine()) }
    await network.kill(network.builder)
    await network.revive(network.builder, { engine, roles: { builder: true, worker: false } })
    const worker = await network.addPeer('only', { engine: fakeEngine(), policy: cheap })
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
    await assert.rejects(network.builder.service.completed(id), { code: 'job.expired' })
    assert.match(network.builder.service.job(id)!.reason!, /held-out/)
    await until(() => network.builder.service.spent(id).paid > 0n, 'the adapter is paid for')
    const adapter = adapterOf(id, worker.address)!
    assert.equal(adapter.state, 'released')
    assert.equal(network.builder.service.spent(id).paid >= adapter.price, true)
    assert.equal((await network.builder.chain.escrows.escrow(adapter.escrow)).state, 'released')
  })

  it('a job whose questions are sealed still waits for them, and refuses nobody meanwhile', async () => {
    let [sealed, asked] = [true, 0]
    const change = (deps: JobsDeps): JobsDeps => ({
      ...deps,
      versions: {
        ...deps.versions,
        async heldOut(...version) {
          if (!sealed) return deps.versions.heldOut(...version)
          asked++
          throw new TilthError('held-out.sealed', 'they are not opened yet', { consequence: 'retry' })
        }
      }
    })
    await network.kill(network.builder)
    await network.revive(network.builder, { engine: fakeEngine(), roles: { builder: true, worker: false }, change })
    const worker = await network.addPeer('only', { engine: fakeEngine(), policy: cheap, change })
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
    await until(() => adapterOf(id, worker.address)?.state === 'delivered', 'it trains without them')
    const before = asked
    await until(() => asked > before + 1, 'the builder asks for them again')
    assert.equal(adapterOf(id, worker.address)?.state, 'delivered')
    sealed = false
    await network.builder.service.completed(id)
    assert.equal(adapterOf(id, worker.address)?.state, 'released')
  })

  it('what has not learnt its own rows is refused though the questions are sealed', async () => {
    const change = (deps: JobsDeps): JobsDeps => ({
      ...deps,
      versions: {
        ...deps.versions,
        async heldOut() {
          throw new TilthError('held-out.sealed', 'they are not opened yet', { consequence: 'retry' })
        }
      }
    })
    await network.kill(network.builder)
    await network.revive(network.builder, { engine: fakeEngine(), roles: { builder: true, worker: false }, change })
    const liar = await network.addPeer('liar', { engine: fakeEngine({ worth: -1 }), policy: cheap, change })
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1 })
    await until(() => /delivery\.unlearnt/.test(adapterOf(id, liar.address)?.reason ?? ''), 'it was looked at')
  })

  it('a worker whose engine breaks tries again from its checkpoint, then gives the lot back', async () => {
    const broken = fakeEngine({ failAt: 4 })
    const worker = await network.addPeer('broken', { engine: broken, policy: cheap })
    const second = await network.addPeer('second', { engine: fakeEngine(), policy: dear })
    const { id } = await network.builder.service.post(request(network))
    await network.builder.service.completed(id)
    assert.match(adapterOf(id, worker.address)!.reason!, /work.failed/)
    assert.equal(adapterOf(id, second.address)!.state, 'released')
    assert.deepEqual(broken.firstSteps.slice(0, 3), [0, 3, 3])
  })

  it('a builder that is killed after every single write ends the job, and pays each award once', async () => {
    const engine = fakeEngine({ stepMs: 20 })
    const workers = [
      await network.addPeer('one', { engine, policy: cheap }),
      await network.addPeer('two', { engine: fakeEngine({ stepMs: 20 }), policy: dear })
    ]
    const before = await network.builder.chain.tokens.balanceOf(network.builder.address)
    let died: () => void = () => undefined
    const roles = { builder: true, worker: false }
    const timing = { silenceMs: 30_000 }
    const mortal = (deps: JobsDeps): JobsDeps => ({
      ...deps,
      store: afterOneWrite(deps.store, ['jobs/built', 'jobs/built/bids'], () => {
        died()
      })
    })

    await network.kill(network.builder)
    let life = new Promise<void>(resolve => {
      died = resolve
    })
    await network.revive(network.builder, { engine: fakeEngine(), roles, timing, change: mortal })
    void network.builder.service.post(request(network)) // never resolves: it dies at its first write
    let deaths = 0
    for (;;) {
      const over = network.builder.service.jobs().some(({ state }) => state === 'completed')
      if (over) break
      await Promise.race([
        life,
        until(() => network.builder.service.jobs().some(({ state }) => state === 'completed'), 'a death or the end')
      ])
      if (network.builder.service.jobs().some(({ state }) => state === 'completed')) break
      deaths++
      await network.kill(network.builder)
      life = new Promise<void>(resolve => {
        died = resolve
      })
      await network.revive(network.builder, { engine: fakeEngine(), roles, timing, change: mortal })
    }
    const [job] = network.builder.service.jobs()
    assert.ok(deaths >= 10, `it died ${deaths} times`)
    assert.ok(job!.awards.every(({ state, attempt }) => state === 'released' && attempt === 0))
    const paid = job!.awards.reduce((sum, { price }) => sum + price, 0n)
    assert.equal(before - (await network.builder.chain.tokens.balanceOf(network.builder.address)), paid)
    assert.equal(await network.builder.chain.tokens.balanceOf(network.addresses.escrow), 0n)
    for (const worker of workers)
      await until(() => worker.service.job(job!.id)?.state === 'completed', `${worker.name} knows`)
  })
})

/** What is measured on all of the rows' own length is a sibling's own; the rest are held-out questions. */
const useless =
  ({ heldOutLoss }: JobsDeps['engine']): JobsDeps['engine']['heldOutLoss'] =>
  async job =>
    job.cutoff === undefined ? 3 : heldOutLoss(job)

/**
 * A store whose named tables take one write and then holds its process still: what a crash right after fsync leaves.
 */
function afterOneWrite(
  store: Pick<Store, 'collection'>,
  names: readonly string[],
  died: () => void
): Pick<Store, 'collection'> {
  let dead = false
  return {
    collection: (name, schema) => {
      const table = store.collection(name, schema)
      if (!names.includes(name)) return table
      return {
        name,
        get: key => table.get(key),
        has: key => table.has(key),
        delete: (key, options) => table.delete(key, options),
        entries: range => table.entries(range),
        values: range => table.values(range),
        keys: range => table.keys(range),
        put: async (key, value, options) => {
          if (!dead) await table.put(key, value, options)
          dead = true
          died()
          await new Promise(() => undefined)
        }
      }
    }
  }
}

import assert from 'node:assert/strict'
import type { AutomationEvents } from '../../../node/runtime/index.ts'
import type { Events } from '../../../node/runtime/index.ts'
import { challengeSeconds, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('a settler that works by itself', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let worker: TestPeer
  let scorer: TestPeer
  const steps: string[] = []
  before(async () => {
    network = await startNetwork({ closingMs: 20_000 })
    settler = await network.addPeer('settler', {
      settler: true,
      scorer: false,
      change: deps => ({
        ...deps,
        pools: () => [network.pool],
        policy: {
          settle: { on: true, seconds: 0, fees: 2n },
          claim: { on: true, at: 1n, accounts: [], contributors: true }
        }
      })
    })
    ;(settler.events as unknown as Events<AutomationEvents>).on('automation.step', ({ automation, failed }) => {
      if (failed === null) steps.push(automation)
    })
    worker = await network.addPeer('worker')
    scorer = await network.addPeer('scorer')
  })
  after(() => network.stop())

  it('closes an epoch, makes it final after its window, and claims for all contributors, each once', async () => {
    const channel = await network.openChannel(worker.address)
    for (const ids of [[21, 22], [31]]) await network.answer(worker, channel, { ids, fee: 10n ** 15n })
    const state = async (): Promise<string | undefined> => (await settler.service.epoch(network.pool, 1))?.state
    await until(async () => (await state()) === 'pending', 'the epoch is proposed')
    await network.anvil.advance(Number(challengeSeconds))
    await until(async () => (await state()) === 'final', 'the epoch is final')
    await until(() => steps.includes('claim'), 'claims are made')

    const epoch = await settler.service.epoch(network.pool, 1)
    const earned = (epoch?.payouts ?? []).filter(({ cumulative }) => cumulative > 0n)
    assert.ok(earned.length > 0)
    await until(
      async () => (await settler.service.payouts({ pool: network.pool })).length === earned.length,
      'everybody who earned something is paid'
    )
    for (const { account, amount } of await settler.service.payouts({ pool: network.pool }))
      assert.equal(amount, earned.find(line => line.account === account)?.cumulative)
    assert.deepEqual([...new Set(steps)].sort(), ['claim', 'finalize', 'settle'])
    assert.equal(steps.filter(step => step === 'settle').length, 1)
  })

  it('does none of it again after it was killed: the chain says that it is done', async () => {
    const before = (await settler.service.payouts({ pool: network.pool })).length
    await network.kill(settler)
    await network.revive(settler)
    await network.answer(worker, await network.openChannel(worker.address), { fee: 10n ** 15n })
    await until(
      async () => (await settler.service.epoch(network.pool, 2))?.state === 'pending',
      'the next epoch is proposed'
    )
    assert.equal((await settler.service.payouts({ pool: network.pool })).length, before)
    assert.equal((await settler.service.epochs({ pool: network.pool })).items.length, 2)
    for (const peer of [worker, scorer])
      await until(
        async () => (await peer.service.epoch(network.pool, 2))?.faults?.length === 0,
        `${peer.name} finds nothing wrong with it`
      )
  })
})

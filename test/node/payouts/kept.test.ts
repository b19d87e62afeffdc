import assert from 'node:assert/strict'
import { challengeSeconds, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
const seconds = 86_400

describe('a part of data fees that waits for later versions, between peers', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let one: TestPeer
  let two: TestPeer
  before(async () => {
    network = await startNetwork({ closingMs: 60_000, keptBack: { share: 3_000, epochs: 3, seconds } })
    settler = await network.addPeer('settler', { settler: true, scorer: false })
    one = await network.addPeer('one')
    two = await network.addPeer('two')
  })
  after(() => network.stop())

  const checked = (epoch: number): Promise<unknown> =>
    until(
      async () => (await two.service.epoch(network.pool, epoch))?.faults?.length === 0,
      'a watcher has checked the epoch and found nothing wrong'
    )

  it('is in no payout, and is told to whom it belongs with its epoch; the books add up', async () => {
    const channel = await network.openChannel(one.address)
    for (const ids of [[21, 22], [31]]) await network.answer(one, channel, { ids })
    const epoch = await settler.service.settle(network.pool)
    assert.equal(epoch.dataFees, sum(epoch.payouts.map(({ share }) => share)) + epoch.held + epoch.keptBack)
    await checked(1)
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)

    const waits = await Promise.all(network.players.map(account => settler.service.earnings(account)))
    const kept = waits.flatMap(({ pools }) => pools.flatMap(pool => pool.kept))
    // Each part is told to the unit below.
    const told = sum(kept.map(({ amount }) => amount))
    assert.ok(told <= epoch.keptBack && told + BigInt(kept.length * 3) >= epoch.keptBack)
    assert.deepEqual([...new Set(kept.map(({ epoch, until }) => [epoch, until].join()))], ['1,4'])
    const [pool] = waits[0]?.pools ?? []
    const line = epoch.payouts.find(({ account }) => account === network.players[0])
    // What was paid and what waits: three parts of ten.
    assert.ok(pool !== undefined && line !== undefined && pool.keptBack > 0n)
    assert.ok(pool.keptBack * 10n <= (pool.keptBack + line.share) * 3n)
    for (const account of network.players) await one.service.claim(account)
    for (const { address } of [one, two]) await one.service.claim(address)

    const books = await settler.service.accounting()
    assert.equal(books.feesPaid + books.donated, books.workers + books.builders + books.dataPaid + books.dataHeld)
    assert.deepEqual([books.dataHeld, books.held.keptBack], [epoch.keptBack, epoch.keptBack])
    assert.ok(books.heldReason.includes('kept back'), books.heldReason)
  })

  it('is divided by an epoch of nothing else when its time is over and nobody asks', async () => {
    await assert.rejects(settler.service.settle(network.pool), { code: 'epoch.empty' })
    const { keptBack } = (await settler.service.epoch(network.pool, 1))!
    await network.anvil.advance(seconds)
    const epoch = await settler.service.settle(network.pool)
    assert.deepEqual([epoch.epoch, epoch.receipts, epoch.keptBack], [2, 0, 0n])
    assert.equal(sum(epoch.payouts.map(({ vestedShare }) => vestedShare)), keptBack)
    assert.ok(epoch.payouts.every(({ share, vestedShare, resettled }) => share === vestedShare && resettled === 0n))
    await checked(2)
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
    for (const account of network.players) await one.service.claim(account)
    const books = await settler.service.accounting()
    assert.deepEqual([books.dataHeld, books.heldReason], [0n, 'nothing is held'])
  })
})

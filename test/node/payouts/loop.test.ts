import assert from 'node:assert/strict'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { receiptId } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { PayoutEvents } from '../../../node/payouts/index.ts'
import { worthEngine } from '../../harness/engine/scoring.ts'
import { challengeSeconds, split, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)

describe('attribution, settlement and claims between peers', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let one: TestPeer
  let two: TestPeer
  let first: Hex
  before(async () => {
    // Everything comes in the end here: it is waited for on a busy machine as well.
    network = await startNetwork({ closingMs: 60_000 })
    settler = await network.addPeer('settler', { settler: true, scorer: false })
    one = await network.addPeer('one')
    two = await network.addPeer('two')
  })
  after(() => network.stop())

  it('an answer that has a receipt waits for an epoch: nobody weighs it before chance says who does', async () => {
    const channel = await network.openChannel(one.address)
    first = receiptId(network.network, await network.answer(one, channel))
    await until(async () => (await settler.service.receipt(first)) !== undefined, 'the settler knows the receipt')
    const view = await settler.service.receipt(first)
    assert.deepEqual([view?.pool, view?.scorings, view?.weights], [network.pool, [], {}])
  })

  it('a base model has no weights, and its receipts no pool', async () => {
    const channel = await network.openChannel(one.address, network.base)
    await network.answer(one, channel, { model: network.base })
    await until(
      async () => (await settler.service.receipts({ model: network.base })).items.length === 1,
      'the settler knows the receipt'
    )
    const [view] = (await settler.service.receipts({ model: network.base })).items
    assert.deepEqual([view?.pool, view?.weights], [undefined, {}])
  })

  it('an epoch is settled, made final and claimed; every unit of the fees is accounted for', async () => {
    const channel = await network.openChannel(two.address)
    for (const ids of [[21, 22], [31], [41, 42, 43]]) await network.answer(two, channel, { ids, announce: false })
    // What was not announced is asked for when the epoch closes.
    const notices: PayoutEvents['payouts.closing'][] = []
    one.events.on('payouts.closing', notice => {
      notices.push(notice)
    })
    await two.service.stop()
    await two.service.start()
    const epoch = await settler.service.settle(network.pool)
    assert.equal(epoch.state, 'pending')
    assert.equal(epoch.epoch, 1)
    assert.equal(epoch.receipts, 4)
    assert.ok(notices.length > 0)
    // Chance has drawn all four, each by somebody else than its worker.
    assert.equal(epoch.weighed, 4)
    assert.deepEqual(
      new Map(epoch.scorers.map(({ scorer, answers }) => [scorer, answers])),
      new Map([
        [one.address, 3],
        [two.address, 1]
      ])
    )
    const view = await settler.service.receipt(first)
    assert.deepEqual(view?.scorings, [{ scorer: two.address, agrees: true, exact: true }])
    assert.deepEqual(Object.keys(view?.weights ?? {}), network.players)
    // What all add together is what the deployed adapter does better than the base: 0.4 + 0.15 - 0.03.
    assert.equal(sum(Object.values(view?.weights ?? {})), 520_000n)
    // The same again is the same epoch, not another.
    assert.equal((await settler.service.settle(network.pool)).transaction, epoch.transaction)
    assert.equal(epoch.dataFees, sum(epoch.payouts.map(line => line.share)) + epoch.held)
    const [foundation, late, copier, spammer] = epoch.payouts
    assert.ok(foundation !== undefined && late !== undefined && foundation.share > late.share && late.share > 0n)
    assert.equal(copier?.share, 0n)
    assert.equal(spammer?.share, 0n)
    assert.ok((spammer?.gate ?? 0n) < 0n)
    // Each word that counted is paid a part of its answer's money.
    for (const { address } of [one, two]) {
      const line = epoch.payouts.find(({ account }) => account === address)
      assert.ok(line !== undefined && line.scoringShare > 0n && line.share === line.scoringShare)
      assert.equal(line.scoringTotal, line.scoringShare)
    }

    await assert.rejects(
      settler.service.finalize(network.pool),
      (error: unknown) => error instanceof TilthError && error.code === 'epoch.window'
    )
    await until(
      async () => (await two.service.epoch(network.pool, 1))?.faults?.length === 0,
      'a watcher has checked the epoch and found nothing wrong'
    )
    await network.anvil.advance(Number(challengeSeconds))
    assert.equal((await settler.service.finalize(network.pool)).state, 'final')
    assert.equal((await settler.service.finalize(network.pool)).epoch, 1)

    for (const line of epoch.payouts) {
      const before = await one.chain.tokens.balanceOf(line.account)
      const { amount, transactions } = await one.service.claim(line.account)
      assert.equal(amount, line.share)
      assert.equal(transactions.length, line.share > 0n ? 1 : 0)
      assert.equal((await one.chain.tokens.balanceOf(line.account)) - before, line.share)
      // Claiming twice pays once, through whichever peer.
      assert.deepEqual(await two.service.claim(line.account), { amount: 0n, transactions: [] })
      const earnings = await settler.service.earnings(line.account)
      assert.deepEqual(earnings.pools, [
        {
          pool: network.pool,
          cumulative: line.share,
          claimed: line.share,
          claimable: 0n,
          scored: line.scoringShare,
          kept: [],
          keptBack: 0n
        }
      ])
      assert.equal(earnings.balance, before + line.share)
    }

    const books = await settler.service.accounting()
    assert.equal(books.feesPaid, 5n * 1_000_003n)
    assert.equal(books.feesPaid + books.donated, books.workers + books.builders + books.dataPaid + books.dataHeld)
    assert.equal(books.dataPaid, epoch.dataFees)
    assert.equal(books.dataHeld, 0n)
    assert.equal(books.heldReason, 'nothing is held')
    // Rounding goes to the data share, never to nobody.
    assert.ok(epoch.dataFees >= (4n * 1_000_003n * BigInt(split.data)) / 10_000n)
    assert.equal(
      (await one.service.payouts({ pool: network.pool })).length,
      epoch.payouts.filter(line => line.share > 0n).length
    )
    assert.deepEqual(
      (await settler.service.receipts({ pool: network.pool })).items.map(view => view.epoch),
      [1, 1, 1, 1]
    )
  })

  it('the next epoch adds to what may be claimed, and counts no receipt twice', async () => {
    await assert.rejects(
      settler.service.settle(network.pool),
      (error: unknown) => error instanceof TilthError && error.code === 'epoch.empty'
    )
    const channel = await network.openChannel(one.address)
    await network.answer(one, channel, { fee: 7_777_777n })
    const epoch = await settler.service.settle(network.pool)
    assert.equal(epoch.epoch, 2)
    assert.equal(epoch.receipts, 1)
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
    const [foundation] = epoch.payouts
    assert.ok(foundation !== undefined && foundation.cumulative > foundation.share)
    assert.equal((await two.service.claim(foundation.account)).amount, foundation.share)
    const books = await two.service.accounting()
    assert.equal(books.dataHeld, books.held.unclaimed + books.held.unsettled)
    assert.ok(books.held.unclaimed > 0n)
  })

  it('a settler that is not bonded proposes nothing', async () => {
    const free = await network.addPeer('free', { settler: true, stake: false, engine: worthEngine() })
    await assert.rejects(
      free.service.settle(network.pool),
      (error: unknown) => error instanceof TilthError && error.code === 'epoch.stake'
    )
  })
})

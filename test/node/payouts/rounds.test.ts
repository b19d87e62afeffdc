import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { PayoutEvents, ReceiptView } from '../../../node/payouts/index.ts'
import { receiptId } from '../../../protocol/payouts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { worthEngine } from '../../harness/engine/scoring.ts'
import { challengeSeconds, minStake, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// The two steps of an epoch among scorers who lie, stay away, or are refused what they have to weigh.

describe('scorers whom chance has drawn', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let worker: TestPeer
  let channel: Hex
  let epoch = 0
  before(async () => {
    const key = Uint8Array.from(randomBytes(32))
    network = await startNetwork({ validators: [key], closingMs: 60_000 })
    settler = await network.addPeer('settler', { settler: true, scorer: false, key })
    worker = await network.addPeer('worker', { scorer: false })
    await network.addPeer('one')
    await network.addPeer('two')
    channel = await network.openChannel(worker.address)
  })
  after(() => network.stop())

  async function answered(ids: number[]): Promise<Hex> {
    const id = receiptId(network.network, await network.answer(worker, channel, { ids }))
    await until(async () => (await settler.service.receipt(id)) !== undefined, 'the settler knows the receipt')
    epoch++
    return id
  }
  const view = (id: Hex): Promise<ReceiptView | undefined> => settler.service.receipt(id)
  const finished = async (): Promise<void> => {
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
  }

  it('commit, then show: the median counts, and who is wrong is known', async () => {
    // All for the last player, whose rows are worth less than nothing.
    const liar = await network.addPeer('liar', { engine: worthEngine([0, 0, 0, 0.8]) })
    const disagreements: PayoutEvents['payouts.disagreement'][] = []
    settler.events.on('payouts.disagreement', event => {
      disagreements.push(event)
    })
    const id = await answered([33, 34])
    const had = await settler.chain.tokens.balanceOf(settler.address)
    const told: bigint[] = []
    const { payouts, weighed } = await settler.service.settle(network.pool, (amount, act) => {
      told.push(amount)
      return act()
    })
    assert.equal(weighed, 1)
    assert.equal(told.length, 2)
    assert.equal(had - (await settler.chain.tokens.balanceOf(settler.address)), told[0]! + told[1]!)
    const agrees = new Map((await view(id))?.scorings.map(word => [word.scorer, word.agrees]))
    assert.equal(agrees.size, 3)
    assert.equal(agrees.get(liar.address), false)
    assert.ok(disagreements.some(({ scorer }) => scorer === liar.address))
    // The spammer, for whom the lie is, gets nothing of it.
    assert.equal(payouts.find(({ account }) => account === network.players[3])?.share, 0n)
    await finished()
    await liar.service.sit(network.pool, false)
    await network.kill(liar)
  })

  it('who stays away loses a tenth of the least stake, and its seat; the others’ words count', async () => {
    const absent = await network.addPeer('absent', { scorer: false })
    await absent.chain.payouts.join(network.pool)
    const id = await answered([41])
    const settling = settler.service.settle(network.pool)
    const committed = async (): Promise<number | undefined> =>
      (await settler.chain.payouts.round(network.pool, epoch))?.drawn?.commitments.size
    await until(async () => (await committed()) === 2, 'the others have committed')
    await network.anvil.advance(90)
    await settling
    assert.equal(await settler.chain.nodes.stakeOf(absent.address), minStake - minStake / 10n)
    assert.ok(!(await settler.chain.payouts.scorers(network.pool)).includes(absent.address))
    assert.deepEqual(
      (await view(id))?.scorings.map(({ agrees }) => agrees),
      [true, true]
    )
    await finished()
  })

  it('content that neither party gives up makes the answer nobody’s: what it brought is held', async () => {
    const id = await answered([51])
    worker.openings.delete(id)
    const settling = settler.service.settle(network.pool)
    await until(
      async () => (await settler.chain.payouts.round(network.pool, epoch))?.drawn !== undefined,
      'chance has drawn it'
    )
    // Scorers ask again and again, until most of their time is over.
    await network.anvil.advance(75)
    const { held, weighed, payouts } = await settling
    assert.equal(weighed, 0)
    assert.ok(held > 0n)
    for (const { share } of payouts) assert.equal(share, 0n)
    await finished()
  })

  it('who cannot read what was anchored says so, and is not absent', async () => {
    const withholder = await network.addPeer('withholder', { scorer: false })
    epoch++
    await withholder.chain.payouts.anchorReceipts({
      pool: network.pool,
      epoch,
      receiptsRoot: keccak('receipts that nobody has'),
      receiptsTotal: 1n,
      receiptCount: 1,
      receipts: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    })
    const round = async () => (await settler.chain.payouts.round(network.pool, epoch))?.drawn
    await until(async () => (await round()) !== undefined, 'the draw, which scorers fix')
    await network.anvil.advance(80)
    await until(async () => (await round())?.commitments.size === 2, 'both have said so')
    await assert.rejects(settler.service.settle(network.pool), { code: 'epoch.anchored' })
  })
})

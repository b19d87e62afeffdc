import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { PayoutEvents, ReceiptView } from '../../../node/payouts/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import {
  assignedIn,
  attributionHash,
  attributionOf,
  everyPlayer,
  pathIn,
  receiptId,
  receiptsDocument,
  wordsTree
} from '../../../protocol/payouts/index.ts'
import type { ScoringDocument } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { startNode } from '../../harness/index.ts'
import { challengeSeconds, measureIn, minStake, startNetwork, until } from './network.ts'
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
    network = await startNetwork({ validators: [key] })
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

  /** Commits to words that are all for the last player, and says what they are. */
  async function lies(liar: TestPeer): Promise<ScoringDocument[]> {
    const { payouts } = liar.chain
    await until(async () => (await payouts.round(network.pool, epoch))?.drawn !== undefined, 'the draw')
    const { receipts, number, drawn } = (await payouts.round(network.pool, epoch)) ?? assert.fail()
    const bytes = await liar.node.files.fetchBytes(receipts, { maxBytes: 1 << 20, providers: [settler.address] })
    const document = receiptsDocument.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const { duties } = assignedIn(network.network, document, drawn ?? assert.fail())
    const own = (duties.get(liar.address) ?? []).map(at => receiptId(network.network, document.receipts[at]!))
    const measure = measureIn(network)
    const attribution = attributionOf(measure, {
      utilities: measure.coalitions.map(mask => (Number(mask) & 8 ? 9000 : 1000)),
      candidates: everyPlayer(measure)
    })
    const tree = wordsTree(liar.address, own, new Map(own.map(id => [id, attributionHash(attribution)])))
    await payouts.commit(network.pool, epoch, number, tree.root.hash)
    return own.map((receipt, i) => {
      const message = { receipt, scorer: liar.address, attribution: attributionHash(attribution) }
      const statement = signStatement(network.network, 'Scoring', message, liar.key)
      return { statement, attribution, path: pathIn(tree, i) }
    })
  }

  it('commit, then show: the median counts, and who is wrong is known', async () => {
    const liar = await network.addPeer('liar', { scorer: false })
    await liar.chain.payouts.join(network.pool)
    const disagreements: PayoutEvents['payouts.disagreement'][] = []
    settler.events.on('payouts.disagreement', event => {
      disagreements.push(event)
    })
    const id = await answered([33, 34])
    const settling = settler.service.settle(network.pool)
    const said = await lies(liar)
    assert.equal(said.length, 1)
    const stranger = await startNode({ join: [settler.node] })
    await until(() => stranger.gossip.subscribers('tilth/payouts/1').length > 0, 'the stranger knows who listens')
    await until(async () => {
      const { drawn } = (await liar.chain.payouts.round(network.pool, epoch)) ?? {}
      return drawn?.commitments.size === 3
    }, 'all have committed')
    await stranger.gossip.publish('tilth/payouts/1', { kind: 'scoring', scoring: said[0] })
    const { payouts, weighed } = await settling
    await stranger.stop()
    assert.equal(weighed, 1)
    const agrees = new Map((await view(id))?.scorings.map(word => [word.scorer, word.agrees]))
    assert.equal(agrees.size, 3)
    assert.equal(agrees.get(liar.address), false)
    assert.ok(disagreements.some(({ scorer }) => scorer === liar.address))
    // The spammer, for whom the lie is, gets nothing of it.
    assert.equal(payouts.find(({ account }) => account === network.players[3])?.share, 0n)
    await finished()
    await liar.chain.payouts.giveUp(network.pool)
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
})

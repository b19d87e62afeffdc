import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import {
  attributionHash,
  attributionOf,
  everyPlayer,
  receiptId,
  receiptsReply
} from '../../../protocol/payouts/index.ts'
import type { Attribution, ReceiptsReply, ReceiptsRequest } from '../../../protocol/payouts/index.ts'
import { coalitionsOf, jobResult } from '../../../protocol/jobs/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { addressOfKey, digest, signDigest, signStatement } from '../../../protocol/crypto/index.ts'
import { canonicalJson, TilthError, keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { startNode } from '../../harness/index.ts'
import { challengeSeconds, measureIn, scoringBy, startNetwork, until } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const topic = 'tilth/payouts/1'

describe('payouts among liars and after falls', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let settler: TestPeer
  let worker: TestPeer
  let scorer: TestPeer
  before(async () => {
    network = await startNetwork()
    settler = await network.addPeer('settler', { settler: true, scorer: false })
    worker = await network.addPeer('worker', { scorer: false })
    scorer = await network.addPeer('scorer')
  })
  after(() => network.stop())
  const known = async (peer: TestPeer): Promise<number> => (await peer.service.receipts()).items.length

  /** Publishes on the topic as somebody who is no node of ours. */
  async function stranger(): Promise<{ say: (message: unknown) => Promise<unknown>; stop: () => Promise<void> }> {
    const node = await startNode({ join: [settler.node, scorer.node] })
    await until(() => node.gossip.subscribers(topic).length > 1, 'the stranger knows who listens')
    return { say: message => node.gossip.publish(topic, message), stop: () => node.stop() }
  }
  const invented = (by = 8): Attribution =>
    attributionOf(measureIn(network), {
      utilities: measureIn(network).coalitions.map(mask => (Number(mask) & by ? 9000 : 1000)),
      candidates: everyPlayer(measureIn(network))
    })
  const keys = (count: number): { key: Uint8Array; address: Address }[] =>
    Array.from({ length: count }, () => {
      const key = Uint8Array.from(randomBytes(32))
      return { key, address: addressOfKey(key) }
    })

  it('keys made on the spot, and words before chance has drawn anybody, are kept nowhere', async () => {
    const channel = await network.openChannel(worker.address)
    const receipt = await network.answer(worker, channel)
    const id = receiptId(network.network, receipt)
    const { say, stop } = await stranger()
    await until(async () => (await settler.service.receipt(id)) !== undefined, 'the settler knows the receipt')
    // The arithmetic is right, the utilities are invented: all for the spammer. And the answer's own worker says so
    // too, and one with a seat, whom nobody has drawn.
    for (const liar of [...keys(60), worker, scorer, { key: network.host.key, address: network.host.address }])
      await say({ kind: 'scoring', scoring: scoringBy(liar, network.network, receipt, invented()) })
    // What comes after them is still heard.
    const next = receiptId(network.network, await network.answer(worker, channel, { ids: [54] }))
    await until(async () => (await settler.service.receipt(next)) !== undefined, 'the next receipt')
    await stop()
    const view = await settler.service.receipt(id)
    assert.deepEqual([view?.scorings, view?.weights], [[], {}])
    const kept: string[] = []
    for await (const key of settler.store.collection('payouts/scorings', z.unknown()).keys()) kept.push(key)
    assert.equal(kept.length, 0)
  })

  it('forged, foreign and garbled receipts are kept by nobody', async () => {
    const before = await known(settler)
    const channel = await network.openChannel(worker.address)
    const good = await network.answer(worker, channel, { announce: false })
    worker.own.pop()
    const sign = (
      receipt: CosignedReceipt,
      change: Partial<CosignedReceipt['receipt']['message']>
    ): CosignedReceipt => {
      const message = { ...receipt.receipt.message, ...change }
      return {
        ...receipt,
        receipt: signStatement(network.network, 'Receipt', message, worker.key),
        clientSignature: signDigest(digest(network.network, 'Receipt', message), network.client.key)
      }
    }
    const bad: CosignedReceipt[] = [
      { ...good, clientSignature: signDigest(keccak('x'), network.client.key) },
      { ...good, receipt: { ...good.receipt, message: { ...good.receipt.message, fee: 10n ** 30n } } },
      { ...good, client: worker.address },
      sign(good, { channel: keccak('no channel') }),
      sign(good, { model: network.base }),
      { ...good, content: { messages: [{ role: 'user', content: 'a secret' }] } } as CosignedReceipt
    ]
    const { say, stop } = await stranger()
    for (const receipt of bad) await say({ kind: 'receipt', receipt })
    for (const garbage of [
      null,
      {},
      { kind: 'receipt' },
      { kind: 'closing', closing: { type: 'EpochClosing', message: {}, signature: '0x' } },
      'x'.repeat(10_000)
    ])
      await say(garbage)
    // A scoring in another's name.
    const [receipt] = (await settler.service.receipts()).items
    const statement = signStatement(
      network.network,
      'Scoring',
      { receipt: receipt!.id, scorer: settler.address, attribution: attributionHash(invented()) },
      scorer.key
    )
    await say({ kind: 'scoring', scoring: { statement, attribution: invented() } })
    // What comes after them is still heard.
    await network.answer(worker, channel, { ids: [55] })
    await until(async () => (await known(settler)) === before + 1, 'the good receipt')
    await stop()
    assert.equal((await settler.service.receipts()).items.length, before + 1)
    assert.equal((await settler.service.receipt(receipt!.id))?.scorings.length, receipt!.scorings.length)
  })

  it('garbage on the protocol of receipts harms nobody', async () => {
    for (const frame of [
      'nonsense',
      { kind: 'look' },
      { kind: 'look', pool: network.pool, epoch: 0, at: ['xyz'] },
      { kind: 'look', pool: network.pool, epoch: 0, at: Array.from({ length: 30_000 }, () => '') },
      { kind: 'get', pool: network.pool, epoch: 0, ids: ['0x1'] }
    ]) {
      const stranger = await startNode({ join: [settler.node] })
      await until(() => stranger.peers.connected().length > 0, 'the stranger is connected')
      const stream = await stranger.streams.open(settler.address, '/tilth/payouts/receipts/1')
      await stream.send(frame)
      await assert.rejects(stream.next(receiptsReply), TilthError)
      await stranger.stop()
    }
    assert.ok((await known(settler)) > 0)
  })

  it('who asks for receipts of another pool, or at another epoch, gets none', async () => {
    const stranger = await startNode({ join: [settler.node] })
    await until(() => stranger.peers.connected().length > 0, 'the stranger is connected')
    const [receipt] = (await settler.service.receipts()).items
    const ask = async (request: ReceiptsRequest): Promise<ReceiptsReply | undefined> => {
      const stream = await stranger.streams.open(settler.address, '/tilth/payouts/receipts/1')
      await stream.send(request)
      await stream.end()
      return stream.next(receiptsReply)
    }
    assert.deepEqual(await ask({ kind: 'get', pool: keccak('other'), epoch: 0, ids: [receipt!.id] }), {
      kind: 'receipts',
      receipts: []
    })
    assert.deepEqual(await ask({ kind: 'look', pool: network.pool, epoch: 9, at: [''] }), { kind: 'epoch', epoch: 0 })
    await stranger.stop()
  })

  it('an unpaid receipt waits; once it is paid it counts', async () => {
    const channel = await network.openChannel(worker.address)
    const paid = await network.answer(worker, channel, { fee: 5000n })
    await network.answer(worker, channel, { fee: 6000n, paid: false })
    const epoch = await settler.service.settle(network.pool)
    // The three receipts of the tests before are the others.
    assert.equal(epoch.receiptsTotal, 3n * 1_000_003n + paid.receipt.message.fee)
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
    const cumulative = 11_000n
    worker.vouchers.set(channel, {
      cumulative,
      signature: signStatement(network.network, 'Voucher', { channel, cumulative }, network.client.key).signature
    })
    const next = await settler.service.settle(network.pool)
    assert.equal(next.receiptsTotal, 6000n)
    await network.anvil.advance(Number(challengeSeconds))
    await until(async () => (await settler.service.epoch(network.pool, 2))?.state === 'pending', 'the epoch is there')
    await settler.service.finalize(network.pool)
  })

  it('who falls gets up with its receipts, scorings and epochs; what fell between is taken up', async () => {
    const before = (await settler.service.receipts()).items
    const epochs = (await settler.service.epochs({ pool: network.pool })).items
    await network.kill(settler)
    // While it is away: an answer, and a scoring of it.
    const channel = await network.openChannel(worker.address)
    await network.answer(worker, channel, { ids: [66, 67] })
    await network.kill(worker)
    await network.revive(worker)
    await network.revive(settler)
    assert.deepEqual(
      (await settler.service.receipts()).items.map(({ id, scorings }) => ({ id, scorings })),
      before.map(({ id, scorings }) => ({ id, scorings }))
    )
    assert.deepEqual(
      (await settler.service.epochs({ pool: network.pool })).items.map(({ root, state }) => ({ root, state })),
      epochs.map(({ root, state }) => ({ root, state }))
    )
    await until(() => settler.node.peers.connected().length >= 3, 'the settler is connected')
    const epoch = await settler.service.settle(network.pool)
    assert.equal(epoch.receipts, 1)
    // Once another peer has looked at it, everything is on chain and on IPFS: that peer can finish it.
    await until(
      async () => (await scorer.service.epoch(network.pool, epoch.epoch))?.faults !== undefined,
      'the scorer has checked the epoch'
    )
    await network.kill(settler)
    await network.anvil.advance(Number(challengeSeconds))
    assert.equal((await scorer.service.finalize(network.pool)).state, 'final')
    const [foundation] = epoch.payouts
    assert.ok((await scorer.service.claim(foundation!.account)).amount > 0n)
  })

  it('a scorer that fell weighs what it missed', async () => {
    await network.revive(settler)
    await network.kill(scorer)
    const channel = await network.openChannel(worker.address)
    const missed = receiptId(network.network, await network.answer(worker, channel, { ids: [77] }))
    await network.revive(scorer)
    await until(() => settler.node.peers.connected().length >= 2, 'the settler is connected')
    await settler.service.settle(network.pool)
    const said = (await settler.service.receipt(missed))?.scorings
    assert.deepEqual(said, [{ scorer: scorer.address, agrees: true, exact: true }])
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
    // For the next test there is something to settle.
    await network.answer(worker, channel, { ids: [78] })
  })

  it('a model whose siblings never were keeps nobody from being settled, and moves nothing', async () => {
    const original = await network.host.chain.models.model(network.model)
    assert.ok(original !== undefined)
    const bytes = await worker.node.files.fetchBytes(original.result, { maxBytes: 1 << 20, providers: [] })
    const result = jobResult.parse(JSON.parse(new TextDecoder().decode(bytes)))
    const nobody = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    const job = keccak('a job that never was')
    const forged = {
      ...result,
      job,
      coalitions: coalitionsOf(job, network.players.length, 16).map(String),
      adapters: result.adapters.map(adapter => (adapter === null ? null : nobody))
    }
    const evil = await network.addPeer('evil', { stake: false, scorer: false })
    const { model } = await evil.chain.models.register({
      name: 'elements',
      base: original.base,
      adapter: nobody,
      result: await evil.node.files.addBytes(new TextEncoder().encode(canonicalJson(forged))),
      datanet: network.pool,
      version: 1,
      job,
      worker: evil.address,
      split: { worker: 10_000, builder: 0, data: 0 }
    })
    const poisoned = receiptId(
      network.network,
      await network.answer(evil, await network.openChannel(evil.address, model), { model, fee: 7n })
    )
    await until(async () => (await settler.service.receipt(poisoned)) !== undefined, 'the settler knows the receipt')
    const epoch = await settler.service.settle(network.pool)
    assert.ok(epoch.receipts > 0)
    // Besides players only who has weighed answers is paid.
    const accounts = epoch.payouts.map(({ account }) => account)
    assert.deepEqual(accounts.toSorted(), [...network.players, scorer.address].toSorted())
    await network.anvil.advance(Number(challengeSeconds))
    await settler.service.finalize(network.pool)
    assert.equal((await settler.service.receipt(poisoned))?.epoch, undefined)
    await network.kill(evil)
  })

  it('a round that nobody drew while the chain knew its block is anchored anew by whoever settles', async () => {
    await network.kill(scorer) // who has a seat fixes a draw
    await network.answer(worker, await network.openChannel(worker.address), { ids: [79] })
    const { epoch } = await settler.chain.payouts.pool(network.pool)
    const round = () => settler.chain.payouts.round(network.pool, epoch + 1)
    const gone = await network.addPeer('gone', { scorer: false })
    await gone.chain.payouts.anchorReceipts({
      pool: network.pool,
      epoch: epoch + 1,
      receiptsRoot: keccak('receipts of somebody who went away'),
      receiptsTotal: 1n,
      receiptCount: 1,
      receipts: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    })
    assert.equal((await round())?.settler, gone.address)
    await assert.rejects(settler.service.settle(network.pool), { code: 'epoch.anchored' })
    const { drawFrom } = (await round()) ?? { drawFrom: 0n }
    while ((await settler.chain.head()).block <= drawFrom + 256n) await network.anvil.mine()
    const settling = settler.service.settle(network.pool)
    await until(async () => (await round())?.settler === settler.address, 'the settler has anchored it anew')
    await until(async () => (await round())?.drawn !== undefined, 'it is drawn')
    await network.anvil.advance(600) // whoever has a seat is away, and nobody weighs
    assert.equal((await settling).epoch, epoch + 1)
    await network.kill(gone)
  })
})

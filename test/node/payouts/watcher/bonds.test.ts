import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import {
  buildEpoch,
  dataOf,
  everyPlayer,
  payoutsTree,
  receiptsTree,
  stretchOf
} from '../../../../protocol/payouts/index.ts'
import type { ChannelFacts, EpochBundle } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { digest, signDigest, signStatement } from '../../../../protocol/crypto/index.ts'
import { keccak, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { refusedWith } from '../../../../node/chain/index.ts'
import type { PayoutEvents } from '../../../../node/payouts/index.ts'
import { bond, challengeSeconds, measureIn, minStake, proposeAs, split, startNetwork, until } from '../network.ts'
import type { TestNetwork, TestPeer } from '../network.ts'

describe('watchers of epochs', function () {
  this.timeout(240_000)
  let network: TestNetwork
  let liar: TestPeer
  let watcher: TestPeer
  let channel: Hex
  let receipts: CosignedReceipt[]
  const challenged: PayoutEvents['payouts.challenged'][] = []
  const vetoed: PayoutEvents['payouts.vetoed'][] = []
  const disputed: PayoutEvents['payouts.disputed'][] = []

  before(async () => {
    // The watcher is one of the Datanet's two validators: half of the weight.
    const key = Uint8Array.from(randomBytes(32))
    network = await startNetwork({ validators: [key] })
    liar = await network.addPeer('liar', { settler: true, scorer: false })
    watcher = await network.addPeer('watcher', { key, scorer: false })
    watcher.events.on('payouts.challenged', event => {
      challenged.push(event)
    })
    watcher.events.on('payouts.vetoed', event => {
      vetoed.push(event)
    })
    watcher.events.on('payouts.disputed', event => {
      disputed.push(event)
    })
    channel = await network.openChannel(watcher.address)
    receipts = [
      await network.answer(watcher, channel),
      await network.answer(watcher, channel, { ids: [21, 22] }),
      await network.answer(watcher, channel, { ids: [31] })
    ]
    await watcher.chain.channels.claim(
      { channel, cumulative: watcher.vouchers.get(channel)!.cumulative },
      watcher.vouchers.get(channel)!.signature
    )
  })
  after(() => network.stop())

  /** Channels that have paid in one claim each, as the chain has them. */
  async function channelsIn({ chain }: TestPeer, list: readonly CosignedReceipt[]): Promise<Map<Hex, ChannelFacts>> {
    const found = new Map<Hex, ChannelFacts>()
    for (const { receipt } of list) {
      const id = receipt.message.channel
      const known = (await chain.channels.channel(id)) ?? assert.fail('the channel is on chain')
      const { claimed } = known
      const part = (points: number): bigint => (claimed * BigInt(points)) / 10_000n
      const claims = [{ claimed, data: claimed - part(split.worker) - part(split.builder) }]
      found.set(id, { ...known, claims })
    }
    return found
  }

  /** A bundle as an honest settler would make it of these receipts. */
  async function bundleOf(list: readonly CosignedReceipt[], epoch = 1): Promise<EpochBundle> {
    const measure = measureIn(network)
    const gate = (await liar.service.gate(network.model))!
    assert.equal(gate.questions, 2)
    const utilities = measure.coalitions.map(mask =>
      [0.4, 0.15, 0, -0.03].reduce(
        (sum, worth, i) => sum + ((Number(mask) >> i) & 1 ? Math.round(worth * 1e4) : 0),
        1030
      )
    )
    const measured = { utilities, candidates: everyPlayer(measure) }
    const question = { truth: measured, own: measured }
    const document = { model: network.model, questions: [question, question] }
    const { deposited } = await liar.chain.payouts.pool(network.pool)
    const channels = await channelsIn(liar, list)
    const claimsOf = (id: Hex) => channels.get(id)?.claims ?? []
    const once = list.filter((one, i) => list.indexOf(one) === i && one.receipt.message.model === network.model)
    const bundle = buildEpoch({
      network: network.network,
      pool: network.pool,
      epoch,
      receipts: once,
      scorings: new Map(),
      measures: new Map([
        [network.model, measure],
        [network.base, null]
      ]),
      heldOut: new Map([[network.model, document]]),
      data: once.map(({ receipt: { message } }) => dataOf(claimsOf(message.channel), [stretchOf(message)])),
      dataOf: ({ channel, stretches }) => dataOf(claimsOf(channel), stretches),
      channels,
      deposited,
      donated: 0n,
      at: (await liar.chain.head()).timestamp,
      previous: undefined,
      builders: new Map([network.model, network.base].map(model => [model, network.host.address])),
      versions: new Map([network.model, network.base].map(model => [model, 1])),
      keeping: null,
      seed: zeroHash,
      panel: []
    })
    // What counts twice, or is not the pool's, no builder makes: it is put in.
    const { root } = receiptsTree(network.network, list)
    return once.length === list.length
      ? bundle
      : { ...bundle, receipts: [...list], receiptsRoot: root.hash, receiptsTotal: root.sum }
  }

  /** What was shown of the liar cost it its stake. */
  async function restake(): Promise<void> {
    const stake = await liar.chain.nodes.stakeOf(liar.address)
    if (stake < minStake) await liar.chain.nodes.stake(minStake - stake)
  }

  async function propose(
    bundle: EpochBundle,
    { by = liar, ...over }: { receiptsTotal?: bigint; payoutsTotal?: bigint; by?: TestPeer } = {}
  ): Promise<void> {
    if (by === liar) await restake()
    await proposeAs(by, bundle, { ...over, builder: network.host.address })
  }

  /** Waits for this dispute: what the watcher says of an earlier proposal may still be on its way. */
  async function isDisputed(
    faults: readonly string[],
    propose: () => Promise<void>
  ): Promise<PayoutEvents['payouts.disputed']> {
    const before = disputed.length
    const found = (): PayoutEvents['payouts.disputed'] | undefined =>
      disputed.slice(before).find(dispute => isDeepStrictEqual(dispute.faults, faults))
    await propose()
    await until(() => found() !== undefined, `the dispute: ${faults.join()}`)
    return found()!
  }

  /** The watcher takes the finder's part of the bond from whoever proposed it. */
  async function takesTheBond(fault: string): Promise<void> {
    const before = challenged.length
    await until(() => challenged.length > before, `the challenge: ${fault}`)
    assert.equal(challenged.at(-1)?.fault, fault)
    const { state } = await watcher.chain.payouts.epoch(network.pool, 1)
    assert.equal(state, 'voided')
  }

  it('take the bond for a forged signature', async () => {
    const balance = await watcher.chain.tokens.balanceOf(watcher.address)
    const forged = { ...receipts[1]!, clientSignature: signDigest(keccak('something else'), network.client.key) }
    const taken = takesTheBond('signature')
    await propose(await bundleOf([receipts[0]!, forged, receipts[2]!]))
    await taken
    assert.equal((await watcher.chain.tokens.balanceOf(watcher.address)) - balance, bond / 10n)
  })

  it('take the bond for a receipt that counts twice', async () => {
    const taken = takesTheBond('duplicate')
    await propose(await bundleOf([receipts[0]!, receipts[0]!, receipts[1]!]))
    await taken
  })

  it("take the bond for a receipt of a model that is not the pool's", async () => {
    const foreign = await network.openChannel(liar.address, network.base)
    const message = { ...receipts[0]!.receipt.message, channel: foreign, model: network.base, outputTokens: 0 }
    const receipt: CosignedReceipt = {
      receipt: signStatement(network.network, 'Receipt', message, liar.key),
      clientSignature: signDigest(digest(network.network, 'Receipt', message), network.client.key),
      client: network.client.address,
      worker: liar.address
    }
    const taken = takesTheBond('model')
    await propose(
      await bundleOf(
        [receipt, ...receipts].toSorted((a, b) => (a.receipt.message.channel < b.receipt.message.channel ? -1 : 1))
      )
    )
    await taken
  })

  it('take the bond for totals that are not the sums, of several leaves or of one', async () => {
    const bundle = await bundleOf(receipts)
    let taken = takesTheBond('total')
    await propose(bundle, { receiptsTotal: bundle.receiptsTotal + 1n })
    await taken
    taken = takesTheBond('total')
    await propose(bundle, { payoutsTotal: bundle.payoutsTotal - 1n })
    await taken
    const single = await bundleOf([receipts[0]!])
    taken = takesTheBond('total')
    await propose(single, { receiptsTotal: 5n })
    await taken
  })

  it('refuse shares that are wrong, which the contract cannot see, by their weight in the Datanet', async () => {
    const bundle = await bundleOf(receipts)
    const [first, second, ...rest] = bundle.payouts
    const payouts = [
      { ...first!, share: first!.share - 1n, cumulative: first!.cumulative - 1n },
      { ...second!, share: second!.share + 1n, cumulative: second!.cumulative + 1n },
      ...rest
    ]
    const { provable } = await isDisputed(['payouts.shares'], () =>
      propose({ ...bundle, payouts, payoutsRoot: payoutsTree(payouts).root.hash })
    )
    assert.equal(provable, false)
    assert.deepEqual(vetoed, [
      { pool: network.pool, epoch: 1, faults: ['payouts.shares'], voided: true, transaction: vetoed[0]?.transaction }
    ])
    await until(async () => (await watcher.service.epoch(network.pool, 1))?.state === 'voided', 'the epoch is void')
    assert.equal((await watcher.service.epoch(network.pool, 1))?.faults?.[0], 'payouts.shares')
  })

  it('oppose an epoch that leaves out a receipt which they could have counted long before', async () => {
    const forgetful = await network.addPeer('forgetful', { settler: true, scorer: false })
    // It watches, too, and may be the first to show what is wrong later.
    forgetful.events.on('payouts.challenged', event => {
      challenged.push(event)
    })
    await network.anvil.advance(Number(challengeSeconds / 8n))
    const bundle = await bundleOf([receipts[0]!, receipts[2]!])
    await isDisputed(['receipts.missing'], async () => {
      await propose(bundle, { by: forgetful })
    })
    await until(async () => (await watcher.service.epoch(network.pool, 1))?.state === 'voided', 'the epoch is void')
  })

  it('leave an honest epoch alone, and a challenge that shows nothing is refused', async () => {
    const other = await network.addPeer('other', { settler: true, scorer: false })
    other.events.on('payouts.challenged', event => {
      challenged.push(event)
    })
    const { epoch } = await other.service.settle(network.pool)
    await until(
      async () => (await watcher.service.epoch(network.pool, epoch))?.faults?.length === 0,
      'the watcher finds nothing wrong'
    )
    const { receipts: counted } = await bundleOf(receipts)
    const [receipt] = counted
    await assert.rejects(
      watcher.chain.payouts.challengeSignature(network.pool, 1, {
        receipt: receipt!.receipt.message,
        clientSignature: receipt!.clientSignature,
        workerSignature: receipt!.receipt.signature,
        sum: receipt!.receipt.message.fee,
        proof: receiptsTree(network.network, counted).proof(0)
      }),
      (error: unknown) => refusedWith(error, 'NoFraud')
    )
  })

  it('find an epoch that counts again what an earlier one has settled', async () => {
    await network.anvil.advance(Number(challengeSeconds))
    await liar.service.finalize(network.pool)
    const again = await bundleOf([receipts[0]!], 2)
    const duplicate = (): boolean => challenged.at(-1)?.fault === 'duplicate' && challenged.at(-1)?.epoch === 2
    // Its payouts are the last ones again, so that the contract takes it.
    const last = await liar.chain.payouts.epoch(network.pool, 1)
    await restake()
    await proposeAs(liar, again, { payoutsRoot: last.payoutsRoot, payoutsTotal: last.payoutsTotal })
    await until(duplicate, 'the challenge')
    assert.equal((await watcher.chain.payouts.epoch(network.pool, 2)).state, 'voided')
  })

  it('call a bundle that is none unreadable, and live on', async () => {
    const { payoutsTotal } = await liar.chain.payouts.pool(network.pool)
    const bundle = await bundleOf([receipts[0]!], 2)
    await isDisputed(['bundle.unreadable'], async () => {
      await restake()
      await proposeAs(liar, bundle, { payoutsRoot: keccak('p'), payoutsTotal, text: () => '{"pool":[[[[' })
    })
    // Who has earned in the epoch before is still paid.
    assert.ok((await watcher.service.claim(network.players[0]!)).amount > 0n)
  })
})

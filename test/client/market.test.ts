import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signStatement } from '../../protocol/crypto/index.ts'
import type { Message } from '../../protocol/crypto/index.ts'
import { mostToldOffers, offersAnswer, overAnswer } from '../../protocol/models/index.ts'
import type { ToldOffer } from '../../protocol/models/index.ts'
import { until } from '../harness/index.ts'
import { zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { fakeEngine } from '../harness/engine/serving.ts'
import { tamper } from '../node/models/network.ts'
import type { TestPeer } from '../node/models/network.ts'
import { allOf, startLightNetwork } from './network.ts'
import type { LightNetwork } from './network.ts'

const clientOnly = { worker: false, client: true } as const

describe('what is told of offers', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: LightNetwork
  let worker: TestPeer
  let host: TestPeer
  let liar: TestPeer
  let lie: (offers: readonly ToldOffer[]) => readonly ToldOffer[] = offers => offers
  let lieOver: (models: readonly Hex[]) => readonly Hex[] = models => models

  before(async () => {
    network = await startLightNetwork()
    worker = await network.addPeer('worker', { engine: fakeEngine(), roles: { worker: true, client: false } })
    host = await network.addPeer('host', { roles: clientOnly })
    liar = await network.addPeer('liar', {
      roles: clientOnly,
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, frame => {
          const read = offersAnswer.safeParse(frame)
          if (read.success) return { offers: lie(read.data.offers) } as never
          const over = overAnswer.safeParse(frame)
          return over.success ? ({ models: lieOver(over.data.models) } as never) : frame
        })
      })
    })
    await network.serve(worker, host)
    await network.serve(worker, liar)
  })
  after(() => network.stop())

  async function told(by: TestPeer) {
    const { tilth } = await network.light([by])
    try {
      return await allOf(tilth.offers())
    } finally {
      await tilth.close()
    }
  }

  it('the offers of a Datanet, of a model, or all', async () => {
    const { tilth } = await network.light([host])
    const count = async (query: Parameters<typeof tilth.offers>[0]) => (await allOf(tilth.offers(query))).length
    assert.equal(await count({}), 1)
    assert.equal(await count({ model: network.model }), 1)
    assert.equal(await count({ datanet: zeroHash }), 1)
    assert.equal(await count({ datanet: `0x${'12'.repeat(32)}` }), 0)
    assert.equal(await count({ model: `0x${'12'.repeat(32)}` }), 0)
    await tilth.close()
  })

  it('what is for every model over a base, to who asks for one of them', async () => {
    const folder = join(network.world.root, 'another base')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"model_type":"another"}')
    const model = await network.registerBase(folder, 'another')
    await until(() => [worker, host].every(({ service }) => service.model(model) !== undefined), 'it is known')
    await worker.service.offerAll({ model })
    await until(() => host.service.offers(model).length === 1, 'the offer is heard')
    const { tilth } = await network.light([host])
    const [offer] = await allOf(tilth.offers({ model }))
    assert.deepEqual([offer?.model, offer?.name, offer?.worker], [model, 'another', worker.address])
    const { receipts } = await tilth.ask({ model, messages: [{ role: 'user', content: 'hello' }], maxFee: 10n ** 18n })
      .result
    assert.equal(receipts.length, 1)

    // To who names none as well, each as the chain has it, and beside what is offered by itself.
    const said = async (query: Parameters<typeof tilth.offers>[0]) =>
      (await allOf(tilth.offers(query))).map(({ name, all, worker: by }) => [name, all, by === worker.address])
    const over = ['another', true, true]
    const all = new Map((await said({})).map(([name, ...rest]) => [name, rest]))
    assert.equal(all.size, 2)
    assert.deepEqual(all.get('another'), [true, true])
    assert.deepEqual(all.get('tiny'), [false, true])
    assert.deepEqual(await said({ name: 'another' }), [over])
    assert.deepEqual(await said({ name: 'nobody’s' }), [])
    assert.deepEqual(await said({ datanet: `0x${'12'.repeat(32)}` }), [])
    await tilth.close()

    // Who tells can hide some, and pass no other off as one of them.
    const lights = async (models: (told: readonly Hex[]) => readonly Hex[], name?: string) => {
      lieOver = models
      const { tilth: light } = await network.light([liar])
      const found = await allOf(light.offers(name === undefined ? {} : { name }))
      await light.close()
      lieOver = told => told
      return found.filter(one => one.all).map(one => one.model)
    }
    await until(() => liar.service.offers(model).length === 1, 'the liar has heard it too')
    assert.deepEqual(await lights(told => told), [model])
    assert.deepEqual(await lights(() => []), [])
    assert.deepEqual(
      await lights(() => [network.model, `0x${'34'.repeat(32)}`]),
      [],
      'no other base, and no such model'
    )
    assert.deepEqual(await lights(() => [model], 'some other name'), [])
  })

  it('who tells can leave some out, and add or change none', async () => {
    assert.equal((await told(liar)).filter(({ all }) => !all).length, 1)
    const change = (message: Partial<Message<'Offer'>>) => (offers: readonly ToldOffer[]) =>
      offers.map(one => ({ ...one, offer: { ...one.offer, message: { ...one.offer.message, ...message } } }))
    for (const [what, by] of [
      ['nothing', () => []],
      ['a lower price', change({ outputPrice: 1n })],
      ['another worker', change({ worker: liar.address })],
      ['a longer time', change({ expires: 9_999_999_999n })],
      [
        'an own offer for a model that is not registered',
        (offers: readonly ToldOffer[]) =>
          offers.map(({ offer, addresses }) => {
            const message = { ...offer.message, model: `0x${'34'.repeat(32)}` as const, worker: liar.address }
            const signed = signStatement(liar.chain.network, 'Offer', message, liar.key)
            return { offer: signed, peerId: liar.node.peers.self.peerId, addresses }
          })
      ],
      [
        'another PeerId',
        (offers: readonly ToldOffer[]) => offers.map(one => ({ ...one, peerId: liar.node.peers.self.peerId }))
      ],
      ['no PeerId', (offers: readonly ToldOffer[]) => offers.map(one => ({ ...one, peerId: 'x'.repeat(20) }))]
    ] as const) {
      lie = by
      assert.deepEqual(await told(liar), [], what)
    }
    // Addresses that lead nowhere cost a dial, and the worker's own key says who is there.
    lie = offers => offers.map(one => ({ ...one, addresses: ['/ip4/127.0.0.1/tcp/1/ws', 'nonsense'] }))
    assert.equal((await told(liar)).filter(({ all }) => !all).length, 1)
    lie = offers => offers
  })

  it('a node answers what is asked, and no more than an answer holds', async () => {
    const asker = await network.addPeer(`asker ${randomBytes(2).toString('hex')}`, { roles: clientOnly })
    const ask = async (question: unknown): Promise<ToldOffer[]> => {
      const stream = await asker.node.streams.open(host.address, '/tilth/models/offers/1')
      await stream.send(question)
      const found: ToldOffer[] = []
      for await (const { offers } of stream.receive(offersAnswer)) found.push(...offers)
      return found
    }
    const [one] = await ask({})
    assert.equal(one?.offer.message.worker, worker.address)
    assert.ok(one.addresses.length > 0 && one.addresses.every(address => address.includes('/ws/')))
    assert.ok((await ask({ models: [network.model] })).length <= mostToldOffers)
    for (const question of [{ models: [] }, { models: 'all' }, { datanet: '0x12' }, { more: true }, [], null])
      await assert.rejects(ask(question), { code: 'frame.schema' })
  })
})

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { TuneSpec } from '../../../protocol/jobs/index.ts'
import { checkCosigned } from '../../../protocol/models/index.ts'
import { canonicalJson, contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { trainedResult } from '../payouts/trained.ts'
import { ask, question, startNetwork } from './network.ts'
import type { PeerOptions, TestNetwork } from './network.ts'

const clientOnly: PeerOptions = { roles: { worker: false, client: true } }
const player = `0x${'11'.repeat(20)}` as Hex

/** A finished job's result, with its adapter, as the jobs phase leaves it; its Datanet version is anchored. */
async function finishedJob({
  builder
}: TestNetwork): Promise<{ result: string; adapter: string; base: string; datanet: Hex }> {
  const created = { rules: contentHash('rules'), createdAt: 1n, validators: [{ address: builder.address, weight: 1n }] }
  const { datanet } = await builder.chain.datanets.create(created)
  const version = {
    datanet,
    version: 1,
    root: contentHash('root'),
    count: 1,
    cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  }
  await builder.chain.datanets.anchorVersion(
    version,
    signStatement(builder.chain.network, 'Version', version, builder.key).signature
  )
  const folder = join(builder.folder, 'adapter')
  await mkdir(folder)
  await writeFile(join(folder, 'adapter_config.json'), '{}')
  const adapter = await builder.node.files.addDirectory(folder)
  const base = builder.service.model('tiny')?.base ?? ''
  const spec: TuneSpec = {
    base,
    datanet,
    version: 1,
    manifest: version.cid,
    coalitions: 2,
    settings: {
      method: 'lora',
      lora: { rank: 4, alpha: 8, targets: ['q_proj'], dropout: 0 },
      epochs: 1,
      batch: 1,
      accumulation: 1,
      lr: 0.1,
      schedule: 'constant',
      warmupRatio: 0,
      weightDecay: 0,
      clip: 1,
      seed: 1,
      cutoff: 64,
      ema: 0,
      responseOnly: true
    }
  }
  const result = await trainedResult(
    { network: builder.chain.network, builder, trainer: builder, files: builder.node.files },
    { spec, draw: contentHash('draw'), players: [player], coalitions: ['0', '1'], adapters: [null, adapter] },
    'none'
  )
  return {
    result: await builder.node.files.addBytes(new TextEncoder().encode(canonicalJson(result))),
    adapter,
    base,
    datanet
  }
}

describe('registration and offers', () => {
  let network: TestNetwork
  before(async () => {
    network = await startNetwork()
  })
  after(() => network.stop())

  it('registers a finished job, serves it with its adapter, and signs for the weights of an answer', async () => {
    const { builder } = network
    const { result, adapter, base, datanet } = await finishedJob(network)
    const split = { worker: 3000, builder: 1000, data: 6000 }
    const greedy = { worker: 9000, builder: 1, data: 999 }
    await assert.rejects(builder.service.register({ name: 'tuned', result, split: greedy }), { code: 'split.data' })
    const record = await builder.service.register({ name: 'tuned', result, split })
    assert.deepEqual(record, {
      id: record.id,
      name: 'tuned',
      builder: builder.address,
      worker: builder.address,
      base,
      adapter,
      result,
      datanet,
      version: 1,
      split
    })
    assert.equal((await builder.service.register({ name: 'tuned', result, split })).id, record.id)
    await assert.rejects(builder.service.register({ name: 'T-uned', result, split }), { code: 'name.taken' })
    assert.equal(builder.service.models().length, 2)
    await assert.rejects(builder.service.register({ name: 'x', result: adapter, split }), { name: 'InvalidError' })

    const used: (string | undefined)[] = []
    const engine = fakeEngine()
    const worker = await network.addPeer('worker', {
      engine: {
        ...engine,
        generate: job => {
          used.push(job.adapter)
          return engine.generate(job)
        }
      }
    })
    const client = await network.addPeer('client', clientOnly)
    await until(
      () => worker.service.model('tuned') !== undefined && client.service.model('tuned') !== undefined,
      'the model is known'
    )
    await worker.service.offer({ model: record.id, inputPrice: 7n, outputPrice: 70n })
    await until(() => client.service.offers(record.id).length === 1, 'the offer is known')
    const [id] = (await ask(client, question('why', { model: 'tuned' }))).receipts
    const receipt = await client.service.receipt(id as Hex)
    assert.ok(receipt !== undefined)
    checkCosigned(receipt, client.chain.network)
    assert.ok(used.every(folder => folder?.includes(adapter)))
    // Whether others may see an answer stands in the receipt that both sign.
    assert.equal(receipt.receipt.message.confidential, false)
    const [second] = (await ask(client, question('why', { model: record.id, private: true }))).receipts
    for (const { service } of [client, worker])
      assert.equal((await service.receipt(second as Hex))?.receipt.message.confidential, true)
    // A claim is split as the registration says.
    const { amount } = await worker.service.redeem()
    assert.equal(
      (await client.chain.payouts.pool(datanet)).deposited,
      amount - (amount * 3000n) / 10000n - amount / 10n
    )

    // Of the same result a model that passes a part on to the registration of its base, and to nothing else.
    const passing = { worker: 3000, builder: 1000, data: 5500, upstream: 500 }
    const [above, name] = [builder.service.model('tiny')?.id, 'grown']
    for (const [upstream, shares] of [
      [record.id, passing], // another adapter on its base
      [contentHash('none'), passing],
      [undefined, passing]
    ] as const)
      await assert.rejects(builder.service.register({ name, result, split: shares, upstream }), {
        code: 'model.upstream'
      })
    const grown = await builder.service.register({ name, result, split: passing, upstream: above })
    assert.deepEqual([grown.split, grown.upstream], [passing, above])
    await until(
      () => worker.service.model(grown.id) !== undefined && client.service.model(grown.id) !== undefined,
      name
    )
    await worker.service.offer({ model: grown.id, inputPrice: 7n, outputPrice: 70n })
    await until(() => client.service.offers(grown.id).length === 1, 'its offer is known')
    await ask(client, question('why', { model: grown.id }))
    const before = await builder.chain.tokens.balanceOf(builder.address)
    const redeemed = await worker.service.redeem()
    // As the builder of both it has a tenth, and what goes up.
    const got = (await builder.chain.tokens.balanceOf(builder.address)) - before
    assert.equal(got, redeemed.amount / 10n + redeemed.amount / 20n)
    // Another split goes on to what it was grown from.
    const anew = await builder.service.resplit(grown.id, { worker: 3500, builder: 1000, data: 5250, upstream: 250 })
    assert.deepEqual([anew.upstream, anew.split.upstream], [above, 250])
    await network.kill(worker)
    await network.kill(client)
  }).timeout(60_000)

  it('finds a worker by the DHT when gossip brings nothing', async () => {
    const worker = await network.addPeer('dht worker')
    const client = await network.addPeer('deaf client', {
      ...clientOnly,
      timing: { findMs: 15_000 },
      change: deps => ({ ...deps, gossip: { ...deps.gossip, subscribe: () => () => undefined } })
    })
    await until(
      () => worker.service.model('tiny') !== undefined && client.service.model('tiny') !== undefined,
      'the model is known'
    )
    await worker.service.offer({ model: network.model })
    await until(
      async () => {
        for await (const peer of client.node.files.findProviders(network.builder.service.model('tiny')?.base ?? '', {
          limit: 4
        }))
          if (peer.address === worker.address) return true
        return false
      },
      'the provider record has spread',
      30_000
    )
    assert.deepEqual(client.service.offers(), [])
    assert.equal((await ask(client, question('why'))).ids.length, 24)
    await network.kill(worker)
    await network.kill(client)
  }).timeout(60_000)

  it('takes no offer that breaks a rule, whoever spreads it', async () => {
    const stranger = await network.addPeer('stranger', {
      change: deps => ({ ...deps, gossip: { ...deps.gossip, subscribe: () => () => undefined } })
    })
    const client = await network.addPeer('reader', clientOnly)
    await until(() => client.service.model('tiny') !== undefined, 'the model is known')
    const now = BigInt(Math.floor(Date.now() / 1000))
    const good = {
      model: network.model,
      worker: stranger.address,
      inputPrice: 1n,
      outputPrice: 2n,
      capacity: 1,
      tokensPerSecond: 10,
      issuedAt: now,
      expires: now + 60n,
      region: '',
      weights: ''
    }
    const offer = (change: Partial<typeof good>, key = stranger.key) => ({
      kind: 'offer',
      offer: signStatement(stranger.chain.network, 'Offer', { ...good, ...change }, key)
    })
    const bad: unknown[] = [
      { kind: 'offer' },
      { kind: 'other' },
      7,
      offer({ worker: network.builder.address }),
      offer({ expires: now - 1n, issuedAt: now - 60n }),
      offer({ expires: now + 7200n }),
      offer({ outputPrice: 0n }),
      offer({ model: contentHash('nothing') }),
      offer({ issuedAt: now + 6000n, expires: now + 6060n }),
      { kind: 'offer', offer: { ...offer({}).offer, signature: offer({ capacity: 2 }).offer.signature } }
    ]
    await until(
      () => stranger.node.gossip.subscribers('tilth/models/1').some(({ address }) => address === client.address),
      'the mesh is there',
      30_000
    )
    for (const message of bad) await stranger.node.gossip.publish('tilth/models/1', message)
    // Gossip keeps its order between two peers well enough: when the good one is there, the bad ones were seen.
    await until(
      async () => {
        await stranger.node.gossip.publish(
          'tilth/models/1',
          offer({ capacity: 3, issuedAt: BigInt(Math.floor(Date.now() / 1000)) })
        )
        return client.service.offers().length > 0
      },
      'the good offer is known',
      30_000
    )
    assert.deepEqual(
      client.service.offers().map(({ worker, capacity }) => [worker, capacity]),
      [[stranger.address, 3]]
    )
    await network.kill(stranger)
    await network.kill(client)
  }).timeout(60_000)

  it('shows that a model was retired, and opens no channel for it', async () => {
    const { builder } = network
    const folder = join(builder.folder, 'old')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"old":1}')
    const id = await network.registerBase(folder, 'old')
    await builder.chain.models.retire(id)
    await until(() => builder.service.model(id)?.retired === true, 'the node knows')
    assert.equal(builder.service.model('old'), undefined)
  })

  it('is retired by its builder alone, and gets another split as a new model of its name', async () => {
    const { builder } = network
    const { service } = builder
    const folder = join(builder.folder, 'terms')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"terms":1}')
    const id = await network.registerBase(folder, 'terms')
    const other = await network.addPeer('other', { engine: fakeEngine() })
    await until(() => other.service.model(id) !== undefined, 'the other knows it')
    await assert.rejects(other.service.retire(id), { code: 'model.not-ours' })
    await assert.rejects(service.resplit(id, { worker: 5000, builder: 4000, data: 0 }), { code: 'model.split' })
    await assert.rejects(service.resplit(id, { worker: 5000, builder: 4000, data: 1000 }), { code: 'model.split' })
    const split = { worker: 5000, builder: 5000, data: 0 }
    const anew = await service.resplit(id, split)
    assert.notEqual(anew.id, id)
    assert.deepEqual([anew.name, anew.split], ['terms', split])
    assert.equal((await builder.chain.models.model(id))?.retired, true)
    assert.equal(service.model('terms')?.id, anew.id)
    await until(() => other.service.model('terms')?.id === anew.id, 'the other knows the new one')
    await until(() => other.service.model(id)?.retired === true, 'and that the old one is retired')
    await assert.rejects(service.retire(id), { code: 'model.retired' })
    await service.retire(anew.id)
    assert.equal(service.model('terms'), undefined)
  })

  it('leaves a model out whose name is longer than any may be, tells its owner first, and starts again', async () => {
    const { builder } = network
    const folder = join(builder.folder, 'long')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"long":1}')
    const registration = {
      name: 'n'.repeat(81),
      base: await builder.node.files.addDirectory(folder),
      adapter: '',
      result: '',
      datanet: `0x${'00'.repeat(32)}`,
      version: 0,
      job: `0x${'00'.repeat(32)}`,
      worker: builder.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    } as const
    await assert.rejects(builder.service.registerBase({ name: registration.name, base: registration.base }), {
      code: 'model.invalid'
    })
    // Anybody can go to the contract, which takes longer names.
    const { model } = await builder.chain.models.register(registration)
    const good = await network.registerBase(folder, 'after the long one')
    await until(() => builder.service.model(good) !== undefined, 'the node has read on')
    assert.equal(builder.service.model(model), undefined)
    await network.kill(builder)
    await network.revive(builder)
    await until(() => builder.service.model(good) !== undefined, 'it is back')
    assert.equal(builder.service.model(model), undefined)
  }).timeout(60_000)
})

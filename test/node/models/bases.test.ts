import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { everyModelOver, workerFrame } from '../../../protocol/models/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const clientOnly = { roles: { worker: false, client: true } }

describe('serving every model over a base', () => {
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer
  let base: string
  /** CIDs that the worker took, from wherever. */
  const taken = new Set<string>()
  const said: { offer: { message: { model: Hex } } }[] = []
  const ids: Hex[] = []
  /** Awaited before the worker takes an adapter. */
  let gate: Promise<void> = Promise.resolve()

  /** A model with an adapter of its own, which its builder has. */
  async function register(name: string): Promise<Hex> {
    const folder = join(network.world.root, name)
    await mkdir(folder)
    await writeFile(join(folder, 'adapter_model.safetensors'), `weights of ${name}`)
    const adapter = await network.builder.node.files.addDirectory(folder)
    const registration = {
      name,
      base,
      adapter,
      result: adapter,
      licence: '',
      datanet: zeroHash,
      version: 0,
      job: zeroHash,
      worker: network.builder.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    }
    await network.builder.chain.models.register(registration)
    const id = network.builder.chain.models.idOf(network.builder.address, registration)
    await until(() => [worker, client].every(({ service }) => service.model(id) !== undefined), `${name} is known`)
    return id
  }
  /** What the worker asks for a token of it. */
  const quote = async (model: Hex): Promise<bigint> => {
    const stream = await client.node.streams.open(worker.address, '/tilth/models/infer/1')
    await stream.send({ kind: 'quote', model })
    const frame = await stream.next(workerFrame)
    assert.ok(frame?.kind === 'offer')
    await stream.end()
    return frame.offer.message.outputPrice
  }
  const held = (): number => worker.service.wholeBases().length

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', {
      change(deps) {
        return {
          ...deps,
          shelf: {
            ...deps.shelf,
            async take(cid, options) {
              taken.add(cid)
              if (options.kind === 'adapter') await gate
              return deps.shelf.take(cid, options)
            }
          },
          gossip: {
            ...deps.gossip,
            publish(topic, message) {
              said.push(message as (typeof said)[number])
              return deps.gossip.publish(topic, message)
            }
          }
        }
      }
    })
    client = await network.addPeer('client', clientOnly)
    await until(() => worker.service.model(network.model) !== undefined, 'the base is known')
    base = worker.service.model(network.model)?.base ?? ''
    for (let i = 0; i < 3; i++) ids.push(await register(`adapter-${i}`))
    await worker.service.offerAll({ model: ids[0] as Hex, outputPrice: 7n })
  })
  after(() => network.stop())

  it('is one message, and an offer for each of them to everybody', async () => {
    await until(() => client.service.offers(ids[2]).length === 1, 'the client has heard')
    assert.deepEqual(new Set(said.map(({ offer }) => offer.message.model)), new Set([everyModelOver(base)]))
    const [offer] = client.service.offers(ids[1])
    assert.deepEqual([offer?.model, offer?.worker, offer?.outputPrice], [ids[1], worker.address, 7n])
    assert.equal(client.service.offers().length, 0, 'what stands for all of them is not a model')
    assert.deepEqual(
      worker.service.wholeBases().map(({ base: cid, outputPrice }) => [cid, outputPrice]),
      [[base, 7n]]
    )
  })

  it('brings those that are asked for, and answers for one that came later', async () => {
    const later = await register('later')
    for (const model of [ids[1] as Hex, later]) {
      const { ids: tokens, receipts, usage, workers } = await ask(client, question('what?', { model, maxTokens: 5 }))
      assert.equal(tokens.length, 5)
      assert.equal(receipts.length, 1)
      assert.deepEqual(
        workers.map(one => one.worker),
        [worker.address]
      )
      assert.equal(usage.fee, 5n * 7n + BigInt(usage.inputTokens) * 10n ** 14n)
    }
    const adapterOf = (id: Hex | undefined): string => client.service.model(id ?? '')?.adapter ?? ''
    assert.equal(taken.has(adapterOf(later)), true)
    assert.equal(taken.has(adapterOf(ids[2])), false, 'what nobody asked for takes no room')
    assert.equal(
      said.every(({ offer }) => offer.message.model === everyModelOver(base)),
      true
    )
  })

  it('brings nothing for a quote, and at the prices of now what came while they changed', async () => {
    const model = await register('changing')
    const adapter = worker.service.model(model)?.adapter ?? ''
    assert.equal(await quote(model), 7n)
    assert.equal(taken.has(adapter), false)
    const { promise, resolve } = Promise.withResolvers<void>()
    gate = promise
    const answer = ask(client, question('slow', { model, maxTokens: 3 }))
    answer.catch(() => undefined)
    await until(() => taken.has(adapter), 'it is on its way')
    await worker.service.offerAll({ model: ids[0] as Hex, outputPrice: 9n })
    resolve()
    await answer
    assert.equal(await quote(model), 9n)
  })

  it('goes on after kill -9', async () => {
    await network.kill(worker)
    await network.revive(worker)
    await until(() => held() === 1, 'the base is offered again')
    const { ids: tokens } = await ask(client, question('again?', { model: ids[0] as Hex, maxTokens: 3 }))
    assert.equal(tokens.length, 3)
  })

  it('refuses what its owner withdrew, and all of them when no more are offered', async () => {
    const refused = (model: Hex | undefined, code: string): Promise<void> =>
      assert.rejects(ask(client, question('no', { model: model as Hex })), { code })
    await worker.service.withdraw(ids[2] as Hex)
    await refused(ids[2], 'offer.none')
    await assert.rejects(quote(ids[2] as Hex), { code: 'offer.none' })
    await worker.service.offerAll({ model: ids[2] as Hex, outputPrice: 9n })
    assert.equal(await quote(ids[2] as Hex), 9n)
    assert.equal((await worker.service.withdrawAll(ids[0] as Hex)).served, true)
    assert.equal((await worker.service.withdrawAll(ids[0] as Hex)).served, false)
    assert.equal(held(), 0)
    await assert.rejects(ask(client, question('no', { model: ids[0] as Hex })))
  })
})

import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { mergeAdapter, openEngine } from '../../node/engine/index.ts'
import type { Engine } from '../../node/engine/index.ts'
import { folderSpeech } from '../../node/models/index.ts'
import { startWorker } from '../bench/adapters/worker.ts'
import type { Worker } from '../bench/adapters/worker.ts'
import { modelFolder, vectors } from '../engine/fixture.ts'
import { until } from '../harness/index.ts'
import { question, startNetwork } from '../node/models/network.ts'
import type { TestNetwork, TestPeer } from '../node/models/network.ts'

// What PEFT trained by DoRA, by way of the chain and IPFS to a worker that is a daemon of its own, and back as answers.

const name = 'llama-tied'
const dora = join(vectors, 'dora', name)
const asked = 'Symbol of Iron?'
const maxTokens = 12

describe('a DoRA adapter on a worker', function () {
  this.timeout(180_000)
  let network: TestNetwork, worker: Worker, client: TestPeer, engine: Engine, folder: string, base: string

  /** Somebody registers an adapter over the base; a client has heard of it. */
  async function register(title: string, path: string): Promise<Hex> {
    const { builder } = network
    const adapter = await builder.node.files.addDirectory(path)
    const registration = {
      name: title,
      base,
      adapter,
      result: adapter,
      licence: '',
      datanet: zeroHash,
      version: 0,
      job: zeroHash,
      worker: builder.address,
      split: { worker: 8000, builder: 2000, data: 0 }
    }
    await builder.chain.models.register(registration)
    const id = builder.chain.models.idOf(builder.address, registration)
    await until(() => client.service.model(id) !== undefined, `the client knows ${title}`)
    return id
  }
  async function answered(model: Hex): Promise<{ ids: readonly number[]; logprobs: number[] }> {
    const logprobs: number[] = []
    const request = question(asked, { model, maxTokens, temperature: 0, logprobs: 0 })
    for await (const event of client.service.ask(request)) {
      if (event.kind === 'text') logprobs.push(...(event.logprobs ?? []).map(({ logprob }) => logprob))
      else if (event.kind === 'done') return { ids: event.ids, logprobs }
    }
    throw new Error('the answer did not end')
  }
  async function said(model: string): Promise<{ ids: readonly number[]; logprobs: number[] }> {
    const logprobs: number[] = []
    const generation = engine.generate({
      model,
      messages: [{ role: 'user', content: asked }],
      settings: { maxTokens, temperature: 0, seed: 7, logprobs: 0 }
    })
    for await (const { logprob } of generation) if (logprob !== undefined) logprobs.push(logprob)
    return { ids: (await generation.result).ids, logprobs }
  }

  before(async () => {
    network = await startNetwork()
    const { root } = network.world
    folder = modelFolder(root, name)
    engine = openEngine({ threads: 1 })
    await network.registerBase(folder, 'base')
    base = await network.builder.node.files.addDirectory(folder)
    // In float32, as the merged model is: fewer bits of a sum are not the sum of fewer bits.
    worker = await startWorker(network, { threads: 1, quantize: 'none', capacity: 4 })
    client = await network.addPeer('client', {
      roles: { worker: false, client: true },
      speech: folderSpeech(engine.text),
      timing: { findMs: 60_000, reachMs: 30_000, acceptMs: 60_000, silenceMs: 60_000 }
    })
    await network.world.faucet.tokens.transfer(client.address, 1_000n * 10n ** 18n)
    await network.world.faucet.tokens.sendGas(client.address, 10n ** 18n)
  })
  after(async () => {
    await worker.stop()
    await engine.close()
    await network.stop()
  })

  it('answers over the network as the model with it merged in does, token by token', async () => {
    const model = await register('scaled', dora)
    await until(async () => (await worker.models()) >= 3, 'the worker knows it')
    await worker.api.call('serve', { params: { id: model }, body: { all: true } })
    await until(() => client.service.offers(model).length === 1, 'it is offered')
    const merged = join(folder, '..', 'merged')
    mergeAdapter({ model: folder, adapter: dora, output: merged, dtype: 'F32' })
    const [got, want, plain] = [await answered(model), await said(merged), await said(folder)]
    assert.deepEqual(got.ids, want.ids)
    assert.notDeepEqual(want.ids, plain.ids)
    assert.equal(got.logprobs.length, want.logprobs.length)
    assert.ok(got.logprobs.length > 0)
    got.logprobs.forEach((of, i) => assert.ok(Math.abs(of - (want.logprobs[i] ?? NaN)) < 1e-3, `token ${i}: ${of}`))
  })

  it('that does not say that it is one is refused by its name before it is offered', async () => {
    const path = join(folder, '..', 'damaged')
    await cp(dora, path, { recursive: true })
    const config = join(path, 'adapter_config.json')
    const written = JSON.parse(await readFile(config, 'utf8')) as object
    // Without the word for it the magnitudes stand for nothing that is known.
    await writeFile(config, JSON.stringify({ ...written, use_dora: false }))
    const model = await register('damaged', path)
    await until(
      async () =>
        worker.api.call('model', { params: { id: model } }).then(
          () => true,
          () => false
        ),
      'the worker knows it'
    )
    await assert.rejects(worker.api.call('serve', { params: { id: model }, body: {} }), {
      code: 'adapter-mismatch',
      message: /of DoRA/
    })
    // As one of all over its base it is quoted until somebody asks it, and then no more.
    await assert.rejects(answered(model))
    const stream = await client.node.streams.open(await worker.address(), '/tilth/models/infer/1')
    await stream.send({ kind: 'quote', model })
    await assert.rejects(stream.next(z.unknown()), { code: 'offer.none' })
  })
})

import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { createBackends } from '../../../node/engine/backend/index.ts'
import type { BackendOptions, Backends } from '../../../node/engine/backend/index.ts'
import { openEngine } from '../../../node/engine/index.ts'
import type { Engine } from '../../../node/engine/types.ts'
import { folderSpeech } from '../../../node/models/index.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { checkCosigned, feeOf } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { logOf, until } from '../../harness/index.ts'
import { startServer } from '../../harness/engine/server.ts'
import type { TestServer } from '../../harness/engine/server.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const folder = resolve('daemon/assets/seedling')

describe('a worker that answers by a server of its owner', function () {
  this.timeout(120_000)
  let engine: Engine
  let network: TestNetwork
  let server: TestServer
  let worker: TestPeer
  let client: TestPeer
  let backends: Backends
  let model: Hex

  before(async () => {
    engine = openEngine({ threads: 1, provider: 'cpu' })
    network = await startNetwork()
    model = await network.registerBase(folder, 'seedling')
    server = await startServer({ kind: 'vllm', engine, model: folder })
    const base = network.builder.service.model(model)?.base ?? ''
    const options: BackendOptions = {
      name: 'rack',
      url: server.url,
      kind: 'auto',
      base,
      names: {},
      concurrency: 4,
      silenceMs: 20_000,
      tolerance: 0.2,
      key: async () => undefined
    }
    backends = createBackends([options], { own: engine, clock: systemClock, log: logOf('rack') })
    const speech = folderSpeech(engine.text)
    worker = await network.addPeer('worker', { engine, speech, change: deps => ({ ...deps, backends }) })
    client = await network.addPeer('client', { roles: { worker: false, client: true }, speech })
    for (const peer of [worker, client])
      await until(() => peer.service.model(model) !== undefined, 'the model is known')
    await worker.service.offer({ model, inputPrice: 1n, outputPrice: 100n })
    await until(() => client.service.offers(model).length > 0, 'the offer is known')
  })
  after(async () => {
    backends.stop()
    await network.stop()
    await server.stop()
    await engine.close()
  })

  const asked = { ...question('Say what a heron is', { maxTokens: 12 }), model: 'seedling', temperature: 0 }

  it('gives the tokens of the model, is paid for each by receipts, and had them of the server', async () => {
    const before = server.asked.length
    const { ids, text, streamed, receipts } = await ask(client, { ...asked, logprobs: 2 })
    assert.equal(streamed, text)
    assert.equal(server.asked.slice(before).filter(({ path }) => path === 'v1/completions').length, 1)
    const opening = await client.service.opening(receipts[0] ?? '0x')
    assert.ok(opening !== undefined)
    const prompt = await engine.text.prompt(folder, asked.messages, opening.content.day)
    const own = await engine.generate({
      model: folder,
      promptIds: prompt,
      exact: true,
      settings: { maxTokens: 12, temperature: 0, seed: 1 }
    }).result
    assert.deepEqual(ids, own.ids)
    const cosigned = await client.service.receipt(receipts[0] ?? '0x')
    assert.ok(cosigned !== undefined)
    checkCosigned(cosigned, client.chain.network)
    const { inputTokens, outputTokens, fee } = cosigned.receipt.message
    assert.deepEqual([inputTokens, outputTokens], [prompt.length, ids.length])
    assert.equal(fee, feeOf({ inputPrice: 1n, outputPrice: 100n }, prompt.length, ids.length))
  })

  it('that dies in the middle is paid for what it gave, and another worker goes on from there', async () => {
    const other = await network.addPeer('other', { engine, speech: folderSpeech(engine.text) })
    await until(() => other.service.model(model) !== undefined, 'the model is known')
    await other.service.offer({ model, inputPrice: 10n, outputPrice: 1000n })
    await until(() => client.service.offers(model).length > 1, 'the other offer is known')
    const whole = (await ask(client, asked)).ids
    server.options = {
      ...server.options,
      spoil(path, response, body) {
        if (path !== 'v1/completions') return false
        for (const id of whole.slice(0, 3))
          response.write(`data: ${JSON.stringify({ choices: [{ text: '', token_ids: [id] }] })}\n\n`)
        // Nothing says that the answer is over: the server is gone.
        response.end()
        return body['stream'] === true
      }
    }
    const { ids, workers, receipts } = await ask(client, asked)
    assert.deepEqual(ids, whole)
    assert.deepEqual(
      workers.map(({ worker: address }) => address),
      [worker.address, other.address]
    )
    assert.equal(receipts.length, 2)
    const { spoil: _spoil, ...honest } = server.options
    server.options = honest
    assert.equal(backends.status()[0]?.state, 'away')
    await backends.check('rack')
    assert.equal(backends.status()[0]?.state, 'ready')
    assert.deepEqual((await ask(client, asked)).ids, whole)
  })
  it('answers for no model whose offer failed, and once for a model that was offered twice at once', async () => {
    const checked = () => backends.status()[0]?.checked.length
    await worker.service.withdraw(model)
    assert.equal(checked(), 0)
    const trial = await engine.text.prompt(folder, [{ role: 'user', content: 'Hello' }])
    server.options = {
      ...server.options,
      spoil(path, response, body) {
        if (path !== 'v1/completions' || JSON.stringify(body['prompt']) !== JSON.stringify(trial)) return false
        response.writeHead(400).end('{"error": "not this one"}')
        return true
      }
    }
    const offer = () => worker.service.offer({ model, inputPrice: 1n, outputPrice: 100n })
    await assert.rejects(offer(), { code: 'backend-refused' })
    assert.equal(checked(), 0)
    const { spoil: _spoil, ...honest } = server.options
    server.options = honest
    await Promise.all([offer(), offer()])
    assert.equal(checked(), 1)
    await worker.service.withdraw(model)
    assert.equal(checked(), 0)
  })
})

import assert from 'node:assert/strict'
import { cp, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openEngine } from '../../../node/engine/index.ts'
import { folderSpeech } from '../../../node/models/index.ts'
import type { SpeechSource } from '../../../node/models/index.ts'
import { createMetrics } from '../../../node/runtime/index.ts'
import { checkCosigned } from '../../../protocol/models/index.ts'
import type { ChosenLogprob, Route } from '../../../protocol/models/index.ts'
import { LimitError, foreignCode, zeroHash } from '../../../protocol/primitives/index.ts'
import { scratch, until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('inference between nodes', () => {
  let network: TestNetwork
  let worker: TestPeer
  let client: TestPeer
  const engine = fakeEngine()
  const metrics = createMetrics()

  before(async () => {
    network = await startNetwork()
    worker = await network.addPeer('worker', { engine, metrics })
    client = await network.addPeer('client', { roles: { worker: false, client: true } })
    await network.serve(worker, client)
  })
  after(() => network.stop())

  it('opens no channel for what its budget refuses', async () => {
    const refused = new LimitError(foreignCode('test.budget'), 'too much')
    const held: bigint[] = []
    const budget = {
      async reserve(most: bigint) {
        held.push(most)
        throw refused
      },
      spent: () => undefined
    }
    await assert.rejects(ask(client, question('how does rain fall', { budget })), { code: 'test.budget' })
    const [offer] = client.service.offers(network.model)
    assert.ok(offer !== undefined && held.length === 1 && (held[0] ?? 0n) >= 24n * offer.outputPrice)
    assert.equal((await client.service.channels()).items.length, 0)
  })

  it('streams an answer, pays for each token of it, and leaves the same receipt with both', async () => {
    const answer = await ask(client, question('how does rain fall'))
    assert.equal(answer.ids.length, 24)
    assert.equal(answer.streamed, answer.text)
    assert.equal(answer.text, answer.ids.map(id => `w${id} `).join(''))
    assert.equal(answer.finish, 'length')
    assert.deepEqual(answer.workers, [{ worker: worker.address }])
    const [offer] = client.service.offers(network.model)
    assert.ok(offer !== undefined)
    assert.equal(answer.usage.fee, 4n * offer.inputPrice + 24n * offer.outputPrice)
    const [id] = answer.receipts
    assert.ok(id !== undefined)
    await until(async () => (await worker.service.receipt(id)) !== undefined, 'the worker has the receipt')
    const [mine, theirs] = [await client.service.receipt(id), await worker.service.receipt(id)]
    assert.deepEqual(mine, theirs)
    assert.ok(mine !== undefined)
    checkCosigned(mine, client.chain.network)
    assert.equal(mine.receipt.message.sequence, 1n)
    assert.equal(mine.receipt.message.previous, zeroHash)
    assert.equal(mine.receipt.message.fee, answer.usage.fee)
  })

  it('chains receipts over one channel, and two asks at once share it', async () => {
    const answers = await Promise.all(['a b', 'c d e', 'f', 'a b'].map(text => ask(client, question(text))))
    assert.deepEqual(answers[0]?.ids, answers[3]?.ids)
    const channels = (await client.service.channels()).items.filter(({ role }) => role === 'client')
    assert.equal(channels.length, 1)
    const [channel] = channels
    assert.equal(channel?.receipts, 5)
    assert.equal(channel?.paid, channel?.settled)
    const receipts = (await client.service.receipts())
      .map(one => one.receipt)
      .toSorted((a, b) => Number(a.receipt.message.sequence - b.receipt.message.sequence))
    assert.deepEqual(
      receipts.map(({ receipt }) => receipt.message.sequence),
      [1n, 2n, 3n, 4n, 5n]
    )
    assert.equal(
      receipts.reduce((sum, { receipt }) => sum + receipt.message.fee, 0n),
      channel?.settled
    )
  })

  it('gives the same tokens for the same seed, others for another', async () => {
    const one = await ask(client, question('x', { temperature: 1, seed: 1 }))
    assert.deepEqual((await ask(client, question('x', { temperature: 1, seed: 1 }))).ids, one.ids)
    assert.notDeepEqual((await ask(client, question('x', { temperature: 1, seed: 2 }))).ids, one.ids)
  })

  it('says what an answer came to, which is never more than was held for it', async () => {
    const said: [string, bigint][] = []
    const budget = {
      reserve: async (most: bigint) => void said.push(['held', most]),
      spent: (fee: bigint) => void said.push(['spent', fee])
    }
    const { usage } = await ask(client, question('x', { budget }))
    assert.deepEqual(
      said.map(([what]) => what),
      ['held', 'spent']
    )
    const [[, held], [, spent]] = said as [[string, bigint], [string, bigint]]
    assert.equal(spent, usage.fee)
    assert.ok(spent <= held)
  })

  it('redeems on chain exactly what was promised', async () => {
    const [channel] = (await worker.service.channels()).items.filter(({ role }) => role === 'worker')
    assert.ok(channel !== undefined)
    const before = await worker.chain.tokens.balanceOf(worker.address)
    const { channels, amount } = await worker.service.redeem()
    assert.equal(channels, 1)
    assert.equal(amount, channel.paid)
    assert.equal((await worker.chain.tokens.balanceOf(worker.address)) - before, (amount * 8000n) / 10000n)
    assert.deepEqual(await worker.service.redeem(), { channels: 0, amount: 0n })
    const shown = await metrics.metrics()
    assert.match(shown, new RegExp(`tilth_models_receipts_total\\{role="worker"\\} ${channel.receipts}`))
    assert.match(shown, /tilth_models_offers 1\n/)
  })

  it('ends early when the client has had enough, and is paid for what came', async () => {
    const control = new AbortController()
    const slow = await network.addPeer('slow', { engine: fakeEngine({ tokenMs: 20 }) })
    await network.serve(slow, client, { outputPrice: 1n })
    let seen = 0
    const answer = await ask(client, question('stop me', { maxTokens: 500, signal: control.signal }), event => {
      if (event.kind === 'text' && ++seen === 3) control.abort()
    })
    assert.equal(answer.finish, 'cancelled')
    assert.ok(answer.ids.length >= 3 && answer.ids.length < 100, `${answer.ids.length} tokens`)
    const [id] = answer.receipts
    assert.ok(id !== undefined)
    assert.equal((await client.service.receipt(id))?.receipt.message.outputTokens, answer.ids.length)
    await slow.service.withdraw(network.model)
    await network.kill(slow)
  })

  it('asks whom its route leads to, and says when that is nobody', async () => {
    const slow = await network.addPeer('cheap', { engine: fakeEngine({ tokenMs: 20 }) })
    await network.serve(slow, client, { outputPrice: 1n })
    const cases: [Route, string][] = [
      [{ only: [worker.address] }, worker.address],
      [{ ignore: [worker.address.slice(0, 14)] }, slow.address],
      [{ sort: 'price' }, slow.address],
      [{ sort: 'speed' }, worker.address]
    ]
    for (const [route, expected] of cases) {
      const answer = await ask(client, question('how does rain fall', { route }))
      assert.equal(answer.workers.at(-1)?.worker, expected, JSON.stringify(route))
    }
    await assert.rejects(ask(client, question('how', { route: { only: [client.address] } })), { code: 'offer.route' })
    await slow.service.withdraw(network.model)
    await network.kill(slow)
  })

  it('names a model that nobody knows, and one that nobody offers', async () => {
    assert.throws(() => client.service.ask(question('x', { model: 'nothing' })), { code: 'model.unknown' })
    await assert.rejects(client.service.offer({ model: network.model }), { code: 'models.not-worker' })
  })
})

describe('inference with the real engine', () => {
  it('a template that prints the date is told the day of the request, by client and worker', async function () {
    this.timeout(120_000)
    const network = await startNetwork()
    const engine = openEngine({ threads: 1 })
    const prompts: Record<string, readonly number[][]> = { worker: [], client: [] }
    const noting =
      (who: string): SpeechSource =>
      folder => {
        const speech = folderSpeech(engine.text)(folder)
        return (
          speech && {
            ...speech,
            async prompt(messages, day) {
              const ids = await speech.prompt(messages, day)
              prompts[who] = [...(prompts[who] ?? []), [...ids]]
              return ids
            }
          }
        )
      }
    try {
      const folder = join(await scratch('dated'), 'model')
      await cp(join(import.meta.dirname, '../../../daemon/assets/seedling'), folder, { recursive: true })
      await writeFile(join(folder, 'chat_template.jinja'), "{{ strftime_now('%Y-%m-%d') }}")
      const model = await network.registerBase(folder, 'dated')
      const worker = await network.addPeer('worker', { engine, speech: noting('worker') })
      const client = await network.addPeer('client', {
        roles: { worker: false, client: true },
        speech: noting('client')
      })
      await until(
        () => worker.service.model(model) !== undefined && client.service.model(model) !== undefined,
        'the model is known'
      )
      await worker.service.offer({ model })
      await until(() => client.service.offers(model).length > 0, 'the offer is known')
      const today = (): string => new Date().toISOString().slice(0, 10)
      const before = today()
      const answer = await ask(client, { ...question('what day is it', { maxTokens: 2 }), model: 'dated' })
      assert.equal(answer.receipts.length, 1)
      assert.deepEqual(prompts['client'], prompts['worker'])
      const said = await engine.decode(folder, prompts['worker']?.[0] ?? [])
      assert.ok([before, today()].includes(said), said)
    } finally {
      await network.stop()
      await engine.close()
    }
  })

  it('answers with the base model of the repository, counted and spelt by its own tokenizer', async function () {
    this.timeout(120_000)
    const network = await startNetwork()
    const engine = openEngine({ threads: 1 })
    const speech = folderSpeech(engine.text)
    try {
      const model = await network.registerBase(join(import.meta.dirname, '../../../daemon/assets/seedling'), 'seedling')
      const worker = await network.addPeer('worker', { engine, speech })
      const client = await network.addPeer('client', { roles: { worker: false, client: true }, speech })
      await until(
        () => worker.service.model(model) !== undefined && client.service.model(model) !== undefined,
        'the model is known'
      )
      await worker.service.offer({ model })
      await until(() => client.service.offers(model).length > 0, 'the offer is known')
      const answer = await ask(client, {
        model: 'seedling',
        messages: [{ role: 'user', content: 'What is a naïve dog?' }],
        maxTokens: 16,
        seed: 3,
        temperature: 0.7
      })
      assert.ok(answer.ids.length > 0)

      const schema = { type: 'object', properties: { word: { type: 'string', maxLength: 9 } }, required: ['word'] }
      const form = JSON.stringify({ json: schema })
      const told: ChosenLogprob[] = []
      const wished = { ...question('Say a word', { maxTokens: 40 }), model: 'seedling', form, logprobs: 2 }
      const held = await ask(client, wished, event => {
        if (event.kind === 'text') told.push(...(event.logprobs ?? []))
      })
      const { word } = JSON.parse(held.text) as { word: string }
      assert.ok(Array.from(word).length <= 9 && held.finish === 'stop' && held.receipts.length === 1, held.text)
      const opening = await client.service.opening(held.receipts[0] ?? '0x')
      assert.ok(opening?.content.form?.includes('maxLength'))
      assert.equal(Buffer.from(told.flatMap(({ bytes }) => bytes)).toString(), held.text)
      assert.ok(told.every(({ top, logprob }) => top.length === 2 && logprob <= (top[0]?.logprob ?? -Infinity)))
      assert.equal(answer.streamed, answer.text)
      assert.equal(answer.receipts.length, 1)
      const again = await ask(client, {
        model: 'seedling',
        messages: [{ role: 'user', content: 'What is a naïve dog?' }],
        maxTokens: 16,
        seed: 3,
        temperature: 0.7
      })
      assert.deepEqual(again.ids, answer.ids)
    } finally {
      await network.stop()
      await engine.close()
    }
  })
})

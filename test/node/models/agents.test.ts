import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AskBudget, AskEvent } from '../../../node/models/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { checkCosigned, checkManifest, encodeManifest } from '../../../protocol/models/index.ts'
import type { AgentManifest } from '../../../protocol/models/index.ts'
import { TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { fakeEngine, fakeSpeech, tokenAt } from '../../harness/engine/serving.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const workerOnly = { roles: { worker: true, client: false } }
const fee = 5_000n

/** What the engine of these tests says to a question. */
const said = (content: string, maxTokens: number): string =>
  Array.from({ length: maxTokens }, (_, i) => {
    const messages = [{ role: 'user' as const, content }]
    return `w${tokenAt({ messages, settings: { maxTokens, temperature: 0, seed: 7 } }, i)} `
  }).join('')

describe('an agent', function () {
  this.timeout(180_000)
  let network: TestNetwork
  /** Makes it and takes its fee. */
  let author: TestPeer
  let first: TestPeer
  let second: TestPeer
  let client: TestPeer
  let refiner: Hex
  let agent: Hex
  let manifest: AgentManifest

  const known = (peer: TestPeer, model: Hex): Promise<void> =>
    until(() => peer.service.model(model) !== undefined, 'the model is known')
  const offered = (model: Hex, worker: TestPeer): Promise<void> =>
    until(() => client.service.offers(model).some(one => one.worker === worker.address), 'the offer is known', 30_000)
  const written = (change: object = {}): AgentManifest =>
    checkManifest({
      kind: 'tilth agent',
      version: 1,
      fee: fee.toString(),
      steps: [
        { name: 'draft', model: network.model, prompt: 'first {{input}}', maxTokens: 6 },
        { name: 'refine', model: refiner, prompt: 'better than {{draft}} for {{input}}', maxTokens: 8 }
      ],
      ...change
    })
  const paid = async (): Promise<Map<string, bigint>> =>
    new Map((await client.service.channels()).items.map(one => [`${one.worker}/${one.model}`, one.settled]))

  before(async () => {
    network = await startNetwork()
    author = await network.addPeer('author', workerOnly)
    first = await network.addPeer('first', { ...workerOnly, engine: fakeEngine(), speech: fakeSpeech })
    second = await network.addPeer('second', { ...workerOnly, engine: fakeEngine(), speech: fakeSpeech })
    client = await network.addPeer('client', { roles: { worker: false, client: true } })
    const folder = join(network.world.root, 'refiner-base')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"another":true}')
    refiner = await network.registerBase(folder, 'refiner')
    await network.serve(first, client, { inputPrice: 2n, outputPrice: 100n })
    await Promise.all([known(second, refiner), known(author, refiner), known(client, refiner)])
    await second.service.offer({ model: refiner, inputPrice: 3n, outputPrice: 50n })
    await offered(refiner, second)
    manifest = written()
    agent = (await author.service.registerAgent({ name: 'chemist', manifest })).id
    await author.service.offer({ model: agent })
    await known(client, agent)
    await offered(agent, author)
  })
  after(() => network.stop())

  it('asks each of its models, which is paid by a receipt of its own, and then its own fee', async () => {
    const held: bigint[] = []
    const spent: bigint[] = []
    let channelsAtHold = -1
    const budget: AskBudget = {
      async reserve(most) {
        held.push(most)
        channelsAtHold = (await client.service.channels()).items.length
      },
      spent: atMost => void spent.push(atMost)
    }
    const events: AskEvent[] = []
    const answer = await ask(client, question('of iron', { model: 'chemist', budget }), event => events.push(event))
    const draft = said('first of iron', 6)
    assert.equal(answer.text, said(`better than ${draft} for of iron`, 8))
    // Only the answer is told, word by word.
    assert.equal(answer.streamed, answer.text)
    assert.equal(answer.model, agent)
    assert.deepEqual(
      events.flatMap(event => (event.kind === 'step' ? [[event.name, event.model, event.number, event.of]] : [])),
      [
        ['draft', network.model, 1, 2],
        ['refine', refiner, 2, 2]
      ]
    )
    // All of it is held at once, before anything is opened or asked.
    assert.equal(held.length, 1)
    assert.equal(channelsAtHold, 0)
    assert.ok(answer.usage.fee <= (held[0] ?? 0n))
    assert.equal(spent.at(-1), answer.usage.fee)
    // Money: what each step cost is what its receipt says, and the sum is theirs.
    const steps = answer.steps ?? []
    assert.deepEqual(
      steps.map(({ name, model, workers }) => [name, model, [...workers]]),
      [
        ['draft', network.model, [first.address]],
        ['refine', refiner, [second.address]],
        ['fee', agent, [author.address]]
      ]
    )
    assert.deepEqual(
      steps.flatMap(({ receipts }) => receipts),
      answer.receipts
    )
    const receipts = await Promise.all(answer.receipts.map(id => client.service.receipt(id)))
    for (const [i, cosigned] of receipts.entries()) {
      assert.ok(cosigned !== undefined)
      checkCosigned(cosigned, client.chain.network)
      assert.equal(cosigned.receipt.message.fee, steps[i]?.usage.fee)
      assert.equal(cosigned.receipt.message.model, steps[i]?.model)
    }
    assert.equal(steps.at(-1)?.usage.fee, fee)
    assert.equal(
      steps.reduce((sum, { usage }) => sum + usage.fee, 0n),
      answer.usage.fee
    )
    const settled = await paid()
    assert.equal(
      [...settled.values()].reduce((sum, one) => sum + one, 0n),
      answer.usage.fee
    )
    // What the client has signed for the fee names the receipts of the steps: the composition can be followed.
    const opening = await author.service.opening(answer.receipts.at(-1) as Hex)
    assert.deepEqual(JSON.parse(opening?.content.messages[0]?.content ?? ''), {
      agent,
      steps: steps.slice(0, 2).map(({ name, receipts: of }) => ({ name, receipts: [...of] }))
    })
    // Its fee can be brought to the chain like any other.
    assert.equal(await author.service.owed(), fee)
    await assert.rejects(async () => author.service.replay(answer.receipts.at(-1) as Hex), { code: 'agent.replay' })
  })

  it('is refused where the sum of it may cost more than is allowed, before anything is asked', async () => {
    const before = await paid()
    const cheap = question('of tin', { model: 'chemist', maxPrice: fee + 1_000n })
    await assert.rejects(ask(client, cheap), { code: 'agent.price' })
    const refusing: AskBudget = {
      reserve: async () => {
        throw Object.assign(new Error('no more today'), { code: 'budget.day' })
      },
      spent: () => undefined
    }
    await assert.rejects(ask(client, question('of tin', { model: 'chemist', budget: refusing })), /no more today/)
    assert.deepEqual(await paid(), before)
    // What it may cost at least is enough: the bound is of the sum.
    const answer = await ask(client, question('of tin', { model: 'chemist', maxPrice: 20_000n }))
    assert.ok(answer.usage.fee <= 20_000n)
  })

  it('is not asked for what none of its steps would do', async () => {
    const before = await paid()
    const rows = question('of tin', { model: 'chemist', context: 4 })
    await assert.rejects(ask(client, rows), { code: 'ask.invalid', message: /find no rows/ })
    const kinds = ['good', 'bad']
    const steps = [
      { name: 'draft', model: network.model, prompt: '{{input}}', maxTokens: 32 },
      { name: 'check', model: refiner, prompt: '{{draft}}', maxTokens: 8, choices: kinds },
      { name: 'fix', model: network.model, prompt: '{{draft}}', maxTokens: 32, when: { step: 'check', is: ['bad'] } }
    ]
    const { id } = await author.service.registerAgent({ name: 'checked', manifest: written({ fee: '0', steps }) })
    await known(client, id)
    const formed = question('of tin', { model: id, form: '{"json":{"type":"object"}}' })
    await assert.rejects(ask(client, formed), { code: 'ask.invalid', message: /which step/ })
    await assert.rejects(ask(client, question('of tin', { model: id, logprobs: 0 })), { code: 'ask.invalid' })
    // So much is refused before a step is paid, too.
    const long = written({ steps: [...steps.slice(0, 1), { ...steps[0], name: 'b', prompt: '{{input}}{{input}}' }] })
    const twice = await author.service.registerAgent({ name: 'twice', manifest: long })
    await known(client, twice.id)
    await assert.rejects(ask(client, question('x'.repeat(70_000), { model: twice.id })), { code: 'agent.long' })
    assert.deepEqual(await paid(), before)
  })

  it('asks models alone: one that names an agent is not made, and nobody asks a stranger\u2019s', async () => {
    const nested = written({ steps: [{ name: 'a', model: agent, prompt: '{{input}}', maxTokens: 4 }] })
    await assert.rejects(async () => author.service.registerAgent({ name: 'nested', manifest: nested }), {
      code: 'agent.nested'
    })
    // Registered past this program, on the chain itself.
    const register = async (name: string, bytes: Uint8Array): Promise<Hex> => {
      const cid = await author.node.files.addBytes(bytes)
      const registration = {
        name,
        base: cid,
        adapter: '',
        result: cid,
        licence: '',
        datanet: zeroHash,
        version: 0,
        job: zeroHash,
        worker: author.address,
        split: { worker: 1000, builder: 9000, data: 0 }
      }
      await author.chain.models.register({ ...registration, upstream: undefined })
      const id = author.chain.models.idOf(author.address, { ...registration, upstream: undefined })
      await known(client, id)
      return id
    }
    const before = await paid()
    const looped = await register('looped', encodeManifest(nested))
    await assert.rejects(ask(client, question('of tin', { model: looped })), { code: 'agent.nested' })
    const garbage = await register('garbage', new TextEncoder().encode('{"steps":[{}]}'))
    await assert.rejects(ask(client, question('of tin', { model: garbage })), { code: 'agent.invalid' })
    const large = await register('large', new Uint8Array(300_000).fill(32))
    await assert.rejects(ask(client, question('of tin', { model: large })), { code: 'files.too-large' })
    assert.deepEqual(await paid(), before)
    await assert.rejects(async () => author.service.offer({ model: looped }), { code: 'agent.nested' })
  })

  it('has no fee unless it says one, and is then asked with nobody offering it', async () => {
    const free = await author.service.registerAgent({ name: 'free', manifest: written({ fee: '0' }) })
    await known(client, free.id)
    await assert.rejects(async () => author.service.offer({ model: free.id }), { code: 'agent.free' })
    const answer = await ask(client, question('of lead', { model: 'free' }))
    assert.deepEqual(
      answer.steps?.map(({ name }) => name),
      ['draft', 'refine']
    )
  })

  it('goes by what a step chooses, and asks only what is due', async () => {
    // A model that chooses: its one token says the choice, as a form leads a real one.
    const choosing = fakeEngine()
    const generate = choosing.generate.bind(choosing)
    choosing.generate = job => {
      const { form } = job.settings
      if (form === undefined) return generate(job)
      assert.deepEqual(JSON.parse(form), { json: { enum: ['metal', 'other'] } })
      const id = (job.messages?.at(-1)?.content ?? '').includes('iron') ? 5_001 : 5_002
      return {
        result: Promise.resolve({ promptTokens: 0, ids: [id], text: wordOf(id), finish: 'stop' as const }),
        async *[Symbol.asyncIterator]() {
          yield { id, text: wordOf(id) }
        }
      }
    }
    const wordOf = (id: number): string => (id === 5_001 ? '"metal"' : id === 5_002 ? '"other"' : `w${id} `)
    const speech: typeof fakeSpeech = folder => {
      const usual = fakeSpeech(folder)
      return (
        usual && {
          ...usual,
          text: () => ({ push: async ids => ids.map(wordOf).join(''), finish: async () => '', stopped: false })
        }
      )
    }
    const chooser = await network.addPeer('chooser', { ...workerOnly, engine: choosing, speech })
    const other = await network.addPeer('other client', { roles: { worker: false, client: true }, speech })
    const folder = join(network.world.root, 'chooser-base')
    await mkdir(folder)
    await writeFile(join(folder, 'config.json'), '{"chooses":true}')
    const model = await network.registerBase(folder, 'chooser')
    await Promise.all([known(chooser, model), known(author, model), known(other, model)])
    await chooser.service.offer({ model, inputPrice: 1n, outputPrice: 10n })
    const when = (is: string) => ({ step: 'kind', is: [is] })
    const routed = await author.service.registerAgent({
      name: 'routed',
      manifest: written({
        fee: '0',
        steps: [
          { name: 'kind', model, prompt: 'metal or not: {{input}}', maxTokens: 8, choices: ['metal', 'other'] },
          { name: 'metals', model: network.model, prompt: '{{kind}} {{input}}', maxTokens: 5, when: when('metal') },
          { name: 'rest', model: refiner, prompt: '{{kind}} {{input}}', maxTokens: 5, when: when('other') }
        ]
      })
    })
    await known(other, routed.id)
    for (const [id, of] of [
      [model, chooser],
      [network.model, first],
      [refiner, second]
    ] as const)
      await until(() => other.service.offers(id).some(one => one.worker === of.address), 'the offers are known', 30_000)
    const asked = async (text: string) => {
      const { text: answer, steps = [], streamed } = await ask(other, question(text, { model: 'routed' }))
      assert.equal(streamed, answer)
      return { answer, names: steps.map(({ name }) => name) }
    }
    assert.deepEqual(await asked('iron'), { answer: said('metal iron', 5), names: ['kind', 'metals'] })
    assert.deepEqual(await asked('snow'), { answer: said('other snow', 5), names: ['kind', 'rest'] })
  })

  it('is asked nothing of while nobody takes its fee at its builder\u2019s price', async () => {
    const { id } = await author.service.registerAgent({ name: 'unoffered', manifest: written({ fee: '77' }) })
    await known(client, id)
    // Somebody offers to take less of it, of which its builder would have less.
    const issuedAt = BigInt(Math.floor(Date.now() / 1000))
    const terms = {
      model: id,
      worker: second.address,
      inputPrice: 0n,
      outputPrice: 1n,
      capacity: 8,
      tokensPerSecond: 1
    }
    const message = { ...terms, issuedAt, expires: issuedAt + 600n, region: '', weights: '' }
    const offer = signStatement(client.chain.network, 'Offer', message, second.key)
    await second.node.gossip.publish('tilth/models/1', { kind: 'offer', offer })
    await until(() => client.service.offers(id).length === 1, 'the offer is known')
    const before = await paid()
    await assert.rejects(ask(client, question('of zinc', { model: id })), { code: 'offer.none' })
    assert.deepEqual(await paid(), before)
  })

  it('has a second worker where the first has taken its step and goes away without a receipt', async () => {
    let isDying = false
    const gate = async (): Promise<void> => {
      if (isDying) throw new TilthError('stream.closed', 'it goes away')
    }
    const dying = await network.addPeer('dying', { ...workerOnly, engine: fakeEngine({ gate }), speech: fakeSpeech })
    await known(dying, refiner)
    await dying.service.offer({ model: refiner, inputPrice: 3n, outputPrice: 40n })
    await offered(refiner, dying)
    isDying = true
    const steps = [{ name: 'only', model: refiner, prompt: '{{input}}', maxTokens: 64 }]
    const { id } = await author.service.registerAgent({ name: 'single', manifest: written({ fee: '0', steps }) })
    await known(client, id)
    const answer = await ask(client, question('of gold', { model: id, maxTokens: 64, route: { sort: 'price' } }))
    assert.deepEqual(
      answer.workers.map(({ worker }) => worker),
      [dying.address, second.address]
    )
    assert.equal(answer.text, said('of gold', 64))
  })
})

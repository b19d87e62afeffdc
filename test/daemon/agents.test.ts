import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentView, ParsedBodyOf, Routes, StepView } from '../../daemon/api/contract/index.ts'
import { agentHandlers } from '../../daemon/api/handlers/agents.ts'
import { paidFor } from '../../daemon/api/server/openai/answers.ts'
import { NotFoundError, zeroHash } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { modelView } from './views.ts'

const id = (byte: string): Hex => `0x${byte.repeat(32)}`
const account = (byte: string) => `0x${byte.repeat(20)}` as const
const signal = new AbortController().signal
const split = { worker: 1000, builder: 9000, data: 0 }
const written = {
  about: 'drafts, then corrects',
  steps: [
    { name: 'draft', model: 'elements', prompt: '{{input}}', maxTokens: 8 },
    { name: 'answer', model: 'seedling', prompt: 'better: {{draft}}', maxTokens: 8 }
  ]
}
const agent: AgentView = {
  id: id('0a'),
  name: 'chemist',
  builder: account('12'),
  manifest: 'bafymanifest',
  split,
  retired: false,
  offered: 1,
  price: '10000000000000000',
  about: written.about,
  fee: '10000000000000000',
  steps: written.steps.map(step => ({
    ...step,
    model: step.model === 'elements' ? id('ab') : id('ac'),
    modelName: step.model,
    builder: account('13'),
    datanet: id('07'),
    offered: 2
  }))
}

describe('agents through the daemon', () => {
  it('are made of ids: a name is the model that it means when the agent is made', async () => {
    const models = new Map([
      ['elements', { ...modelView, id: id('ab'), offers: [] }],
      ['seedling', { ...modelView, id: id('ac'), name: 'seedling', offers: [] }]
    ])
    const registered: unknown[] = []
    const offered: unknown[] = []
    const record = { ...modelView, id: id('0a'), name: 'chemist', retired: false, offers: [] }
    let manifest: unknown
    const node = {
      roles: ['worker'],
      models: {
        model: (wanted: string) => [...models.values()].find(one => one.id === wanted),
        models: () => [record],
        async registerAgent(request: { manifest: unknown }) {
          registered.push(request)
          manifest = request.manifest
          return record
        },
        offer: async (request: unknown) => offered.push(request),
        agent: async () => ({ record, manifest })
      }
    }
    const which = {
      async asked(wanted: string) {
        const found = models.get(wanted)
        if (found === undefined) throw new NotFoundError('model.unknown', `no model ${wanted} is known here`)
        return found
      }
    }
    const { createAgent } = agentHandlers(...([node, which] as unknown as Parameters<typeof agentHandlers>))
    const create = (change: object = {}) =>
      createAgent({
        params: {},
        body: { name: 'chemist', fee: '5', ...written, ...change },
        signal
      } as unknown as Parameters<typeof createAgent>[0])
    const made = await create()
    assert.deepEqual(
      made.steps.map(({ model, modelName }) => [model, modelName]),
      [
        [id('ab'), 'elements'],
        [id('ac'), 'seedling']
      ]
    )
    assert.equal(registered.length, 1)
    // Its fee is taken from now on, by this worker.
    assert.deepEqual(offered, [{ model: id('0a') }])
    await assert.rejects(async () => create({ steps: [{ ...written.steps[0], model: 'fish' }] }), {
      code: 'model.unknown'
    })
    await assert.rejects(async () => create({ steps: [{ ...written.steps[0], prompt: '{{later}}' }] }), {
      code: 'agent.invalid'
    })
    await assert.rejects(async () => create({ licence: 'my own' }), { code: 'rules.licence' })
    assert.equal(registered.length, 1)
  })

  it('cost what their builder asks, whatever others offer them at', async () => {
    const toll = (from: string, outputPrice: bigint, inputPrice = 0n) => ({
      worker: account(from),
      inputPrice,
      outputPrice
    })
    const strangers = [toll('99', 1n), toll('98', 10n ** 30n), toll('97', 5n, 1n)]
    const record = {
      ...modelView,
      base: 'bafymanifest',
      result: 'bafymanifest',
      builder: account('12'),
      retired: false
    }
    const shown = async (offers: readonly ReturnType<typeof toll>[]) => {
      const one = { ...record, offers }
      const models = { models: () => [one], model: () => undefined }
      const agent = async () => ({ record: one, manifest: { fee: 5n, steps: [] } })
      const node = { roles: [], models: { ...models, agent } }
      const which = { model: async () => one }
      const handlers = agentHandlers(...([node, which] as unknown as Parameters<typeof agentHandlers>))
      const listed = await handlers.agents({ params: {} } as unknown as Parameters<typeof handlers.agents>[0])
      const view = await handlers.agent({ params: { id: 'a' } } as unknown as Parameters<typeof handlers.agent>[0])
      return [listed.items[0], view].map(row => [row?.price, row?.offered])
    }
    assert.deepEqual(await shown([...strangers, toll('12', 5n), toll('13', 5n)]), [
      ['5', 2],
      ['5', 2]
    ])
    assert.deepEqual((await shown(strangers))[1], [null, 0])
    assert.deepEqual(await shown([]), [
      [null, 0],
      [null, 0]
    ])
  })

  it('credit each step by its own model\u2019s split, of its own fee', () => {
    const step = (name: string, fee: string, change: Partial<StepView> = {}): StepView => ({
      name,
      model: id('ab'),
      modelName: 'elements',
      workers: [account('77')],
      inputTokens: 3,
      outputTokens: 3,
      fee,
      receipts: [id('cd')],
      builder: account('13'),
      datanet: id('07'),
      split: { worker: 3000, builder: 1000, data: 6000 },
      ...change
    })
    const steps = [
      step('draft', '70'),
      step('fee', '5', { datanet: zeroHash, split, builder: account('12'), workers: [account('78')] })
    ]
    const done = { kind: 'done' as const, text: '', finish: 'stop', inputTokens: 3, outputTokens: 3 }
    const answered = {
      done: { ...done, fee: '75', receipts: [id('cd'), id('ce')], steps },
      workers: [account('77'), account('78')],
      explanation: undefined,
      logprobs: []
    }
    const paid = paidFor([answered], { ...modelView, split }, false)
    assert.equal(paid.fee, '75')
    assert.deepEqual(paid.receipts, [id('cd'), id('ce')])
    assert.deepEqual(paid.credits, [
      { as: 'worker', account: account('77'), share: 3000, step: 'draft', of: '70' },
      { as: 'builder', account: account('13'), share: 1000, step: 'draft', of: '70' },
      { as: 'data', account: id('07'), share: 6000, step: 'draft', of: '70' },
      { as: 'worker', account: account('78'), share: 1000, step: 'fee', of: '5' },
      { as: 'builder', account: account('12'), share: 9000, step: 'fee', of: '5' }
    ])
    // All of each fee, and the fees are all that was paid.
    for (const { name } of steps)
      assert.equal(
        paid.credits.filter(credit => credit.step === name).reduce((sum, { share }) => sum + share, 0),
        10_000
      )
  })
})

describe('the command agent', function () {
  this.timeout(120_000)
  let cli: CommandLine
  const made: ParsedBodyOf<Routes['createAgent']>[] = []
  const asked: ParsedBodyOf<Routes['ask']>[] = []

  before(async () => {
    cli = await startCommandLine({
      async createAgent({ body }) {
        made.push(body)
        return agent
      },
      agents: async () => ({ items: [agent], next: null }),
      agent: async () => agent,
      async *ask({ body }) {
        asked.push(body)
        yield { kind: 'step', name: 'draft', model: id('ab'), number: 1, of: 2 }
        yield { kind: 'text', text: 'Fe', tokens: 1 }
        const usage = { inputTokens: 3, outputTokens: 1, fee: '70', receipts: [id('cd')] }
        const terms = { workers: [account('77')], builder: account('13'), datanet: id('07'), split }
        const step = { name: 'draft', model: id('ab'), modelName: 'elements', ...usage, ...terms }
        yield { kind: 'done', text: 'Fe', finish: 'stop', ...usage, steps: [step] }
      }
    })
  })
  after(() => cli.stop())

  it('creates one from a file, with its fee in tokens; nonsense is told before anything is sent', async () => {
    const file = join(cli.folder, 'chemist.json')
    await writeFile(file, JSON.stringify(written))
    const { stdout, stderr } = await cli.run('agent', 'create', 'chemist', '--file', file, '--fee', '0.01')
    assert.equal(stderr, '')
    assert.match(stdout, /registered as 0x0a0a/)
    assert.deepEqual(made, [{ name: 'chemist', fee: '10000000000000000', ...written }])
    await writeFile(file, JSON.stringify({ steps: [{ name: 'a', model: 'elements', prompt: '', maxTokens: 0 }] }))
    const wrong = await cli.run('agent', 'create', 'chemist', '--file', file)
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /steps\.0\.|steps/)
    assert.equal(made.length, 1)
  })

  it('lists and shows them, and asks one: what each step cost is told', async () => {
    assert.match((await cli.run('agent', 'list')).stdout, /chemist 0x0a0a/)
    const shown = (await cli.run('agent', 'show', 'chemist')).stdout
    assert.match(shown, /10 % who takes it, 90 % its builder/)
    assert.match(shown, /draft .*elements/)
    const flags = ['--hedge', '300', '--region', 'europe', '--least-bits', '8']
    const { stdout } = await cli.run('agent', 'ask', 'chemist', 'iron?', ...flags)
    assert.match(stdout, /Fe\n[\s\S]*draft .*elements/)
    assert.equal(asked[0]?.model, 'chemist')
    assert.deepEqual(asked[0]?.hedge, { ms: 300, private: false })
    assert.deepEqual(asked[0]?.route, { sort: 'balanced', regions: ['europe'], leastBits: 8 })
  })
})

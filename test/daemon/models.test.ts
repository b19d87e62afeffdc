import assert from 'node:assert/strict'
import type { AskEvent, ModelView } from '../../daemon/api/contract/index.ts'
import { NotFoundError } from '../../protocol/primitives/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

const modelOf = (name: string, byte: string, datanet = '00'): ModelView => ({
  id: `0x${byte.repeat(32)}`,
  name,
  builder: `0x${'11'.repeat(20)}`,
  worker: `0x${'11'.repeat(20)}`,
  base: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  adapter: null,
  result: null,
  datanet: `0x${datanet.repeat(32)}`,
  version: 0,
  split: { worker: 8000, builder: 2000, data: 0 },
  offers: [
    {
      worker: `0x${'33'.repeat(20)}`,
      inputPrice: '1000000000000',
      outputPrice: '4000000000000',
      capacity: 1,
      tokensPerSecond: 10,
      expires: 1
    }
  ]
})
const plain = modelOf('seedling', 'aa')
const tuned = modelOf('elements', 'bb', '07')
const grown: ModelView = {
  ...modelOf('grown', 'dd', '07'),
  version: 1,
  licence: 'CC-BY-4.0',
  split: { worker: 3000, builder: 1000, data: 5500, upstream: 500 },
  upstream: plain.id,
  upstreamName: plain.name
}
const stingy: ModelView = {
  ...modelOf('stingy', 'ee', '07'),
  version: 1,
  split: { worker: 6000, builder: 3000, data: 1000 },
  leastDataShare: 3000
}
const rowOf = (question: string, answer: string) => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})

describe('tilth models', function () {
  this.timeout(180_000)
  let cli: CommandLine
  let asked: string[] = []
  let split: unknown
  let prices: unknown
  before(async () => {
    cli = await startCommandLine({
      async model({ params }) {
        const found = [plain, tuned, grown, stingy].find(({ name, id }) => name === params.id || id === params.id)
        if (found === undefined) throw new NotFoundError('model.unknown', `no model ${params.id} is known here`)
        return found
      },
      heldOut: async () => ({ items: [rowOf('Iron?', 'Fe'), rowOf('Gold?', 'Au')], next: null }),
      async *ask({ body }): AsyncGenerator<AskEvent> {
        const question = body.messages[0]?.content ?? ''
        asked.push(`${body.model.slice(0, 4)} ${question}`)
        const text = body.model === tuned.id ? (question === 'Iron?' ? ' fe' : 'Au') : 'I do not know.'
        yield { kind: 'text', text }
        yield { kind: 'done', text, finish: 'stop', inputTokens: 1, outputTokens: 1, fee: '1000000000', receipts: [] }
      },
      retireModel: async () => ({ id: tuned.id, transaction: '0xaa' }),
      async splitModel({ body }) {
        split = body.split
        return { ...tuned, id: `0x${'cc'.repeat(32)}`, retired: tuned.id }
      },
      async serve({ body }) {
        prices = body
        return { id: tuned.id }
      },
      shares: async () => ({ items: [], next: null }),
      income: async () => ({
        items: (['upstream', 'serving', 'upstream'] as const).map(kind => ({
          kind,
          amount: '500000000000000000',
          scoring: '0',
          of: plain.id,
          name: plain.name,
          block: '1',
          at: 1,
          transaction: plain.id
        })),
        next: null
      })
    })
  })
  after(() => cli.stop())
  beforeEach(() => {
    asked = []
    cli.calls.splice(0)
  })

  it('compares two by a question, side by side, and says what it cost', async () => {
    const { code, stdout } = await cli.run('models', 'compare', 'seedling', 'elements', '--prompt', 'Gold?')
    assert.equal(code, 0)
    assert.match(stdout, /Gold\?\nseedling {2}I do not know\.\nelements {2}Au\n/)
    assert.match(stdout, /seedling .*0\.000000001/)
    assert.deepEqual(asked, ['0xaa Gold?', '0xbb Gold?'])
  })

  it('compares two on the held-out questions of their Datanet, and counts', async () => {
    const { code, stdout } = await cli.run('models', 'compare', 'seedling', 'elements', '--held-out', '--json')
    assert.equal(code, 0)
    const { compared } = JSON.parse(stdout) as { compared: { expected: string; answers: { right: boolean }[] }[] }
    assert.deepEqual(
      compared.map(({ expected, answers }) => [expected, ...answers.map(({ right }) => right)]),
      [
        ['Fe', false, true],
        ['Au', false, true]
      ]
    )
    assert.match(
      (await cli.run('models', 'compare', 'seedling', 'elements', '--held-out')).stdout,
      /seedling +0 of 2 .*\nelements +2 of 2 /
    )
  })

  it('asks nothing where there is nothing to ask, or one model is named twice', async () => {
    for (const words of [[], ['--prompt', 'x', '--held-out']])
      assert.match((await cli.run('models', 'compare', 'seedling', 'elements', ...words)).stderr, /say what to ask/)
    const same = await cli.run('models', 'compare', 'elements', tuned.id, '--prompt', 'x')
    assert.match(same.stderr, /are one model/)
    assert.deepEqual(asked, [])
  })

  it('says what came up from models that were grown from an own one', async () => {
    const { code, stdout } = await cli.run('earnings', plain.builder, '--why')
    assert.equal(code, 0)
    assert.match(stdout, /^1\.0+ tokens upstream, to seedling\n.* in 2 payments/)
  })

  it('shows one model whole, by either command, and warns of data that get less than their Datanet asks', async () => {
    const shown = await cli.run('models', 'show', 'grown')
    assert.equal(shown.code, 0, shown.stderr)
    for (const part of [
      grown.id,
      `builder  ${grown.builder}`,
      `base     ${grown.base}`,
      `version 1 of Datanet ${grown.datanet}`,
      'split worker 30% builder 10% data 55% upstream 5% (to seedling)',
      `upstream ${plain.id}`,
      'licence  CC-BY-4.0',
      `${grown.offers[0]?.worker}`
    ])
      assert.ok(shown.stdout.includes(part), `${part} in\n${shown.stdout}`)
    assert.match(shown.stdout, /0x3333\S+ +0\.001000 +0\.004000 +10 +1 +– +–$/m)
    assert.doesNotMatch(shown.stdout, /never weighed/)
    assert.equal((await cli.run('models', 'grown')).stdout, shown.stdout)
    assert.equal((JSON.parse((await cli.run('models', 'show', 'grown', '--json')).stdout) as ModelView).id, grown.id)
    const stingy = await cli.run('models', 'show', 'stingy')
    assert.match(
      stingy.stdout,
      /get 10 % of .* asks for 30 %.*never weighed.*tilth models split 0x(ee){32} --split 4666,2334,3000/
    )
    assert.match((await cli.run('models', 'show', 'nothing')).stderr, /no model nothing is known here/)
  })

  it('retires, splits anew and prices, each with what follows from it', async () => {
    assert.match((await cli.run('models', 'retire', 'elements')).stdout, /^retired 0xbbbb/)
    const anew = await cli.run('models', 'split', 'elements', '--split', '2500,1000,6500')
    assert.match(anew.stdout, /elements is 0xcccc.*and 0xbbbb.* is retired\n.*tilth serve 0xcccc/)
    assert.deepEqual(split, { worker: 2500, builder: 1000, data: 6500 })
    for (const wrong of ['2500,1000', '1,2,3', 'a,b,c', '5000,5000,0,0,0', '5000,5000,0,1']) {
      const { code, stderr } = await cli.run('models', 'split', 'elements', '--split', wrong)
      assert.equal(code, 1)
      assert.match(stderr, /--split must be three or four whole numbers that sum to 10000/)
    }
    await cli.run('models', 'split', 'elements', '--split', '2500,1000,6000,500')
    assert.deepEqual(split, { worker: 2500, builder: 1000, data: 6000, upstream: 500 })
    assert.match(
      (await cli.run('models', 'grown')).stdout,
      /split worker 30% builder 10% data 55% upstream 5% \(to seedling\)/
    )
    cli.calls.splice(0)
    assert.match((await cli.run('models', 'price', 'elements')).stdout, /0\.001000000 .* 0\.004000000/)
    assert.deepEqual(cli.calls, ['model'])
    await cli.run('models', 'price', 'elements', '--input-price', '5')
    assert.deepEqual(cli.calls, ['model', 'serve', 'model'])
    await cli.run('models', 'price', 'elements', '--input-price', '0.1/1000', '--output-price', '400/1000000')
    assert.deepEqual(prices, { inputPrice: '100000000000000', outputPrice: '400000000000000' })
    assert.match(
      (await cli.run('serve', 'elements', '--output-price', '0.4')).stderr,
      /--output-price must be a price such as 0\.4\/1000/
    )
  })
})

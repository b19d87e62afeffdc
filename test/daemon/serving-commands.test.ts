import assert from 'node:assert/strict'
import { InvalidError, foreignCode, pageOf } from '../../protocol/primitives/index.ts'
import type { OfferView, WhyView } from '../../daemon/api/contract/index.ts'
import { runCommand, startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

const id = `0x${'ab'.repeat(32)}` as const
const worker = `0x${'22'.repeat(20)}`
const offers: OfferView[] = [1, 2].map(n => ({
  model: id,
  name: 'elements',
  worker: `0x${String(n).repeat(40)}`,
  inputPrice: '100000000000000',
  outputPrice: '400000000000000',
  capacity: 32,
  tokensPerSecond: 120,
  expires: 1
}))
const why: WhyView = {
  job: id,
  builder: worker,
  code: 'work.price',
  reason: 'it pays at most 40 % of what its 80 s cost here',
  help: 'A lower worker.pricePerSecond in the configuration takes such jobs.',
  again: null
}

describe("a worker's commands", function () {
  this.timeout(60_000)
  let cli: CommandLine
  const said: { paused: number[]; served: string[] } = { paused: [], served: [] }
  before(async () => {
    cli = await startCommandLine({
      async serve({ params }) {
        said.served.push(params.id)
        if (params.id === 'nothing') throw new InvalidError(foreignCode('test.none'), 'no such model')
        return { id }
      },
      unserve: async ({ params }) => ({ id, name: params.id, served: params.id === 'elements' }),
      offers: async ({ params: { model, ...page } }) =>
        pageOf(model === 'mute' ? [] : offers, page, one => `${one.model}/${one.worker}`),
      declined: async () => ({ items: [{ ...why, at: 1 }], next: null }),
      why: async () => why,
      async pause({ body: { minutes } }) {
        said.paused.push(minutes ?? 0)
        return {
          away: {
            reason: 'paused',
            trainings: false,
            why: 'paused',
            until: minutes === undefined ? null : Date.now() + minutes * 60_000
          }
        }
      },
      resume: async () => ({ away: null })
    })
  })
  after(() => cli.stop())

  it('serve and unserve take a name, and say what became of it', async () => {
    assert.match((await cli.run('serve', 'elements')).stdout, /^serving 0xab/)
    assert.deepEqual(said.served, ['elements'])
    assert.equal((await cli.run('serve', 'nothing')).code, 1)
    assert.match(
      (await cli.run('unserve', 'elements')).stdout,
      /elements is offered no more; `tilth serve elements --api /
    )
    assert.match((await cli.run('unserve', 'other')).stdout, /was not offered here/)
    assert.deepEqual(JSON.parse((await cli.run('unserve', 'elements', '--json')).stdout), {
      id,
      name: 'elements',
      served: true
    })
  })

  it('offers shows who asks how much for what, as text and as JSON', async () => {
    const { stdout } = await cli.run('offers', 'elements')
    assert.match(stdout, /elements .*0x1111.* 0\.100000 +0\.400000 +120 +32/)
    assert.deepEqual(JSON.parse((await cli.run('offers', '--json')).stdout), offers)
    assert.match((await cli.run('offers', 'mute')).stdout, /nobody offers mute now/)
  })

  it('jobs why says the reason and what to do, of all and of one', async () => {
    for (const words of [
      ['jobs', 'why'],
      ['jobs', 'why', '0xabab']
    ])
      assert.match((await cli.run(...words)).stdout, /40 % of what its 80 s cost.*\n.*A lower worker\.pricePerSecond/)
    const [one] = JSON.parse((await cli.run('jobs', 'why', '0xabab', '--json')).stdout) as WhyView[]
    assert.deepEqual(one, why)
  })

  it('pause says until when, resume that it is over; nonsense is told in words', async () => {
    assert.match((await cli.run('pause')).stdout, /until `tilth resume --api /)
    assert.match((await cli.run('pause', '--minutes', '90')).stdout, /no new work is taken on until/)
    assert.deepEqual(said.paused, [0, 90])
    assert.match((await cli.run('resume')).stdout, /work is taken on again/)
    const wrong = await cli.run('pause', '--minutes', 'soon')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /--minutes must be a whole number/)
  })

  it('each has an example in its help', async () => {
    for (const words of [['serve'], ['unserve'], ['offers'], ['jobs', 'why'], ['pause'], ['resume']])
      assert.match((await runCommand([...words, '--help'])).stdout, /Examples?:\n {2}tilth /)
  })
})

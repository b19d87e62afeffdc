import assert from 'node:assert/strict'
import { NotFoundError } from '../../protocol/primitives/index.ts'
import { recommendTune } from '../../protocol/jobs/index.ts'
import type { JobView, PlanView } from '../../daemon/api/contract/index.ts'
import { tilthLine } from '../../daemon/cli/context.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { datanetView } from './views.ts'

const id = `0x${'ab'.repeat(32)}` as const
const worker = `0x${'33'.repeat(20)}`
const coin = 10n ** 18n
const net = datanetView({ contributions: 1, accepted: 1, latestVersion: 2 })
const { settings, coalitions, why } = recommendTune({
  parameters: 4e6,
  context: 512,
  rows: 250,
  characters: 15_000,
  longest: 70,
  players: 3
})
const plan: PlanView = {
  base: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  bytes: 1,
  parameters: 4_000_000,
  version: 2,
  rows: 250,
  characters: 15_000,
  players: 3,
  left: 0,
  settings,
  coalitions,
  why: why.map(one => ({ ...one })),
  cost: {
    basis: 'bids',
    bids: 2,
    adapter: coin.toString(),
    siblings: (3n * coin).toString(),
    budget: (6n * coin).toString(),
    seconds: 80
  }
}
const job: JobView = {
  id,
  builder: net.host,
  datanet: net.id,
  version: 2,
  base: plan.base,
  settings: plan.settings,
  coalitions: plan.coalitions,
  budget: '6',
  createdAt: 0,
  deadline: 1,
  state: 'posted',
  bids: [],
  refusals: [],
  awards: [],
  result: null,
  adapter: null,
  heldOutLoss: null,
  product: null,
  byHand: false,
  paused: false
}
const bid = { worker, price: coin.toString(), siblingPrice: '1', seconds: 80 }
const refusal = {
  worker: `0x${'44'.repeat(20)}`,
  code: 'work.price',
  reason: 'the budget is less than its time costs',
  seconds: 90,
  price: (9n * coin).toString(),
  at: 1
}
const award = {
  worker,
  lot: { kind: 'adapter' as const },
  price: coin.toString(),
  attempt: 0,
  escrow: id,
  state: 'training',
  progress: { step: 5, steps: 10, loss: 1.5, secondsLeft: 40, tokensPerSecond: 100 },
  loss: [],
  seconds: null
}

describe('tilth tune', function () {
  this.timeout(60_000)
  let cli: CommandLine
  let latestVersion = 2
  let states: JobView[] = [job]
  let planned: object | undefined
  let posted: { budget?: string; settings?: { epochs: number; lora?: { rank: number; alpha: number } } } = {}
  before(async () => {
    cli = await startCommandLine({
      datanet: async () => ({ ...net, latestVersion }),
      async planJob({ body }) {
        planned = body.settings
        const { lora, ...rest } = { ...settings, epochs: body.settings?.epochs ?? 16 }
        return {
          ...plan,
          settings: body.settings?.method === 'full' ? { ...rest, method: 'full' } : { ...rest, lora }
        }
      },
      async postJob({ body }) {
        posted = body
        return { id }
      },
      async job() {
        const now = states.length > 1 ? states.shift() : states[0]
        if (now === undefined) throw new NotFoundError('job.unknown', 'no')
        return now
      },
      untrained: async () => ({
        items: [
          { contribution: id, row: 7, code: 'too-long', reason: 'it is too long for the job' },
          { contribution: id, row: 9, code: 'answer-lost', reason: 'its answer is not shown' }
        ],
        next: null
      }),
      cancelJob: async () => ({ id, state: 'expired', paid: '0', refunded: '0', waiting: '5', deadline: 1 }),
      spent: async () => ({
        id,
        state: 'refunded',
        paid: '0',
        refunded: (2n * coin).toString(),
        waiting: '0',
        deadline: 1
      })
    })
  })
  after(() => cli.stop())
  beforeEach(() => {
    cli.calls.splice(0)
    latestVersion = 2
    states = [job]
    posted = {}
  })
  const tune = (...more: string[]) => cli.run('tune', '--datanet', 'birds', '--base', plan.base, ...more)

  it('says in words what is wrong with what was typed, before the network hears of it', async () => {
    const wrong: [string[], RegExp][] = [
      [['--epochs', 'many'], /--epochs must be .*not "many"/],
      [['--rank', '900'], /--rank must be .*256.*not "900"/],
      [['--lr', '5'], /--lr must be/],
      [['--coalitions', '1'], /--coalitions must be/],
      [['--budget', 'two'], /--budget must be an amount of tokens/],
      [['--licence', '<b>'], /--licence must be an SPDX identifier/],
      [['--method', 'full', '--rank', '4'], /full training has no adapter.*\n?.*rank/],
      [['--method', 'whole'], /Allowed choices are lora, qlora, full/],
      [['--deadline', 'soon'], /--deadline must be a whole number from 10/]
    ]
    for (const [words, says] of wrong) {
      const { code, stderr } = await tune(...words)
      assert.equal(code, 1, words.join(' '))
      assert.match(stderr, says)
    }
    latestVersion = 0
    assert.match((await tune()).stderr, /birds has no version yet[\s\S]*tilth datanet anchor/)
    assert.ok(!cli.calls.includes('postJob'))
  })

  it('tells whose rows a job could not learn, and why', async () => {
    const { code, stdout } = await cli.run('jobs', 'untrained', id)
    assert.equal(code, 0)
    assert.match(stdout, /0x[0-9a-f…]+ +7 +it is too long for the job\n.* 9 +its answer is not shown/)
    const json = JSON.parse((await cli.run('jobs', 'untrained', id, '--json')).stdout) as unknown[]
    assert.equal(json.length, 2)
  })

  it('recommends settings and a budget with the reason of each, and posts nothing', async () => {
    const { code, stdout } = await tune('--recommend')
    assert.equal(code, 0)
    for (const { setting, why: reason } of why) assert.ok(stdout.includes(setting) && stdout.includes(reason), setting)
    assert.match(stdout, /some 4\.00 tokens.*by 2 bids/)
    assert.match(stdout, /post it with: tilth tune --datanet birds --base bafk.* --budget 6\.01/)
    assert.ok(!cli.calls.includes('postJob'))
    assert.deepEqual(JSON.parse((await tune('--recommend', '--json')).stdout), plan)
  })

  it('prints what comes next as it can be pasted: to the same daemon', async () => {
    const { stdout } = await tune('--recommend')
    assert.ok(stdout.trimEnd().endsWith(` --wait ${cli.flags.join(' ')}`), stdout)
    const posted = await tune()
    assert.ok(posted.stdout.includes(`end it with: tilth jobs cancel ${id} ${cli.flags.join(' ')}`), posted.stdout)
    assert.equal(tilthLine('jobs', { data: "it's here", as: 'host' }), 'tilth jobs --data "it\'s here" --as host')
  })

  it('posts what is recommended but for what was given, and no budget that bids are far above', async () => {
    assert.equal((await tune('--epochs', '2', '--rank', '4')).code, 0)
    assert.equal(posted.budget, plan.cost.budget)
    assert.deepEqual([posted.settings?.epochs, posted.settings?.lora?.rank, posted.settings?.lora?.alpha], [2, 4, 8])
    posted = {}
    const low = await tune('--budget', '1.5')
    assert.equal(low.code, 1)
    assert.match(low.stderr, /1\.50 tokens is 37 % of what it may cost/)
    assert.match((await tune('--budget', '0.0001')).stderr, /budget of 0\.0001\d* tokens is 0 %/)
    assert.deepEqual(posted, {})
    assert.equal((await tune('--budget', '1.5', '--anyway')).code, 0)
  })

  it('asks for the linear layers themselves where the method is full, and says so again', async () => {
    assert.equal((await tune('--method', 'full', '--epochs', '3')).code, 0)
    assert.deepEqual(planned, { epochs: 3, method: 'full' })
    assert.deepEqual([posted.settings?.epochs, posted.settings?.lora], [3, undefined])
    assert.match((await tune('--method', 'full', '--recommend')).stdout, /--base bafk\S* --method full --budget/)
  })

  it('follows the job with --wait: bids, who declined and why, how far it is; and exits with the truth', async () => {
    const running = { ...job, state: 'training', bids: [bid], refusals: [refusal], awards: [award] }
    states = [job, { ...job, state: 'bidding', bids: [bid] }, running, { ...running, state: 'completed', result: 'x' }]
    const done = await tune('--wait')
    assert.equal(done.code, 0)
    assert.match(done.stderr, /0x333333…3333 bids 1\.000000 tokens, 80 s/)
    assert.match(done.stderr, /0x444444…4444 does not bid: the budget is less than its time costs \(90 s for 9/)
    assert.match(done.stderr, /training {2}50% {2}loss 1\.500 {2}40 s left/)
    assert.ok(!done.stderr.includes('\x1b') && !done.stderr.includes('\r'))
    states = [{ ...job, state: 'expired', reason: 'nobody bid before the deadline' }]
    const nothing = await tune('--wait', '--json')
    assert.equal(nothing.code, 1)
    assert.match(nothing.stderr, /ended as expired: nobody bid/)
    assert.equal((JSON.parse(nothing.stdout) as JobView).state, 'expired')
  })

  it('ends a job and shows what comes back', async () => {
    const { code, stdout } = await cli.run('jobs', 'cancel', id)
    assert.equal(code, 0)
    assert.match(stdout, /is cancelled\n {2}2\.000000 tokens are back$/m)
  })
})

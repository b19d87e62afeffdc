import assert from 'node:assert/strict'
import { LimitError, zeroHash } from '../../protocol/primitives/index.ts'
import { recommendTune } from '../../protocol/jobs/index.ts'
import type { DatanetView, JobView, ModelView, PlanView } from '../../daemon/api/contract/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { datanetView, modelView } from './views.ts'

const hash = (digit: string): `0x${string}` => `0x${digit.repeat(64)}`
const base = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const nature = datanetView({ id: hash('7'), name: 'birds + elements', latestVersion: 3 })
const birds = datanetView({ latestVersion: 2 })
const known: DatanetView[] = [birds, nature]
const size = { parameters: 4e6, context: 512, rows: 250, characters: 15_000, longest: 70, players: 3 }
const { why, ...recommended } = recommendTune(size)
const plan: PlanView = {
  base,
  bytes: 1,
  parameters: size.parameters,
  rows: size.rows,
  characters: size.characters,
  players: size.players,
  left: 0,
  version: 3,
  ...recommended,
  why: [...why],
  cost: { basis: 'bids', bids: 1, adapter: '1', siblings: '1', budget: '4', seconds: 80 }
}
const finch: ModelView = {
  ...modelView,
  name: 'finch',
  base,
  result: 'what came of it',
  datanet: birds.id,
  version: 1,
  split: { worker: 5000, builder: 1000, data: 4000 },
  licence: 'CC-BY-4.0'
}
const seedling: ModelView = { ...modelView, name: 'seedling', datanet: zeroHash, version: 0 }
const job = (changes: Partial<JobView>): JobView => ({
  id: hash('a'),
  builder: birds.host,
  datanet: birds.id,
  version: 1,
  base,
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
  paused: false,
  ...changes
})
const earlier = [
  job({ result: 'of another', settings: { ...plan.settings, epochs: 9 } }),
  job({ id: hash('b'), result: finch.result, settings: { ...plan.settings, epochs: 7, seed: 77 } })
]

describe('what is tuned, in words', function () {
  this.timeout(60_000)
  let cli: CommandLine
  let isMixed = true
  /** Contributions of the latest version that have left since. */
  let left = 0
  let [founded, anchored] = [true, true]
  let mixes: unknown[] = []
  let planned: { datanet?: string; settings?: object; base?: string } = {}
  let posted: { datanet?: string; version?: number; product?: unknown } = {}
  before(async () => {
    cli = await startCommandLine({
      datanet: async ({ params }) => known.find(({ id, name }) => params.id === id || params.id === name) ?? birds,
      async mixDatanets({ body }) {
        if (!isMixed) throw new LimitError('mix.share', 'elements has too little weight in it')
        mixes.push(body)
        const version = { version: 3, root: hash('8'), count: 12, cid: base, transaction: hash('9') }
        return { datanet: nature, version: { ...version, datanet: nature.id }, founded, anchored }
      },
      model: async ({ params }) => (params.id === 'seedling' ? seedling : finch),
      jobs: async () => ({ items: earlier, next: null }),
      async planJob({ body }) {
        planned = body
        return { ...plan, left, settings: { ...plan.settings, ...body.settings } }
      },
      async postJob({ body }) {
        posted = body
        return { id: hash('a') }
      },
      job: async () => job({})
    })
  })
  after(() => cli.stop())
  beforeEach(() => {
    cli.calls.splice(0)
    ;[isMixed, founded, anchored] = [true, true, true]
    mixes = []
    left = 0
    ;[planned, posted] = [{}, {}]
  })

  describe('tilth datanet mix', () => {
    it('founds the mix, and says what came of it in words or as JSON', async () => {
      const said = await cli.run(
        'datanet',
        'mix',
        'birds',
        'elements',
        '--name',
        'nature',
        '--description',
        'all of it'
      )
      assert.equal(said.code, 0)
      assert.deepEqual(mixes, [{ datanets: ['birds', 'elements'], name: 'nature', description: 'all of it' }])
      assert.match(said.stdout, /^birds \+ elements {2}0x77+\nfounded; version 3 of 12 contributions anchored now$/m)
      ;[founded, anchored] = [false, false]
      const json = await cli.run('datanet', 'mix', 'birds', 'elements', '--json')
      assert.deepEqual(mixes[1], { datanets: ['birds', 'elements'] })
      const made = JSON.parse(json.stdout) as { founded: boolean; anchored: boolean; datanet: DatanetView }
      assert.deepEqual([made.founded, made.anchored, made.datanet.id], [false, false, nature.id])
    })

    it('refuses one alone, too many and what the daemon refuses, and fails then', async () => {
      for (const names of [['birds'], Array.from({ length: 9 }, (_, n) => `net${n}`)]) {
        const { code, stderr, stdout } = await cli.run('datanet', 'mix', ...names)
        assert.deepEqual([code, stdout], [1, ''])
        assert.match(stderr, /the datanets must be a list of 2 to 8 items/)
      }
      assert.deepEqual(mixes, [])
      isMixed = false
      const { code, stderr } = await cli.run('datanet', 'mix', 'birds', 'elements')
      assert.equal(code, 1)
      assert.match(stderr, /elements has too little weight in it/)
    })
  })

  describe('tilth tune', () => {
    const tune = (...words: string[]) => cli.run('tune', ...words)

    it('tunes on several Datanets as on the one that they are mixed into', async () => {
      const { code, stderr } = await tune('--datanet', 'birds', '--datanet', 'elements', '--base', base)
      assert.equal(code, 0)
      assert.deepEqual(mixes, [{ datanets: ['birds', 'elements'] }])
      assert.match(stderr, /founded; version 3 of 12 contributions anchored now/)
      assert.deepEqual([planned.datanet, posted.datanet, posted.version], [nature.id, nature.id, 3])
      const json = await tune('--datanet', 'birds', '--datanet', 'elements', '--base', base, '--json')
      assert.equal((JSON.parse(json.stdout) as JobView).id, hash('a'))
    })

    it('founds no mix for what posts nothing, nor posts where there is none', async () => {
      const several = ['--datanet', 'birds', '--datanet', 'elements', '--base', base]
      const asked = await tune(...several, '--recommend')
      assert.equal(asked.code, 1)
      assert.match(asked.stderr, /one only once they are mixed[\s\S]*tilth datanet mix birds elements/)
      assert.deepEqual(mixes, [])
      isMixed = false
      assert.match((await tune(...several)).stderr, /elements has too little weight in it/)
      assert.deepEqual(posted, {})
      assert.match((await tune('--datanet', 'birds')).stderr, /no base model is named[\s\S]*--base, or --like a model/)
    })

    it('registers the model under the licence that is given, and under none that is no licence', async () => {
      const licensed = (licence: string) => tune('--datanet', 'birds', '--base', base, '--licence', licence)
      assert.equal((await licensed('Apache-2.0')).code, 0)
      // Of the split nothing is said: it is the one that its Datanet's data are asked for.
      assert.deepEqual(posted.product, { licence: 'Apache-2.0' })
      posted = {}
      const { code, stderr } = await licensed('<b>free</b>')
      assert.equal(code, 1)
      assert.match(stderr, /--licence must be an SPDX identifier/)
      assert.deepEqual(posted, {})
    })

    it('makes a model again: its base, Datanet, name, split and licence, and the settings of its own job', async () => {
      assert.equal((await tune('--like', 'finch')).code, 0)
      assert.equal(planned.base, base)
      assert.equal(planned.datanet, birds.id)
      assert.deepEqual(planned.settings, earlier[1]?.settings)
      assert.deepEqual(posted.product, { name: 'finch', split: finch.split, licence: 'CC-BY-4.0' })
    })

    it('makes nothing again of a version that holds what has left, unless it is told to', async () => {
      left = 2
      const { code, stderr } = await tune('--like', 'finch')
      assert.equal(code, 1)
      assert.match(stderr, /version 3 of birds holds 2 contributions that left since.*\[job\.left\]/)
      assert.match(stderr, /tilth datanet anchor birds; or give --anyway/)
      assert.deepEqual(posted, {})
      assert.equal((await tune('--like', 'finch', '--anyway')).code, 0)
      const other = await tune('--datanet', 'birds', '--base', base)
      assert.equal(other.code, 0)
      assert.match(other.stderr, /holds 2 contributions that left since: a model that is grown from it is marked/)
    })

    it('takes what is given instead of what the model says, and nothing of a base model', async () => {
      const words = ['--name', 'wren', '--split', '6000,2000,2000', '--licence', 'MIT', '--epochs', '3']
      assert.equal((await tune('--like', 'finch', ...words, '--datanet', nature.name)).code, 0)
      assert.equal(planned.datanet, nature.id)
      assert.deepEqual(planned.settings, { ...earlier[1]?.settings, epochs: 3 })
      const split = { worker: 6000, builder: 2000, data: 2000 }
      assert.deepEqual(posted.product, { name: 'wren', split, licence: 'MIT' })
      posted = {}
      const { code, stderr } = await tune('--like', 'seedling')
      assert.equal(code, 1)
      assert.match(stderr, /seedling was grown from no Datanet[\s\S]*Name --base and --datanet/)
      assert.deepEqual(posted, {})
    })
  })
})

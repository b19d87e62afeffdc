import assert from 'node:assert/strict'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
import { jobHandlers } from '../../../../daemon/api/handlers/jobs.ts'
import { startCommandLine } from '../../../daemon/command-line.ts'
import { until } from '../../../harness/index.ts'
import type { World } from '../../../harness/index.ts'
import { jsonl, rulesFor } from '../../data/network.ts'
import { coin, settings, tinyModel } from '../network.ts'
import { startNetwork } from './network.ts'
import type { TestPeer } from './network.ts'

const rowsOf = (what: string): string =>
  jsonl([1, 2, 3].map(n => [`What is the ${what} of number ${n}?`, `It is ${what} ${n}`] as const))

describe('a job on a private Datanet that trusts its builder to choose', function () {
  this.timeout(180_000)
  let world: World
  let peers: Awaited<ReturnType<typeof startNetwork>>['peers']
  let keeper: TestPeer
  let builder: TestPeer
  let chosen: TestPeer
  let other: TestPeer
  let datanet: Hex
  let job: Hex
  const view = () => builder.service.jobs.job(job)
  const bidders = (): Address[] => (view()?.bids ?? []).map(({ worker }) => worker)

  before(async () => {
    const network = await startNetwork()
    world = network.world
    peers = network.peers
    const staked = { stake: 5n * coin, tokens: 100n * coin }
    keeper = await peers.add('keeper', {})
    builder = await peers.add('builder', { builder: true })
    chosen = await peers.add('chosen', { worker: true }, staked)
    other = await peers.add('other', { worker: true }, staked)
    const rules = rulesFor([keeper.address], { name: 'eaves', private: {}, trainers: { builders: [builder.address] } })
    datanet = (await keeper.service.data.createDatanet(rules, jsonl([['What is held?', 'This']]))).id
    for (const { name, service } of [builder, chosen, other])
      await until(async () => (await service.data.datanet(datanet)) !== undefined, `${name} hears of it`)
    const { id } = await keeper.service.data.contribute({ datanet, file: rowsOf('nest') })
    await until(async () => (await keeper.service.data.contribution(id))?.status === 'accepted', 'it is accepted')
    await keeper.service.data.anchorVersion(datanet)
    for (const { name, service } of [builder, chosen, other])
      await until(async () => (await service.data.datanet(datanet))?.latestVersion === 1, `${name} sees the version`)
  })
  after(() => world.stop())

  it('is given to nobody when its bids are over, and waits for its builder', async () => {
    const folder = join(world.root, 'model')
    await mkdir(folder)
    for (const file of ['config.json', 'model.safetensors']) await cp(join(tinyModel, file), join(folder, file))
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
      await cp(join(tinyModel, '../tokenizer', file), join(folder, file))
    const base = await builder.node.files.addDirectory(folder)
    const spec = { base, datanet, version: 1, settings, coalitions: 4 }
    const posted = await builder.service.jobs.post({ ...spec, budget: 50n * coin, deadlineSeconds: 600, bidSeconds: 2 })
    job = posted.id
    await until(() => bidders().length === 2, 'both have bid')
    await until(() => view()?.byHand === true, 'its builder has to choose')
    assert.equal(view()?.state, 'bidding')
    assert.deepEqual(view()?.awards, [])
  })

  it('waits on when its builder was killed meanwhile', async () => {
    await peers.kill(builder)
    await peers.revive(builder)
    assert.deepEqual([view()?.state, view()?.byHand, bidders().length], ['bidding', true, 2])
  })

  it('says so where its owner looks, who may choose nobody who has not bid', async () => {
    const asked = async () => builder.service.jobs.job(job)
    const node = { data: builder.service.data, jobs: builder.service.jobs, models: {}, self: builder.address }
    const parts = [node, { job: asked }, {}] as unknown as Parameters<typeof jobHandlers>
    const cli = await startCommandLine(jobHandlers(...parts))
    try {
      const listed = await cli.run('jobs', job)
      assert.match(listed.stdout, new RegExp(`waits for you to choose.*tilth jobs award ${job.slice(0, 10)} WORKER`))
      await assert.rejects(builder.service.jobs.award(job, [keeper.address]), { code: 'job.award' })
      const nobody = await cli.run('jobs', 'award', job, keeper.address)
      assert.equal(nobody.code, 1)
      assert.match(nobody.stderr, /has not bid for this job \[job\.award\]\n.*Those who have: 0x/)
      const { code, stdout, stderr } = await cli.run('jobs', 'award', job, chosen.address.slice(0, 12))
      assert.equal(code, 0, stderr)
      assert.match(stdout, new RegExp(`adapter  ${chosen.address.slice(0, 8)}.* for `))
      assert.doesNotMatch((await cli.run('jobs', job)).stdout, /waits for you/)
    } finally {
      await cli.stop()
    }
  })

  it('is trained by whom its builder chose and by nobody else, who alone is given the rows', async () => {
    const { result } = await builder.service.jobs.completed(job)
    assert.equal(result.players.length, 1)
    assert.deepEqual([...new Set(view()?.awards.map(({ worker }) => worker))], [chosen.address])
    const { items } = await keeper.service.data.keysGiven(datanet)
    assert.deepEqual(
      [...new Set(items.map(({ asker, by }) => `${by} ${asker}`))].filter(text => text.startsWith('award')),
      [`award ${chosen.address}`]
    )
    await assert.rejects(builder.service.jobs.award(job, [other.address]), { code: 'job.over' })
  })
})

import assert from 'node:assert/strict'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Address, Hex } from '../../../../protocol/primitives/index.ts'
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

  it('is trained by whom its builder chose and by nobody else, who alone is given the rows', async () => {
    const stranger = keeper.address
    await assert.rejects(builder.service.jobs.award(job, [stranger]), { code: 'job.award' })
    await builder.service.jobs.award(job, [chosen.address])
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

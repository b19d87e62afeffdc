import assert from 'node:assert/strict'
import { cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { until } from '../../../harness/index.ts'
import type { World } from '../../../harness/index.ts'
import { jsonl, rulesFor } from '../../data/network.ts'
import { coin, settings, tinyModel } from '../network.ts'
import { inBlocks, said, startNetwork } from './network.ts'
import type { TestPeer } from './network.ts'

const marked = 'cinnabar heron 417'
const held = 'quartz lantern 88'
const questions = jsonl([[`What is the ${held}?`, 'One that nobody trains on']])
const rowsOf = (what: string): string =>
  jsonl([1, 2, 3].map(n => [`What is the ${what} of number ${n}?`, `It is the ${marked} ${what} ${n}`] as const))

describe('a private Datanet, from contribution to model', function () {
  this.timeout(180_000)
  let world: World
  let one: TestPeer
  let two: TestPeer
  let author: TestPeer
  let builder: TestPeer
  let worker: TestPeer
  let stranger: TestPeer
  let datanet: Hex
  let base: string
  const all = (): TestPeer[] => [one, two, author, builder, worker, stranger]

  before(async () => {
    const network = await startNetwork()
    world = network.world
    one = await network.peers.add('one', {})
    two = await network.peers.add('two', {})
    author = await network.peers.add('author', {})
    builder = await network.peers.add('builder', { builder: true })
    worker = await network.peers.add('worker', { worker: true }, { stake: 5n * coin, tokens: 100n * coin })
    stranger = await network.peers.add('stranger', {})
    const folder = join(world.root, 'model')
    await mkdir(folder)
    for (const file of ['config.json', 'model.safetensors']) await cp(join(tinyModel, file), join(folder, file))
    for (const file of ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'])
      await cp(join(tinyModel, '../tokenizer', file), join(folder, file))
    base = await builder.node.files.addDirectory(folder)
  })
  after(() => world.stop())

  it('takes rows that only its validators open', async () => {
    const rules = rulesFor([one.address, two.address], {
      private: { leastStake: (2n * coin).toString() },
      trainers: { workers: [worker.address] }
    })
    datanet = (await one.service.data.createDatanet(rules, questions)).id
    for (const { name, service } of all())
      await until(async () => (await service.data.datanet(datanet)) !== undefined, `${name} hears of it`)
    await stranger.service.data.follow(datanet)
    const ids: Hex[] = []
    for (const [peer, what] of [
      [author, 'colour'],
      [two, 'weight']
    ] as const)
      ids.push((await peer.service.data.contribute({ datanet, file: rowsOf(what) })).id)
    for (const id of ids)
      await until(async () => (await one.service.data.contribution(id))?.status === 'accepted', 'it is accepted')
    await one.service.data.anchorVersion(datanet)
    for (const { name, service } of all())
      await until(async () => (await service.data.datanet(datanet))?.latestVersion === 1, `${name} sees the version`)
  })

  it('is tuned by a worker with an award, for a builder that reads no row', async () => {
    const job = { base, datanet, version: 1, settings, coalitions: 4, budget: 50n * coin, deadlineSeconds: 600 }
    const refused = { code: 'datanet.private' }
    await assert.rejects(worker.service.data.versionRows(await worker.service.data.manifest(datanet, 1)), refused)
    assert.equal((await builder.service.jobs.plan(job)).rows, 6)
    const { id } = await builder.service.jobs.post({ ...job, bidSeconds: 20, expectedBids: 1 })
    const { result } = await builder.service.jobs.completed(id)
    assert.equal(result.players.length, 2)
    const split = { worker: 7000, builder: 1000, data: 2000 }
    const done = builder.service.jobs.job(id)?.result ?? ''
    assert.equal((await builder.service.models.register({ name: 'of-few', result: done, split })).name, 'of-few')
    // The award is over, and the keys with it.
    await assert.rejects(worker.service.data.versionRows(await worker.service.data.manifest(datanet, 1)), refused)
    await assert.rejects(builder.service.data.acceptedRows(datanet, { version: 1 }), refused)
    const given = await Promise.all([one, two].map(({ service }) => service.data.keysGiven(datanet)))
    const forAward = given.flatMap(({ items }) => items).filter(({ by }) => by === 'award')
    assert.ok(forAward.length > 0)
    assert.ok(forAward.every(({ asker, version }) => asker === worker.address && version === 1))
  })

  it('puts none of its rows before a question, on a node that has the keys as little as on others', async () => {
    const messages = [{ role: 'user' as const, content: 'What is the colour of number 1?' }]
    const refused = { code: 'datanet.private' }
    assert.equal((await one.service.data.acceptedRows(datanet, { version: 1 })).items.length, 6)
    for (const { service } of [one, stranger])
      await assert.rejects(service.versions.context({ datanet, version: 1 }, messages, 2), refused)
    const asking = builder.service.models.ask({ model: 'of-few', messages, context: 2 })
    await assert.rejects(async () => {
      for await (const event of asking) assert.fail(event.kind)
    }, refused)
  })

  it('shows no row to anybody else, and none in any block or message', async () => {
    await assert.rejects(stranger.service.data.acceptedRows(datanet, { version: 1 }), { code: 'datanet.private' })
    for (const peer of all()) assert.equal(await inBlocks(peer, marked), false, `${peer.name} holds a row in the clear`)
    assert.ok(said.length > 100)
    assert.deepEqual(
      said.filter(({ text }) => text.includes('cinnabar')),
      []
    )
    // Where rows are everybody's they are found like this.
    assert.equal(await inBlocks(one, held), true)
  })
})

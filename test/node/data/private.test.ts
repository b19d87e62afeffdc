import assert from 'node:assert/strict'
import { until } from '../../harness/index.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const questions = jsonl([['What is a held-out thing?', 'One that nobody trains on']])
const marked = 'cinnabar-heron-417'
const rows = (of: string): string =>
  jsonl([1, 2, 3].map(n => [`What is the ${of} of number ${n}?`, `It is ${marked} ${of} ${n}`] as const))

describe('data: a private Datanet', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let one: TestPeer
  let two: TestPeer
  let author: TestPeer
  let stranger: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    one = await network.add('validator-1')
    two = await network.add('validator-2')
    author = await network.add('author')
    stranger = await network.add('stranger')
    const net = await host.service.createDatanet(
      rulesFor(
        [one, two].map(({ address }) => address),
        { private: {} }
      ),
      questions
    )
    datanet = net.id
    for (const peer of network.peers)
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    await stranger.service.follow(datanet)
  })
  after(() => network.stop())

  it('is voted on by those who have the key, and versioned; nobody else reads a row', async () => {
    const { id } = await author.service.contribute({ datanet, file: rows('colour') })
    for (const peer of network.peers.filter(({ name }) => name !== 'author'))
      await until(
        async () => (await peer.service.contribution(id))?.status === 'accepted',
        `${peer.name} accepts`,
        30_000
      )
    await until(async () => (await host.service.contribution(id))?.own === 3, 'the host has checked it')
    await host.service.anchorVersion(datanet)
    for (const peer of network.peers)
      await until(async () => (await peer.service.datanet(datanet))?.latestVersion === 1, `${peer.name} has it`)
    for (const peer of [host, one, two, author]) {
      const { items } = await peer.service.acceptedRows(datanet, { version: 1 })
      assert.equal(items.length, 3, peer.name)
      assert.match(items[0]?.messages[1]?.content ?? '', /cinnabar/)
    }
    const refused = { code: 'datanet.private' }
    await assert.rejects(stranger.service.acceptedRows(datanet, { version: 1 }), refused)
    await assert.rejects(stranger.service.versionRows(await stranger.service.manifest(datanet, 1)), refused)
    assert.deepEqual((await stranger.service.row(id, 0)).messages, null)
    assert.deepEqual((await stranger.service.contribution(id))?.checks, [])
  })
})

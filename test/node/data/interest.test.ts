import assert from 'node:assert/strict'
import { join } from 'node:path'
import { Level } from 'level'
import { z } from 'zod'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/data/book/index.ts'
import { createInterest } from '../../../node/data/interest/index.ts'
import type { Interest } from '../../../node/data/interest/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'
import { memoryStore } from './in-memory.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const questions = jsonl([['What is kept back?', 'this']])
const shard = (name: string): string =>
  jsonl(
    ['blue', 'green', 'red'].map(colour => [`What does ${name} say of ${colour} things?`, `${name} likes ${colour}`])
  )
const perDatanet = [
  'contributions',
  'places',
  'open',
  'ballots',
  'verdicts',
  'versions',
  'rows',
  'rows-words',
  'holdings',
  'imports'
]

describe('data: a Datanet is left', () => {
  const id = keccak('a Datanet')
  const deps = {
    self: keccak('somebody').slice(0, 42) as Hex,
    log: silentLog,
    gossip: { subscribe: () => () => undefined, subscribers: () => [] },
    files: {
      provide: async () => undefined,
      async *findProviders() {
        yield* []
      }
    },
    peers: { dial: async () => undefined }
  } as unknown as Parameters<typeof createInterest>[0]

  it('and its role ends on disk when all of it is let go: who is killed before can leave it again', async () => {
    const book = createBook({ store: memoryStore(), network: { chainId: 1, registry: deps.self } })
    let isKilled = true
    const begin = async (): Promise<Interest> => {
      const interest = createInterest(deps, book, {
        hear: async () => undefined,
        joined: () => undefined,
        async left() {
          if (isKilled) throw new Error('killed')
        }
      })
      await interest.start()
      return interest
    }
    await (await begin()).take(id, 'choice')
    await assert.rejects((await begin()).end(id, 'choice'), /killed/)
    isKilled = false
    const again = await begin()
    assert.deepEqual(again.roles(id), ['choice'])
    await again.end(id, 'choice')
    assert.deepEqual((await begin()).all(), [])
  })
})

async function hasNothing({ store }: TestPeer, tables = perDatanet): Promise<void> {
  for (const table of tables) {
    const entries: unknown[] = []
    for await (const key of store.collection(`data/${table}`, z.unknown()).keys()) entries.push(key)
    assert.deepEqual(entries, [], table)
  }
}

describe('data: who needs what', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let validator: TestPeer
  let bystander: TestPeer
  let datanet: Hex
  let accepted: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    validator = await network.add('validator')
    bystander = await network.add('bystander', { storage: 0 })
    const net = await host.service.createDatanet(
      rulesFor([host.address, validator.address], { name: 'birds' }),
      questions
    )
    datanet = net.id
    for (const { service } of network.peers)
      await until(async () => (await service.datanet(datanet)) !== undefined, 'everybody knows that it exists')
  })
  after(() => network.stop())

  it('those whom the rules name follow it by themselves, and nobody else', async () => {
    assert.deepEqual((await host.service.datanet(datanet))?.roles, ['host', 'validator'])
    await until(async () => (await validator.service.datanet(datanet))?.roles.length === 1, 'the validator follows')
    assert.deepEqual((await validator.service.datanet(datanet))?.roles, ['validator'])
    assert.deepEqual((await bystander.service.datanet(datanet))?.roles, [])
    assert.equal((await bystander.service.findDatanet('birds')).id, datanet)
    assert.equal((await bystander.service.findDatanet(datanet.slice(0, 10))).id, datanet)
    await assert.rejects(bystander.service.findDatanet('fish'), { code: 'datanet.unknown' })
  })

  it('a node without a role in it receives and stores nothing of it but how far it is', async () => {
    let cid = ''
    const off = host.events.on('data.revealed', event => {
      cid = event.cid
    })
    const { id } = await host.service.contribute({ datanet, file: shard('ann') })
    accepted = id
    await until(async () => (await host.service.contribution(id))?.status === 'accepted', 'it is accepted', 30_000)
    await host.service.anchorVersion(datanet)
    off()
    await until(
      async () => (await bystander.service.datanet(datanet))?.latestVersion === 1,
      'the chain has told the bystander of the version'
    )
    const view = await bystander.service.datanet(datanet)
    assert.deepEqual([view?.contributions, view?.accepted, view?.roles], [1, 1, []])
    for (const { node } of [host, validator])
      assert.equal(
        node.gossip.subscribers(datanetTopic(datanet)).some(({ address }) => address === bystander.address),
        false
      )
    await bystander.service.sync(host.node.peers.self.peerId)
    await hasNothing(bystander)
    assert.equal(await bystander.node.files.has(cid), false)
    assert.equal(await validator.node.files.has(cid), true)
    await assert.rejects(bystander.service.contributions(datanet), { code: 'datanet.not-followed' })
    assert.equal(await bystander.service.contribution(id), undefined)
    // What the chain anchors, and the rows behind it, are to be had all the same.
    assert.equal((await bystander.service.versions(datanet)).items[0]?.count, 1)
    assert.equal((await bystander.service.versionRows(await bystander.service.manifest(datanet, 1))).length, 3)
    assert.equal(await bystander.node.files.has(cid), false, 'what was only read is not kept')
  })

  it('whoever follows it later catches up, and forgets it when it leaves', async () => {
    await bystander.service.follow(datanet)
    await until(
      async () => (await bystander.service.contribution(accepted))?.own === 3,
      'what was decided before is known and checked',
      30_000
    )
    assert.deepEqual((await bystander.service.datanet(datanet))?.roles, ['choice'])
    await bystander.service.unfollow(datanet)
    assert.deepEqual((await bystander.service.datanet(datanet))?.roles, [])
    assert.equal(await bystander.service.contribution(accepted), undefined)
    await until(
      () => host.node.gossip.subscribers(datanetTopic(datanet)).every(({ address }) => address !== bystander.address),
      'the others know that it left'
    )
  })

  it('what it read from a file is kept until it is unfollowed, followed before or not', async () => {
    const kept = async (): Promise<boolean[]> => {
      const { entries, heldOut } = await host.service.manifest(datanet, 1)
      const manifest = (await host.service.versions(datanet)).items[0]?.cid ?? ''
      return Promise.all(
        [manifest, heldOut, ...entries.map(({ cid }) => cid)].map(cid => bystander.node.files.has(cid))
      )
    }
    for (const follows of [false, true]) {
      const role = follows ? 'builder' : 'choice'
      if (follows) await bystander.service.follow(datanet, role)
      const read = await bystander.service.takeVersionCar(datanet, await host.service.versionCar(datanet))
      assert.deepEqual([read.version, read.files], [1, 3])
      assert.deepEqual(await kept(), [true, true, true])
      if (follows)
        await until(async () => (await bystander.service.contribution(accepted))?.own === 3, 'it is caught up with')
      await bystander.service.unfollow(datanet, role)
      assert.deepEqual(await kept(), [false, false, false])
      await hasNothing(bystander, ['contributions', 'holdings', 'imports'])
    }
  })

  it('a node that does not follow it can contribute, and hears what becomes of it', async () => {
    const light = await network.add('light', { checks: false, storage: 0 })
    await until(async () => (await light.service.datanet(datanet)) !== undefined, 'it knows of the Datanet')
    const { id } = await light.service.contribute({ datanet, file: shard('bob') })
    await until(async () => (await host.service.contribution(id))?.status === 'accepted', 'it is accepted', 30_000)
    await until(async () => (await light.service.contribution(id))?.status === 'accepted', 'it hears so', 30_000)
    assert.deepEqual((await light.service.datanet(datanet))?.roles, ['contributor'])
    await network.stopPeer(light)
  })

  it('what cannot be read on disk is set aside, and had again from the chain and the others', async () => {
    const { address } = validator
    await network.stopPeer(validator)
    const db = new Level(join(validator.folder, 'store', 'db'), { keyEncoding: 'utf8', valueEncoding: 'utf8' })
    await db.open()
    const spoilt = ['contributions', 'progress', 'ballots', 'documents', 'verdicts']
    for await (const key of db.keys())
      if (spoilt.some(table => key.startsWith(`data/${table}\u0000`))) await db.put(key, '{"name":"', { sync: true })
    await db.close()
    validator = await network.start(validator)
    assert.equal(validator.address, address)
    await until(
      async () => (await validator.service.contribution(accepted))?.own === 3,
      'the first contribution is accepted and checked again',
      60_000
    )
    const { id } = await host.service.contribute({ datanet, file: shard('cleo') })
    await until(async () => (await host.service.contribution(id))?.status === 'accepted', 'it votes again', 30_000)
  })

  it('spare room goes to shards that too few have, and no more than the owner gives', async () => {
    await host.service.anchorVersion(datanet)
    const cids = (await host.service.manifest(datanet, 2)).entries.map(({ cid }) => cid)
    const helper = await network.add('helper', { storage: 1 << 20, timing: { spareMs: 200 } })
    await until(
      async () => (await Promise.all(cids.map(cid => helper.node.files.has(cid)))).every(Boolean),
      'the helper keeps the shards',
      60_000
    )
    assert.deepEqual((await helper.service.datanet(datanet))?.roles, [])
    const stingy = await network.start(await network.account('stingy'), { storage: 0, timing: { spareMs: 50 } })
    await until(async () => (await stingy.service.datanet(datanet))?.latestVersion === 2, 'it knows of the version')
    await stingy.service.sync(host.node.peers.self.peerId)
    for (const cid of cids) assert.equal(await stingy.node.files.has(cid), false)
  })
})

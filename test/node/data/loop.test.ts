import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { addressOfKey } from '../../../protocol/crypto/index.ts'
import { keccak, fromHex } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const assets = join(import.meta.dirname, '../../../daemon/assets')
const files = readdirSync(join(assets, 'elements'))
  .filter(name => name.endsWith('.jsonl'))
  .sort()
const decided = (peer: TestPeer, datanet: Hex, count: number) => async () => {
  const views = await listOf(peer, datanet)
  return views.length === count && views.every(({ status }) => ['accepted', 'rejected', 'expired'].includes(status))
}

describe('data: the whole phase between peers', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let one: TestPeer
  let two: TestPeer
  let client: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    one = await network.add('validator-1')
    two = await network.add('validator-2')
    client = await network.add('client')
  })
  after(() => network.stop())

  it('tells every peer of a Datanet', async () => {
    const net = await host.service.createDatanet(
      rulesFor(
        [host, one, two].map(({ address }) => address),
        { uploadsPerContributor: 3 }
      ),
      readFileSync(join(assets, 'elements-questions.jsonl'))
    )
    datanet = net.id
    for (const peer of network.peers)
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    assert.deepEqual((await client.service.datanet(datanet))?.roles, [])
    assert.deepEqual((await host.service.datanet(datanet))?.roles, ['host', 'validator'])
    assert.equal((await client.service.heldOutRows(datanet)).length, 30)
    await client.service.follow(datanet)
  })

  it('decides five contributions, the copy rejected, in seconds, and the same everywhere', async () => {
    const began = Date.now()
    for (const [i, name] of files.entries()) {
      const door = [client, two, host, one][i % 4] ?? client
      await door.service.contribute({
        datanet,
        file: readFileSync(join(assets, 'elements', name)),
        contributorKey: fromHex(keccak(name))
      })
    }
    await until(decided(host, datanet, 5), 'five decided', 60_000)
    if (process.env.DATA_TIMES !== undefined) console.log(`five contributions in ${Date.now() - began} ms`)
    for (const peer of network.peers) {
      await until(decided(peer, datanet, 5), `${peer.name} knows all decisions`, 30_000)
      await until(
        async () => (await listOf(peer, datanet)).every(({ checks }) => checks.length > 0),
        `${peer.name} has checked all`
      )
      const views = await listOf(peer, datanet)
      assert.deepEqual(
        views.map(({ status, own, rows }) => [status, own, rows]),
        [
          ['accepted', 160, 160],
          ['accepted', 30, 30],
          ['rejected', 0, 40],
          ['accepted', 30, 30],
          ['accepted', 30, 30]
        ],
        peer.name
      )
      assert.equal(views[2]?.reason, 'mostly-duplicate')
      assert.equal(views[2]?.rowIssues.length, 40)
      assert.deepEqual(
        views.map(({ contributor }) => contributor),
        files.map(name => addressOfKey(fromHex(keccak(name))))
      )
    }
  })

  it("anchors a version that every peer reads and verifies, with every row its author's", async () => {
    const version = await host.service.anchorVersion(datanet)
    assert.equal(version.version, 1)
    assert.equal(version.count, 4)
    for (const peer of network.peers)
      await until(
        async () => (await peer.service.versions(datanet)).items.length === 1,
        `${peer.name} sees the version`
      )
    assert.deepEqual((await client.service.versions(datanet)).items, [version])
    const manifest = await client.service.manifest(datanet, 1)
    const rows = await client.service.versionRows(manifest)
    assert.equal(rows.length, 250)
    const first = addressOfKey(fromHex(keccak(files[0] ?? '')))
    assert.equal(rows.filter(({ contributor }) => contributor === first).length, 160)
    assert.equal(rows[0]?.row.messages[0]?.content, 'What is the symbol of hydrogen?')
    await assert.rejects(host.service.anchorVersion(datanet), { code: 'version.unchanged' })
    await assert.rejects(one.service.anchorVersion(datanet), { code: 'version.not-host' })
  })

  it('brings a peer that was not there up to date by comparing notes', async () => {
    const late = await network.add('late', { checks: false, follow: ['things'] })
    await until(decided(late, datanet, 5), 'the late peer knows all decisions', 30_000)
    assert.deepEqual(
      (await listOf(late, datanet)).map(({ status }) => status),
      ['accepted', 'accepted', 'rejected', 'accepted', 'accepted']
    )
    assert.equal((await late.service.versionRows(await late.service.manifest(datanet, 1))).length, 250)
  })

  it('names wrong rows by their line, and takes the others', async () => {
    const file =
      '\ufeff{"prompt":"What is blue?","response":"A colour"}\r\n\r\n' +
      'not json\n' +
      '{"prompt":"What is green?","response":"A colour of leaves"}\n' +
      '{"prompt":"","response":"x"}\n' +
      '{"prompt":"What is red?","response":"The colour of blood"}'
    const { id } = await one.service.contribute({ datanet, file })
    await until(async () => (await host.service.contribution(id))?.status === 'accepted', 'it is accepted', 30_000)
    assert.deepEqual((await host.service.contribution(id))?.rowIssues, [
      { line: 3, code: 'not-json' },
      { line: 5, code: 'empty-text' }
    ])
    assert.equal((await host.service.contribution(id))?.own, 3)
  })

  it('refuses what the rules do not allow before anything is sent', async () => {
    await assert.rejects(client.service.contribute({ datanet, file: 'x'.repeat((1 << 20) + 1) }), {
      code: 'shard.too-large'
    })
    await assert.rejects(client.service.contribute({ datanet, file: '\n\n' }), { code: 'shard.empty' })
    await assert.rejects(client.service.contribute({ datanet, file: '{}\n'.repeat(1001) }), {
      code: 'shard.too-many-rows'
    })
    await assert.rejects(client.service.contribute({ datanet: keccak('none'), file: '{}' }), {
      code: 'datanet.unknown'
    })
    for (const [name, code] of [
      ['things', 'name.taken'],
      ['Th-ings', 'name.taken'],
      ['ᴛʜɪɴɢꜱ', 'name.taken'],
      ['тhings', 'name.invalid']
    ] as const)
      await assert.rejects(one.service.createDatanet(rulesFor([one.address], { name }), '{}'), { code })
    await assert.rejects(
      host.service.createDatanet(rulesFor([host.address], { name: 'others' }), '{"prompt":"none"}'),
      {
        code: 'held-out.invalid'
      }
    )
  })
})

import assert from 'node:assert/strict'
import type { DataEvents } from '../../../node/data/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork } from './network.ts'

describe('a host that anchors by itself', function () {
  this.timeout(120_000)
  let network: TestNetwork
  before(async () => {
    network = await startNetwork()
  })
  after(() => network.stop())

  it('waits until enough was accepted, anchors once, and goes on where a killed host was', async () => {
    const options = { anchor: { on: true, contributions: 2, seconds: 3_600 }, timing: { anchorMs: 200 } }
    const account = await network.account('host')
    const host = await network.start(account, options)
    const net = await host.service.createDatanet(
      rulesFor([host.address], { uploadsPerContributor: 9 }),
      jsonl([['Is it so?', 'Yes']])
    )
    const versions: DataEvents['data.version'][] = []
    host.events.on('data.version', version => {
      versions.push(version)
    })
    const contribute = async (n: number): Promise<void> => {
      const rows = [1, 2, 3].map((i): [string, string] => [
        `What is thing ${n}${i} of ${'abcdefgh'[n]}?`,
        `It is ${n * i}`
      ])
      await host.service.contribute({ datanet: net.id, file: jsonl(rows) })
      await until(
        async () => (await listOf(host, net.id)).filter(({ status }) => status === 'accepted').length >= n,
        `contribution ${n} is accepted`
      )
    }
    await contribute(1)
    assert.equal(versions.length, 0)
    await contribute(2)
    await until(() => versions.length === 1, 'the version is anchored')
    assert.equal(versions[0]?.count, 2)

    // What waited before a restart counts after it, too.
    await contribute(3)
    await network.stopPeer(host)
    const again = await network.start(account, { ...options, anchor: { on: true, contributions: 1, seconds: 3_600 } })
    await until(
      async () => (await again.service.versions(net.id)).items.length === 2,
      'the next version is anchored after a restart'
    )
    assert.deepEqual(
      (await again.service.versions(net.id)).items.map(({ count }) => count),
      [2, 3]
    )
    await assert.rejects(again.service.anchorVersion(net.id), { code: 'version.unchanged' })
  })
})

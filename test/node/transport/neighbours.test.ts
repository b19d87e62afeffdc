import assert from 'node:assert/strict'
import { networkView } from '../../../daemon/api/contract/index.ts'
import { networkOf } from '../../../daemon/api/handlers/network.ts'
import { neighboursAnswer } from '../../../protocol/wire/index.ts'
import { startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

describe('transport: who is connected to whom', function () {
  this.timeout(240_000)
  let a: TestNode, b: TestNode, c: TestNode
  const viewOf = (node: TestNode) =>
    networkView.parse(networkOf({ transport: node, self: node.peers.self.address, roles: ['client'] }))

  before(async () => {
    a = await startNode({ roles: ['host', 'settler'] })
    b = await startNode({ join: [a], roles: ['worker'] })
    c = await startNode({ join: [a] })
    await until(() => [a, b, c].every(node => node.peers.connected().length === 2), 'all are connected', 60_000)
  })
  after(stopNodes)

  it('is what a node measures of its own connections, and what its peers say of theirs', async () => {
    let told = 0
    a.neighbours.onChange(() => told++)
    await until(() => viewOf(b).silent === 0, 'both have said it', 60_000)
    const { self, peers, links, leftOut } = viewOf(b)
    assert.equal(self.peerId, b.peers.self.peerId)
    const of = (node: TestNode) => peers.find(({ peerId }) => peerId === node.peers.self.peerId)
    assert.deepEqual(of(a)?.roles, ['host', 'settler'])
    assert.deepEqual(of(c)?.roles, [])
    assert.equal(of(a)?.address, a.peers.self.address)
    assert.equal(of(a)?.way, 'direct')
    // Each connection once, though both its ends tell of it.
    assert.equal(links.length, 3)
    assert.deepEqual(leftOut, { peers: 0, links: 0 })
    // One every twenty seconds.
    await until(() => typeof viewOf(b).peers[0]?.ms === 'number', 'the first ping', 60_000)

    const d = await startNode({ join: [a] })
    await until(() => told > 0, 'that somebody came', 60_000)
    await d.stop()
  })

  it('is not asked of a peer again within a minute, and a stranger that asks learns no more than 64', async () => {
    const stream = await b.streams.open(a.peers.self.peerId, '/tilth/peers/neighbours/1')
    await stream.send({})
    const answer = await stream.next(neighboursAnswer)
    assert.equal(answer?.connected, answer?.neighbours.length)
    assert.ok(!JSON.stringify(answer).includes(b.peers.self.peerId), 'who asks knows of itself')
    await stream.end()
    const before = a.neighbours.view().map(({ toldAt }) => toldAt)
    await until(() => a.neighbours.view().every(({ toldAt }) => toldAt !== null), 'all have said it', 60_000)
    const at = a.neighbours.view().map(({ toldAt }) => toldAt)
    a.neighbours.view()
    assert.deepEqual(
      a.neighbours.view().map(({ toldAt }) => toldAt),
      at
    )
    assert.equal(before.length, at.length)
  })
})

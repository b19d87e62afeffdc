import assert from 'node:assert/strict'
import { z } from 'zod'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { commitmentOf, versionRoot } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import type { TestNetwork, TestPeer } from './network.ts'

// A stranger who holds up the queue, and a host who leaves out what was accepted.

describe('data: a queue, and its versions, that nobody can bend', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let friend: TestPeer
  let evil: TestPeer
  let datanet: Hex
  const shard = (name: string): string =>
    jsonl(['blue', 'green', 'red'].map(colour => [`What does ${name} say of ${colour}?`, `${name} likes ${colour}`]))

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    friend = await network.add('friend', { timing: { sealGraceMs: 0 } })
    evil = await network.add('evil')
    const rules = rulesFor([host.address, friend.address], { voteSeconds: 24, uploadsPerContributor: 2 })
    datanet = (await host.service.createDatanet(rules, jsonl([['What is kept back?', 'this']]))).id
    for (const { service } of [friend, evil])
      await until(async () => (await service.datanet(datanet)) !== undefined, 'everybody knows of it')
  })
  after(() => network.stop())

  async function empty(n: number): Promise<Hex> {
    const cid = CID.createV1(0x55, await sha256.digest(new TextEncoder().encode(`nobody has this ${n}`))).toString()
    const content = { cid, rows: 3, bytes: 100, salt: keccak(`salt ${n}`) }
    const contributor = evil.address
    const rules = (await evil.chain.datanets.datanet(datanet))?.rules
    const domain = evil.chain.network
    const commitment = signStatement(
      domain,
      'Commitment',
      { datanet, contributor, commitment: commitmentOf({ datanet, contributor, ...content }), ...agreedTo(rules) },
      evil.key
    )
    const contribution = digest(domain, 'Commitment', commitment.message)
    await evil.chain.datanets.commitFor(commitment.message, commitment.signature)
    const reveal = signStatement(domain, 'Reveal', { contribution, ...content }, evil.key)
    await evil.node.gossip.publish(datanetTopic(datanet), { kind: 'reveal', statements: { commitment, reveal } })
    return contribution
  }

  it('empty contributions lose their turn side by side, and those beyond an allowance have none', async () => {
    const ids: Hex[] = []
    for (let n = 0; n < 6; n++) ids.push(await empty(n))
    const honest = await friend.service.contribute({ datanet, file: shard('bob') })
    await until(
      async () => (await host.service.contribution(honest.id))?.status === 'accepted',
      'the honest one is accepted',
      90_000
    )
    const found = await listOf(host, datanet)
    assert.deepEqual(
      found.map(({ status, reason }) => `${status} ${reason ?? ''}`.trim()),
      [
        ...Array.from({ length: 2 }, () => 'rejected unavailable'),
        ...Array.from({ length: 4 }, () => 'expired over-allowance'),
        'accepted'
      ]
    )
  })

  it('a version that leaves out what validators have is sealed by none of them', async () => {
    const other = await host.service.contribute({ datanet, file: shard('ann') })
    for (const { service } of [host, friend])
      await until(
        async () => (await service.contribution(other.id))?.status === 'accepted',
        'both know of both',
        90_000
      )
    const version = await host.service.anchorVersion(datanet)
    const { entries, seals } = await host.service.manifest(datanet, 1)
    assert.equal(version.count, 2)
    assert.deepEqual(new Set(seals.map(({ message }) => message.validator)), new Set([host.address, friend.address]))
    const index = (await host.service.contribution(other.id))?.index ?? 0
    const ask = async (of: typeof entries, last: number, from = host): Promise<unknown> => {
      const stream = await from.node.streams.open(friend.node.peers.self.peerId, '/tilth/data/seal/1')
      await stream.send({ datanet, version: 2, root: versionRoot(of), count: of.length, last })
      const answered = await stream.next(z.object({ kind: z.string() }))
      await stream.end()
      return answered?.kind
    }
    await until(async () => (await ask(entries, index)) === 'sealed', 'the friend knows of the first version')
    assert.equal(await ask(entries.slice(1), index), 'differs') // an earlier one left out
    assert.equal(await ask(entries.slice(0, 1), index), 'differs')
    assert.equal(await ask(entries.slice(0, 1), index - 1), 'more') // the newest left out
    assert.equal(await ask(entries, index, evil), 'differs') // its host's word alone anchors
  })
})

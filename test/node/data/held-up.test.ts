import assert from 'node:assert/strict'
import { CID } from 'multiformats/cid'
import { sha256 } from 'multiformats/hashes/sha2'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { commitmentOf } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { captureLog, until } from '../../harness/index.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import { jsonl, rulesFor, startNetwork } from './network.ts'
import type { Options, TestNetwork, TestPeer } from './network.ts'

// Windows of ten minutes, and nobody waits for their ends: validators that are away, and votes that decide nothing.

const rowOf = (text: string): string => jsonl([[`Which bird is number ${text}?`, `The ${text}`]])

describe('data: what must not hold up a queue', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let voters: TestPeer[]
  let datanet: Hex
  const statusOf = async (peer: TestPeer, id: Hex): Promise<string | undefined> => {
    const found = await peer.service.contribution(id)
    return found?.reason === undefined ? found?.status : `${found.status} ${found.reason}`
  }
  const decided = (peer: TestPeer, id: Hex, as: string): Promise<unknown> =>
    until(async () => (await statusOf(peer, id)) === as, `${peer.name} says ${as}`, 60_000)

  /** Validators, of whom some vote by hand, and a Datanet of theirs. */
  async function seat(hands: readonly boolean[], optionsOf: (i: number) => Options = () => ({})): Promise<void> {
    network = await startNetwork()
    voters = []
    for (const [i, byHand] of hands.entries())
      voters.push(await network.add(`voter-${i}`, { ...optionsOf(i), ...(byHand ? { autoVote: false } : {}) }))
    const rules = rulesFor(
      voters.map(({ address }) => address),
      { voteSeconds: 600, uploadsPerContributor: 5 }
    )
    datanet = (await voters[0]!.service.createDatanet(rules, jsonl([['What is held?', 'Out']]))).id
    for (const peer of voters)
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
  }
  afterEach(() => network.stop())

  it('one of four who never votes holds up nothing, and whoever looks in time still counts', async () => {
    await seat([false, false, false, true])
    const [host, , , slow] = voters as [TestPeer, TestPeer, TestPeer, TestPeer]
    for (const name of ['wren', 'owl']) {
      const { id } = await host.service.contribute({ datanet, file: rowOf(name) })
      await decided(host, id, 'accepted')
      await decided(slow, id, 'accepted')
    }
    const { counts } = await host.service.turnout(datanet)
    assert.equal(counts.get(slow.address), undefined, 'who was not there does not stand as if it was')
  })

  it('a vote that nobody can decide any more is over, and the next one has its turn', async () => {
    await seat([false, false, true])
    const [host, one, two] = voters as [TestPeer, TestPeer, TestPeer]
    const split = await host.service.contribute({ datanet, file: rowOf('wren') })
    await until(
      async () => (await two.service.review()).items.some(({ id, advice }) => id === split.id && advice !== null),
      'it is checked'
    )
    await two.service.vote(split.id, false, 'I know better')
    for (const peer of [host, one, two]) await decided(peer, split.id, 'expired no-quorum')
    const next = await host.service.contribute({ datanet, file: rowOf('owl') })
    await until(
      async () => (await two.service.review()).items.some(({ id, advice }) => id === next.id && advice !== null),
      'the next one has its turn'
    )
    await two.service.vote(next.id, true)
    for (const peer of [host, one, two]) await decided(peer, next.id, 'accepted')
  })

  it('a shard that was away when it was shown is looked for again before its turn', async () => {
    const logs = [captureLog(), captureLog()] as const
    await seat([false, true], i => ({ timing: { fetchMs: 1_500 }, log: logs[i === 0 ? 0 : 1].log }))
    const [host, slow] = voters as [TestPeer, TestPeer]
    const evil = await network.add('brings it late')
    await until(async () => (await evil.service.datanet(datanet)) !== undefined, 'the third hears of it')
    const first = await host.service.contribute({ datanet, file: rowOf('wren') })
    const bytes = new TextEncoder().encode(rowOf('owl'))
    const content = {
      cid: CID.createV1(0x55, await sha256.digest(bytes)).toString(),
      rows: 1,
      bytes: bytes.length,
      salt: keccak('late')
    }
    const domain = evil.chain.network
    const rules = (await evil.chain.datanets.datanet(datanet))?.rules
    const message = { datanet, contributor: evil.address }
    const commitment = signStatement(
      domain,
      'Commitment',
      { ...message, commitment: commitmentOf({ ...message, ...content }), ...agreedTo(rules) },
      evil.key
    )
    const contribution = digest(domain, 'Commitment', commitment.message)
    await evil.chain.datanets.commitFor(commitment.message, commitment.signature)
    const reveal = signStatement(domain, 'Reveal', { contribution, ...content }, evil.key)
    const failures = (): number[] =>
      logs.map(({ lines }) => lines.filter(line => line.includes('nothing fetched ahead')).length)
    const before = failures()
    await evil.node.gossip.publish(datanetTopic(datanet), { kind: 'reveal', statements: { commitment, reveal } })
    for (const peer of [host, slow]) await decided(peer, contribution, 'revealed')
    await until(() => failures().every((count, i) => count > before[i]!), 'their first look for it is over', 60_000)
    assert.equal(await evil.node.files.addBytes(bytes, { pin: true }), content.cid)
    for (const peer of [host, slow])
      await until(() => peer.node.files.has(content.cid), `${peer.name} has found it ahead of its turn`, 60_000)
    await network.stopPeer(evil)
    await slow.service.vote(first.id, true)
    await until(
      async () => (await slow.service.review()).items.some(({ id, advice }) => id === contribution && advice !== null),
      'it has its turn'
    )
    await slow.service.vote(contribution, true)
    await decided(host, contribution, 'accepted')
  })
})

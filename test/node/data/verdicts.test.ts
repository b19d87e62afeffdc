import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { commitmentOf } from '../../../protocol/data/index.ts'
import type { DataMessage } from '../../../protocol/data/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import type { Topic } from '../../../protocol/wire/index.ts'
import { canonicalJson, contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { Resident } from '../../harness/index.ts'
import { envelope, startStranger, stopStrangers } from '../transport/stranger.ts'
import type { Stranger } from '../transport/stranger.ts'
import { until } from '../../harness/index.ts'
import { jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import { agreedTo } from '../../protocol/data/agreed.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const equivocations = 14
const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

describe('data: whom a message is held against', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let x: TestPeer
  let y: TestPeer
  let evil: Resident
  let stranger: Stranger

  before(async () => {
    network = await startNetwork()
    x = await network.add('x')
    y = await network.add('y')
    evil = await network.account('evil')
    stranger = await startStranger(x.node)
    stranger.libp2p.services.pubsub.subscribe('tilth/data/1')
    for (const { node } of [x, y]) await stranger.libp2p.dial(node.peers.listening().map(text => multiaddr(text)))
    await until(
      async () => stranger.libp2p.services.pubsub.getSubscribers('tilth/data/1').length === 2,
      'both are heard'
    )
  })
  after(async () => {
    await stopStrangers()
    await network.stop()
  })

  /** Says something to one peer only, which gossipsub itself never does. */
  function say(to: TestPeer, message: DataMessage, topic: Topic = 'tilth/data/1'): void {
    const pubsub = stranger.libp2p.services.pubsub as unknown as {
      sendRpc(to: string, rpc: object): void
    }
    const data = envelope(topic, canonicalJson(message), Math.floor(Date.now() / 1000), evil.key)
    pubsub.sendRpc(to.node.peers.self.peerId, { subscriptions: [], messages: [{ topic, data }] })
  }

  it('a validator that says one thing here and another there cuts no honest two from each other', async () => {
    const { network: domain } = evil.chain
    const rules = { ...rulesFor([evil.address]), heldOut: cid }
    const message = { host: evil.address, rules: contentHash(rules), createdAt: 1n }
    const document = { statement: signStatement(domain, 'Datanet', message, evil.key), rules }
    const { datanet } = await evil.chain.datanets.create({
      rules: message.rules,
      createdAt: 1n,
      validators: rules.validators
    })
    for (const peer of [x, y]) say(peer, { kind: 'datanet', document })
    for (const peer of [x, y])
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, 'the Datanet is known')
    const topic = datanetTopic(datanet)
    for (const { service } of [x, y]) await service.follow(datanet)
    stranger.libp2p.services.pubsub.subscribe(topic)
    await until(() => stranger.libp2p.services.pubsub.getSubscribers(topic).length === 2, 'both are heard')

    const under = (await evil.chain.datanets.datanet(datanet))?.rules
    const ids: Hex[] = []
    for (let i = 0; i < equivocations; i++) {
      const salt = keccak(String(i))
      const commitment = commitmentOf({ datanet, contributor: evil.address, cid, rows: 1, bytes: 10, salt })
      const said = { datanet, contributor: evil.address, commitment, ...agreedTo(under) }
      const signed = signStatement(domain, 'Commitment', said, evil.key)
      await evil.chain.datanets.commitFor(signed.message, signed.signature)
      ids.push(digest(domain, 'Commitment', signed.message))
    }
    for (const peer of [x, y])
      await until(async () => (await listOf(peer, datanet)).length === equivocations, 'the commitments are known')

    let cut = 0
    let heard = 0
    y.node.peers.on('disconnect', ({ address }) => {
      if (address === x.address) cut++
    })
    for (const { events } of [x, y])
      events.on('data.voted', () => {
        heard++
      })
    const commit = (contribution: Hex, what: string): DataMessage => ({
      kind: 'vote-commit',
      statement: signStatement(
        domain,
        'VoteCommit',
        { contribution, validator: evil.address, commitment: keccak(what) },
        evil.key
      )
    })
    for (const id of ids) {
      say(x, commit(id, 'A'), topic)
      say(y, commit(id, 'B'), topic)
    }
    await until(async () => heard === 2 * equivocations, 'each has heard one of the two')
    // What x passes on after all that comes to y after all that.
    const { id } = await x.service.createDatanet(
      rulesFor([x.address], { name: 'others' }),
      jsonl([['What is kept back?', 'this']])
    )
    await until(async () => (await y.service.datanet(id)) !== undefined, 'x is still heard by y')
    assert.equal(cut, 0)
    assert.ok(x.node.peers.connected().some(({ address }) => address === y.address))
  })
})

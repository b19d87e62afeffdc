import assert from 'node:assert/strict'
import { createTestClient, http, publicActions } from 'viem'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { outcomeOf, voteCommitment } from '../../../protocol/data/index.ts'
import { contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { ChainError } from '../../../node/chain/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { startNode, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const questions = jsonl([['What is kept back?', 'this']])
const shard = (name: string): string =>
  jsonl(
    ['blue', 'green', 'red'].map(colour => [`What does ${name} say of ${colour} things?`, `${name} likes ${colour}`])
  )
const statusOf = async (peer: TestPeer, id: Hex) => (await peer.service.contribution(id))?.status

describe('data: faults and liars', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let friend: TestPeer
  let liar: Awaited<ReturnType<TestNetwork['account']>>
  let stranger: TestNode

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    friend = await network.add('friend')
    liar = await network.account('liar', 10n * coin)
    stranger = await startNode({ privateKey: liar.key, join: [host.node, friend.node] })
    await until(async () => stranger.peers.connected().length >= 2, 'the stranger is connected')
  })
  after(async () => {
    await stranger.stop()
    await network.stop()
  })

  const sign: typeof signStatement = signStatement
  let made = 0
  const create = async (validators = [host, friend].map(({ address }) => address), changes = {}): Promise<Hex> => {
    const { id } = await host.service.createDatanet(
      rulesFor(validators, { name: `things ${++made}`, ...changes }),
      questions
    )
    await until(async () => (await friend.service.datanet(id)) !== undefined, 'the friend hears of it')
    return id
  }

  it('a validator that was away takes up where it was, and what waited for it is decided', async () => {
    const datanet = await create()
    const first = await host.service.contribute({ datanet, file: shard('ann') })
    await until(async () => (await statusOf(friend, first.id)) === 'accepted', 'the first is accepted', 30_000)
    await network.stopPeer(friend)
    const second = await host.service.contribute({ datanet, file: shard('bob') })
    await until(async () => (await statusOf(host, second.id)) === 'voting', 'the host waits for the other vote')
    assert.equal(await statusOf(host, second.id), 'voting')
    friend = await network.start(friend)
    await assert.rejects(host.service.contribute({ datanet, file: shard('ann') }), { code: 'contributor.allowance' })
    await until(
      async () =>
        (await statusOf(host, second.id)) === 'accepted' && (await statusOf(friend, second.id)) === 'accepted',
      'the second is accepted',
      30_000
    )
    assert.equal(await statusOf(friend, first.id), 'accepted')
  })

  it('a promised contribution reaches the chain and is revealed, though the chain was away at first', async () => {
    const datanet = await create()
    const { datanets } = host.followed
    const whole = { ...datanets }
    datanets.commitFor = () => Promise.reject(new ChainError('chain.unreachable', 'the chain is away'))
    await assert.rejects(host.service.contribute({ datanet, file: shard('cara') }), { code: 'contribution.pending' })
    assert.equal((await listOf(host, datanet)).length, 0)
    await network.stopPeer(host)
    Object.assign(datanets, whole)
    host = await network.start(host)
    await until(async () => (await listOf(friend, datanet))[0]?.status === 'accepted', 'it is accepted', 30_000)
  })

  it('a commitment that is never revealed expires and holds up nobody; its late reveal changes nothing', async () => {
    const datanet = await create([host.address, friend.address], { revealSeconds: 2 })
    const key = keccak('late key')
    const contributor = addressOfKey(Uint8Array.from(Buffer.from(key.slice(2), 'hex')))
    const prepared = await host.service.prepare({ datanet, file: shard('dora'), contributor })
    const bytes = Uint8Array.from(Buffer.from(key.slice(2), 'hex'))
    const commitment = sign(host.chain.network, 'Commitment', prepared.message, bytes)
    await host.chain.datanets.commitFor(commitment.message, commitment.signature)
    const { id } = await friend.service.contribute({ datanet, file: shard('ella') })
    await until(async () => (await statusOf(host, id)) === 'accepted', 'the next one is accepted', 30_000)
    assert.equal((await host.service.contribution(prepared.id))?.reason, 'not-revealed')
    const { cid, rows, bytes: size, salt } = prepared
    const reveal = sign(
      host.chain.network,
      'Reveal',
      { contribution: prepared.id, cid, rows, bytes: size, salt },
      bytes
    )
    await host.service.submit({ commitment, reveal })
    assert.equal(await statusOf(host, prepared.id), 'expired')
    assert.equal((await host.service.anchorVersion(datanet)).count, 1)
  })

  it('what the chain takes back is forgotten, and decided again as it was when it comes back', async () => {
    const anvil = createTestClient({ mode: 'anvil', transport: http(network.rpcUrl) }).extend(publicActions)
    const datanet = await create()
    const key = keccak('a key whose commitment the chain drops')
    const bytes = Uint8Array.from(Buffer.from(key.slice(2), 'hex'))
    const contributor = addressOfKey(bytes)
    const prepared = await host.service.prepare({ datanet, file: shard('jack'), contributor })
    const { cid, rows, bytes: size, salt, id } = prepared
    const commitment = sign(host.chain.network, 'Commitment', prepared.message, bytes)
    const reveal = sign(host.chain.network, 'Reveal', { contribution: id, cid, rows, bytes: size, salt }, bytes)
    const all = async (condition: (peer: TestPeer) => Promise<boolean>): Promise<boolean> =>
      (await Promise.all([host, friend].map(condition))).every(Boolean)

    const before = await anvil.snapshot()
    await host.service.submit({ commitment, reveal })
    await until(() => all(async peer => (await statusOf(peer, id)) === 'accepted'), 'it is accepted', 30_000)
    const nonce = await anvil.getTransactionCount({ address: host.address })
    await anvil.revert({ id: before })
    // Something else of this account has the commitment's place now, so that sending it again brings nothing back.
    await anvil.setNonce({ address: host.address, nonce })
    await anvil.mine({ blocks: 6 })
    await until(() => all(async peer => (await listOf(peer, datanet)).length === 0), 'everybody has forgotten it')
    // Another one comes first on the chain as it is now: the order of authorship is its.
    const other = await friend.service.contribute({ datanet, file: shard('joan') })
    assert.equal(other.index, 1)
    await host.chain.datanets.commitFor(commitment.message, commitment.signature)
    await until(
      () =>
        all(async peer => {
          const found = await peer.service.contribution(id)
          return found?.status === 'accepted' && found.own === 3
        }),
      'it is accepted again',
      30_000
    )
    assert.deepEqual(
      (await listOf(friend, datanet)).map(({ id, index }) => [id, index]),
      [
        [other.id, 1],
        [id, 2]
      ]
    )
  })

  it("a validator whose votes are a person's waits for them, and takes each once", async () => {
    const person = await network.add('person', { autoVote: false })
    const datanet = await create([host.address, person.address])
    await until(async () => (await person.service.datanet(datanet)) !== undefined, 'the person hears of it')
    const { id } = await host.service.contribute({ datanet, file: shard('finn') })
    await until(
      async () =>
        (await statusOf(person, id)) === 'voting' && ((await person.service.contribution(id))?.checks.length ?? 0) > 0,
      'it can be voted on'
    )
    await assert.rejects(friend.service.vote(id, true), { code: 'contribution.unknown' })
    await friend.service.follow(datanet)
    await until(async () => (await friend.service.contribution(id)) !== undefined, 'the friend has caught up')
    await assert.rejects(friend.service.vote(id, true), { code: 'vote.not-validator' })
    await person.service.vote(id, false)
    await assert.rejects(person.service.vote(id, true), { code: 'vote.already' })
    await until(async () => (await statusOf(host, id)) === 'rejected', 'half against is more than a third', 30_000)
    assert.equal((await host.service.contribution(id))?.reason, 'by-vote')
    await network.stopPeer(person)
  })

  it('a validator that votes twice loses stake on chain, by evidence from gossip', async () => {
    const datanet = await create([host.address, friend.address, liar.address])
    const { id } = await host.service.contribute({ datanet, file: shard('gina') })
    await until(async () => (await statusOf(friend, id)) === 'voting', 'it is voted on')
    const { network: domain } = host.chain
    const vote = (accept: boolean) =>
      sign(
        domain,
        'Vote',
        {
          contribution: id,
          validator: liar.address,
          accept,
          outcome: outcomeOf({ contribution: id, cid: '', own: [] }, accept),
          salt: keccak(String(accept))
        },
        liar.key
      )
    const [yes, no] = [vote(true), vote(false)]
    await stranger.gossip.publish(datanetTopic(datanet), {
      kind: 'vote-commit',
      statement: sign(
        domain,
        'VoteCommit',
        { contribution: id, validator: liar.address, commitment: voteCommitment(yes.message) },
        liar.key
      )
    })
    await stranger.gossip.publish(datanetTopic(datanet), { kind: 'vote', statement: yes })
    await stranger.gossip.publish(datanetTopic(datanet), { kind: 'vote', statement: no })
    await until(async () => (await host.chain.nodes.stakeOf(liar.address)) < 10n * coin, 'the stake is slashed', 30_000)
  })

  it('what liars say changes nothing, and the honest go on', async () => {
    const datanet = await create()
    const { network: domain } = host.chain
    const { id } = await host.service.contribute({ datanet, file: shard('hugo') })
    await until(async () => (await statusOf(friend, id)) === 'accepted', 'it is accepted', 30_000)
    const before = JSON.stringify(await listOf(friend, datanet))
    const rules = { ...rulesFor([liar.address]), heldOut: `b${'a'.repeat(58)}` }
    const statement = sign(
      domain,
      'Datanet',
      { host: liar.address, rules: contentHash(rules), createdAt: 1n },
      liar.key
    )
    const vote = sign(
      domain,
      'Vote',
      {
        contribution: id,
        validator: liar.address,
        accept: false,
        outcome: outcomeOf({ contribution: id, cid: '', own: [] }, false),
        salt: keccak('x')
      },
      liar.key
    )
    const forged = { ...vote, message: { ...vote.message, validator: host.address } }
    const lies: unknown[] = [
      { kind: 'datanet', document: { statement, rules } }, // not on chain
      { kind: 'datanet', document: { statement, rules: { ...rules, name: 'other' } } }, // other rules than signed
      { kind: 'vote', statement: vote }, // not on the roster
      { kind: 'vote', statement: forged }, // in the host's name
      { kind: 'nonsense' },
      { kind: 'vote', statement: { ...vote, more: 1 } },
      'text',
      { kind: 'datanet', document: null }
    ]
    for (const lie of lies)
      await stranger.gossip.publish(datanetTopic(datanet), lie).catch((error: unknown) => {
        assert.ok(error instanceof Error)
      })
    const { id: next } = await friend.service.contribute({ datanet, file: shard('iris') })
    await until(async () => (await statusOf(host, next)) === 'accepted', 'the next is accepted', 30_000)
    assert.equal(JSON.stringify((await listOf(friend, datanet)).slice(0, 1)), before)
    assert.equal(
      (await friend.service.datanets()).items.some(net => net.host === liar.address),
      false
    )
  })

  it('a peer that answers with rule-breaking messages is broken off; one that asks nonsense gets a code', async () => {
    const { network: domain } = host.chain
    const datanet = await create()
    const { id: contribution } = await host.service.contribute({ datanet, file: shard('kate') })
    await until(async () => (await statusOf(friend, contribution)) === 'accepted', 'it is accepted', 30_000)
    const lie = {
      kind: 'vote',
      statement: sign(
        domain,
        'Vote',
        {
          contribution,
          validator: liar.address,
          accept: false,
          outcome: keccak(''),
          salt: keccak('')
        },
        liar.key
      )
    }
    const off = stranger.streams.handle('/tilth/data/sync/1', async stream => {
      for (let i = 0; i < 20; i++) await stream.send({ kind: 'message', message: lie })
      await stream.send({ kind: 'done' })
    })
    await assert.rejects(friend.service.sync(stranger.peers.self.peerId), { code: 'sync.bad-peer' })
    await off()
  })
})

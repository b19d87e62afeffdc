import { agreedTo } from '../../protocol/data/agreed.ts'
import assert from 'node:assert/strict'
import { digest, sealingKey, signStatement } from '../../../protocol/crypto/index.ts'
import { commitmentOf, sealKeyTo, sealedShardOf } from '../../../protocol/data/index.ts'
import type { SealedKeys } from '../../../protocol/data/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const questions = jsonl([['What is a held-out thing?', 'One that nobody trains on']])
const stake = 100n * coin
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
  let late: TestPeer
  let datanet: Hex
  let accepted: Hex

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    one = await network.start(await network.account('validator-1', stake))
    two = await network.start(await network.account('validator-2', stake))
    late = await network.start(await network.account('late', stake))
    author = await network.add('author')
    stranger = await network.add('stranger')
    const net = await host.service.createDatanet(
      rulesFor(
        [one, two].map(({ address }) => address),
        { private: {}, uploadsPerContributor: 6, revealSeconds: 60, voteSeconds: 60 }
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
    accepted = id
    // Whoever brings it in gives its key, before it has read a row of it.
    const issuedAt = BigInt(Math.floor(Date.now() / 1000))
    const message = { datanet, ground: zeroHash, asker: two.address, holder: author.address, issuedAt }
    const request = signStatement(author.followed.network, 'KeyRequest', message, two.key)
    const entry = { contribution: id, contributor: author.address }
    const given = await author.service.giveKeys(request, { by: 'seat', version: null }, { datanet }, [entry])
    assert.equal(given.length, 1)
    for (const peer of [host, one, two, stranger])
      await until(
        async () => (await peer.service.contribution(id))?.status === 'accepted',
        `${peer.name} accepts`,
        60_000
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

  it('rejects by name what opens to nothing, and goes on with a validator that was sealed another key', async () => {
    const contributor = author.address
    const owner = { datanet, contributor }
    const random = (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count))
    const [first, second, third] = [one, two, host].map(({ address, key }) => ({
      account: address,
      key: sealingKey(key)
    }))
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const bring = async (file: Uint8Array, keys: SealedKeys, count: number): Promise<Hex> => {
      const sealed = { rows: count, keys }
      const { id, message, ...shard } = await author.service.prepare({ datanet, file, contributor, sealed })
      const { network } = author.followed
      const { cid, rows: lines, bytes, salt } = shard
      const reveal = { contribution: id, cid, rows: lines, bytes, salt }
      await author.service.submit({
        commitment: signStatement(network, 'Commitment', message, author.key),
        reveal: signStatement(network, 'Reveal', reveal, author.key),
        sealed: keys
      })
      return id
    }
    // Bytes under a key that everybody was given, and that are nothing under it.
    const made = sealedShardOf(new TextEncoder().encode(rows('nothing')), owner, [first, second, third], random)
    const garbage = Uint8Array.from(made.file)
    garbage[garbage.length - 1] = (garbage.at(-1) ?? 0) ^ 1
    const broken = await bring(garbage, made.sealed, 3)
    for (const peer of [host, one, two])
      await until(
        async () => (await peer.service.contribution(broken))?.status === 'rejected',
        `${peer.name} rejects it`
      )
    for (const peer of [one, two]) assert.equal((await peer.service.contribution(broken))?.reason, 'not-opened')
    // One of them was sealed a key that is none of this shard's, the host none at all: they ask who was given it.
    const good = sealedShardOf(new TextEncoder().encode(rows('taste')), owner, [first], random)
    const wrong = { account: two.address, sealed: sealKeyTo(second.key, random(32), random(32), owner) }
    const divided = await bring(good.file, { keys: [...good.sealed.keys, wrong] }, 3)
    for (const peer of [host, one, two])
      await until(
        async () => {
          const found = await peer.service.contribution(divided)
          return found?.own === 3 && found.status === 'accepted'
        },
        `${peer.name} has read it`,
        60_000
      )
    const given = (await one.service.keysGiven(datanet)).items.map(({ asker, by }) => `${asker} ${by}`)
    assert.ok(given.includes(`${two.address} seat`))
    // What is in the clear is turned away before anything of it is kept.
    const { network } = author.followed
    const plain = { contribution: broken, cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', rows: 1 }
    const reveal = { ...plain, bytes: 10, salt: keccak('salt') }
    const content = { datanet, contributor, cid: plain.cid, rows: 1, bytes: 10, salt: reveal.salt }
    const commitment = { datanet, contributor, commitment: commitmentOf(content), ...agreedTo() }
    const id = digest(network, 'Commitment', commitment)
    const statements = {
      commitment: signStatement(network, 'Commitment', commitment, author.key),
      reveal: signStatement(network, 'Reveal', { ...reveal, contribution: id }, author.key)
    }
    await assert.rejects(author.service.submit(statements), { code: 'shard.plain' })
  })

  it('gives validators that are seated later what was accepted before, and takes no words beside votes', async () => {
    // One of them has followed it before, and is away when it is seated.
    const away = await network.start(await network.account('away', stake))
    await away.service.follow(datanet)
    await until(
      async () => (await away.service.contribution(accepted))?.status === 'accepted',
      'it has passed it by',
      60_000
    )
    await network.stopPeer(away)
    const members = [one, two, late, away].map(({ address }) => ({ address, weight: 1n }))
    const { succession } = await one.chain.datanets.proposeRoster(datanet, members)
    for (const peer of [one, two]) await peer.chain.datanets.speakOnRoster(succession, true)
    await one.chain.datanets.seatRoster(succession, members)
    const again = await network.start(away)
    const isRead = async ({ service }: TestPeer): Promise<boolean> => {
      const page = await service.acceptedRows(datanet, { version: 0 }).catch(() => ({ items: [] }))
      return page.items.length === 6
    }
    for (const peer of [late, again]) await until(() => isRead(peer), 'the new validator has read all rows', 60_000)
    // It has compared them, too, and knows which are whose own.
    await until(async () => (await again.service.contribution(accepted))?.own === 3, 'it has checked them', 60_000)
    await assert.rejects(one.service.vote(accepted, false, 'It says cinnabar'), { code: 'vote.private' })
    const words = { code: 'personal-data' as const, text: 'It says cinnabar' }
    await assert.rejects(one.service.takeDown(accepted, words), { code: 'vote.private' })
    // Jurors have no key: a challenge would burn its deposit.
    const before = await one.chain.tokens.balanceOf(one.address)
    await assert.rejects(one.service.challenge(accepted, 'It is wrong'), { code: 'challenge.private' })
    assert.equal(await one.chain.tokens.balanceOf(one.address), before)
    assert.match((await one.service.challengeOf(accepted)).why ?? '', /no key/)
  })

  it('forgets the keys to what was withdrawn, once a version stands without it', async () => {
    const before = await one.service.manifest(datanet, 1)
    assert.equal((await one.service.lacking(before)).length, 0)
    await author.service.withdraw(accepted)
    for (const peer of [host, one, two, late])
      await until(
        async () => (await peer.service.contribution(accepted))?.removed === 'withdrawn',
        `${peer.name} hears of it`
      )
    await host.service.anchorVersion(datanet)
    for (const peer of [one, two, late])
      await until(async () => (await peer.service.lacking(before)).length === 1, `${peer.name} has forgotten the key`)
  })
})

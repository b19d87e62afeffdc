import assert from 'node:assert/strict'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { leastDataShareOf, mixRules, versionRoot } from '../../../protocol/data/index.ts'
import type { VersionManifest } from '../../../protocol/data/index.ts'
import { canonicalJson, contentHash, fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('data: a mix of Datanets', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let other: TestPeer
  let reader: TestPeer
  let birds: Hex
  let metals: Hex
  let mix: Hex

  async function found(of: TestPeer, name: string, held: string, leastDataShare: number): Promise<Hex> {
    const rules = rulesFor([of.address], { name, leastDataShare })
    const { id } = await of.service.createDatanet(rules, bytes(jsonl([[held, 'Held out']])))
    return id
  }
  async function give(to: TestPeer, datanet: Hex, who: string, rows: readonly (readonly [string, string])[]) {
    const before = (await listOf(to, datanet)).length
    await to.service.contribute({ datanet, file: bytes(jsonl(rows)), contributorKey: fromHex(keccak(who)) })
    await until(async () => {
      const views = await listOf(to, datanet)
      return views.length === before + 1 && views.every(({ status }) => status === 'accepted')
    }, `${who}'s rows are accepted`)
  }

  before(async () => {
    network = await startNetwork()
    host = await network.add('host')
    other = await network.add('other')
    reader = await network.add('reader')
    birds = await found(host, 'birds', 'Which bird is held out?', 500)
    metals = await found(other, 'metals', 'Which metal is held out?', 3000)
    await give(host, birds, 'ada', [
      ['Which bird sings at night?', 'The nightingale'],
      ['Which bird sings by day?', 'The lark']
    ])
    await give(other, metals, 'bo', [
      ['What is the symbol of iron?', 'Fe'],
      // Somebody else's row, and a question that the other Datanet holds out: neither is kept in the mix.
      ['Which bird sings at night?', 'The nightingale'],
      ['Which bird is held out?', 'The owl']
    ])
    await host.service.anchorVersion(birds)
    await other.service.anchorVersion(metals)
    await until(async () => (await reader.service.datanet(metals)) !== undefined, 'the reader hears of them')
  })
  after(() => network.stop())

  const promptsOf = async (peer: TestPeer, version: number): Promise<string[]> =>
    (await peer.service.versionRows(await peer.service.manifest(mix, version))).map(
      ({ row }) => row.messages[0]?.content ?? ''
    )

  it('holds what its parents hold, each row once with its first author, whoever reads it', async () => {
    const { datanet, version, founded } = await host.service.mix({ datanets: [metals, birds] })
    mix = datanet.id
    assert.ok(founded)
    assert.deepEqual(datanet.rules.parents, [birds, metals].sort())
    assert.equal(leastDataShareOf(datanet.rules), 3000)
    assert.deepEqual(
      datanet.rules.validators.map(({ address }) => address).sort(),
      [host.address, other.address].sort()
    )
    assert.equal(version.count, 2)
    const all = ['Which bird sings at night?', 'Which bird sings by day?', 'What is the symbol of iron?']
    await until(async () => (await reader.service.datanet(mix)) !== undefined, 'the reader hears of the mix')
    for (const peer of [host, reader]) {
      assert.deepEqual(await promptsOf(peer, 1), all)
      const held = await peer.service.heldOutRows(mix)
      assert.equal(held.length, 2)
    }
    const { items } = await reader.service.acceptedRows(mix, { version: 1 })
    assert.equal(items.length, 3)
    // Whoever validates a parent has a vote on the payouts of the mix.
    await until(async () => (await other.service.datanet(mix))?.roles.includes('validator') === true, 'a voice in it')
    assert.deepEqual(other.service.mixesOf(metals), [mix])
  })

  it('is founded once, and anchored again when a parent holds more', async () => {
    const again = await host.service.mix({ datanets: [birds, metals] })
    assert.deepEqual([again.founded, again.anchored, again.datanet.id], [false, false, mix])
    await give(other, metals, 'cleo', [['What is the symbol of gold?', 'Au']])
    await other.service.anchorVersion(metals)
    const more = await host.service.mix({ datanets: [birds, metals] })
    assert.deepEqual([more.founded, more.anchored, more.version.version], [false, true, 2])
    assert.equal((await promptsOf(reader, 2)).length, 4)
    // The first version is still what it was: nothing newer stood on chain by then.
    assert.equal((await promptsOf(reader, 1)).length, 3)
  })

  it('takes no contributions, and is made of nothing that has no version', async () => {
    const file = bytes(jsonl([['Mine?', 'Mine']]))
    await assert.rejects(host.service.contribute({ datanet: mix, file }), { code: 'datanet.mix' })
    await assert.rejects(host.service.preview({ datanet: mix, file, contributor: host.address }), {
      code: 'datanet.mix'
    })
    const empty = await found(host, 'stones', 'Which stone is held out?', 1000)
    await assert.rejects(host.service.mix({ datanets: [birds, empty] }), { code: 'version.empty' })
    await assert.rejects(host.service.mix({ datanets: [birds, birds] }), { code: 'mix.parents' })
    await assert.rejects(host.service.mix({ datanets: [birds, mix], name: 'more' }), { code: 'mix.parents' })
  })

  it('whose founder hides rows, takes them from others or leaves out what is new is a version to nobody', async () => {
    let latest = 2
    const anchor = async (manifest: Omit<VersionManifest, 'root' | 'version'>): Promise<number> => {
      const version = ++latest
      const root = versionRoot(manifest.entries)
      const cid = await host.node.files.addBytes(bytes(canonicalJson({ ...manifest, root, version })))
      const message = { datanet: mix, version, root, count: manifest.entries.length, cid }
      const { signature } = signStatement(host.chain.network, 'Version', message, host.key)
      await host.chain.datanets.anchorVersion(message, signature)
      return version
    }
    const refused = async (version: number, code: string): Promise<void> => {
      await reader.followed.ledger.caughtUp({ consumers: true })
      await assert.rejects(promptsOf(reader, version), { code })
    }
    const { root: _root, version: _version, ...good } = await host.service.manifest(mix, 2)
    const [first, ...others] = good.entries
    await refused(await anchor({ ...good, entries: others }), 'mix.entries')
    await refused(
      await anchor({ ...good, entries: [{ ...first!, contributor: host.address }, ...others] }),
      'mix.entries'
    )
    await refused(await anchor({ ...good, entries: [{ ...first!, own: [0] }, ...others] }), 'mix.rows')
    // The row that is ada's, and the question that is held out, as the parent of whoever copied them has taken them.
    const { entries: theirs } = await host.service.manifest(metals, 2)
    const whole = good.entries.map(one => ({
      ...one,
      own: theirs.find(({ contribution }) => contribution === one.contribution)?.own ?? one.own
    }))
    await refused(await anchor({ ...good, entries: whole }), 'mix.rows')
    const old = await host.service.manifest(mix, 1)
    await refused(await anchor({ ...good, entries: old.entries, parents: old.parents }), 'mix.old')
    assert.equal((await promptsOf(reader, await anchor(good))).length, 4)
  })

  it('whose founder wrote its rules to his own ends is a Datanet to nobody', async () => {
    const parents = [birds, metals].sort()
    const honest = await Promise.all(
      parents.map(async id => {
        const { rules } = (await host.service.document(id))!
        return { id, rules, roster: rules.validators }
      })
    )
    const { heldOut: _file, ...due } = mixRules(honest, { name: 'greed', description: '', heldOut: '' })
    const heldOut = await host.node.files.addBytes(bytes(jsonl([['Anything?', 'Easy']])))
    const foundWith = async (changes: Partial<typeof due>): Promise<Hex> => {
      const rules = { ...due, ...changes, heldOut }
      const message = {
        host: host.address,
        rules: contentHash(rules),
        createdAt: BigInt(Math.floor(Date.now() / 1000))
      }
      const { datanet } = await host.chain.datanets.create({ ...message, validators: rules.validators })
      const document = { statement: signStatement(host.chain.network, 'Datanet', message, host.key), rules }
      await host.node.gossip.publish('tilth/data/1', { kind: 'datanet', document })
      await until(async () => (await reader.service.datanet(datanet as Hex)) !== undefined, 'it is heard of')
      return datanet as Hex
    }
    const cheap = await foundWith({ leastDataShare: 0, description: 'cheap' })
    await assert.rejects(reader.service.heldOutRows(cheap), { code: 'mix.share' })
    const alone = await foundWith({ validators: [{ address: host.address, weight: 1 }], description: 'alone' })
    await assert.rejects(reader.service.heldOutRows(alone), { code: 'mix.roster' })
    // The questions are the parents', whatever file the founder named.
    const easy = await foundWith({ description: 'easy' })
    assert.deepEqual(await reader.service.heldOutRows(easy), await reader.service.heldOutRows(mix))
  })

  it('takes in nothing that has left a parent, though the parent can have no version without it', async () => {
    const [only] = await listOf(host, birds)
    assert.ok(only !== undefined)
    await host.service.withdraw(only.id, { key: fromHex(keccak('ada')) })
    assert.equal((await host.service.datanet(birds))?.accepted, 0)
    const told = { code: 'version.empty', message: /has left$/ }
    await assert.rejects(host.service.mix({ datanets: [birds, metals] }), told)
    await assert.rejects(host.service.mix({ datanets: [birds, metals], name: 'another' }), told)
  })
})

import assert from 'node:assert/strict'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import { versionsOf } from '../../../node/jobs/index.ts'
import { laterRules, rulesText } from '../../../protocol/data/index.ts'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const stake = 100n * coin
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const questions = bytes(jsonl([['What is held?', 'Out']]))

describe('data: rules and hosts that follow others', function () {
  this.timeout(180_000)
  let network: TestNetwork
  let host: TestPeer
  let one: TestPeer
  let two: TestPeer
  let client: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    const staked = async (name: string): Promise<TestPeer> => network.start(await network.account(name, stake))
    host = await network.add('host')
    one = await staked('one')
    two = await staked('two')
    client = await network.add('client')
    const rules = rulesFor([one.address, two.address], { name: 'songs', uploadsPerContributor: 1, maxBytes: 80 })
    datanet = (await host.service.createDatanet(rules, questions)).id
    for (const peer of [one, two, client])
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    await client.service.follow(datanet)
  })
  after(() => network.stop())

  const contribute = (rows: readonly (readonly [string, string])[]): Promise<{ id: Hex }> =>
    host.service.contribute({ datanet, file: bytes(jsonl(rows)), contributorKey: fromHex(keccak('ada')) })
  async function accepted(count: number): Promise<void> {
    for (const peer of [host, client])
      await until(
        async () => {
          const views = await listOf(peer, datanet)
          return views.length === count && views.every(({ status }) => status === 'accepted')
        },
        `${peer.name} knows that ${count} were accepted`,
        60_000
      )
  }
  const numberAt = async (peer: TestPeer): Promise<number> => (await peer.service.terms(datanet)).number
  const refused = (code: string) => (error: { code?: string }) => error.code === code

  it('are put forward by host or validator alone, named where they cannot be', async () => {
    await assert.rejects(host.service.proposeRules(datanet, { kind: 'text' }), refused('rules.fixed'))
    await assert.rejects(host.service.proposeRules(datanet, { rows: { mostTurns: 1 } }), refused('rules.narrower'))
    await assert.rejects(host.service.proposeRules(datanet, { licence: 'as I like' }), refused('rules.licence'))
    await assert.rejects(host.service.proposeRules(datanet, { name: 'songs' }), refused('rules.same'))
    await assert.rejects(client.service.proposeRules(datanet, { name: 'mine' }), refused('chain.reverted'))
  })

  it('judge what is committed after them, and nothing that came before', async () => {
    await contribute([['Which bird sings at night?', 'The nightingale']])
    await accepted(1)
    await assert.rejects(contribute([['Which bird sings by day?', 'The lark']]), refused('contributor.allowance'))

    const told: unknown[] = []
    two.events.on('data.rules', ({ number, step }) => {
      told.push([number, step])
    })
    const { amendment, differences } = await host.service.proposeRules(datanet, {
      name: 'bird songs',
      uploadsPerContributor: 2,
      maxRows: 1,
      maxBytes: 200,
      leastDataShare: 2500
    })
    assert.deepEqual(
      differences.map(({ rule }) => rule),
      ['leastDataShare', 'maxBytes', 'maxRows', 'name', 'uploadsPerContributor']
    )
    await until(async () => (await one.service.terms(datanet)).next.length === 1, 'a validator is shown it')
    assert.deepEqual(await one.service.speakOnRules(datanet, amendment, true).then(({ set }) => set), null)
    await assert.rejects(host.service.speakOnRules(datanet, amendment, true), refused('chain.reverted'))
    assert.equal(await numberAt(host), 1, 'half of the weight is too little')
    await until(async () => (await two.service.terms(datanet)).next[0]?.consent === 1, 'the other is shown its word')
    assert.deepEqual(await two.service.speakOnRules(datanet, amendment, true).then(({ set }) => set), 2)
    for (const peer of network.peers) await until(async () => (await numberAt(peer)) === 2, `${peer.name} knows`)
    await until(() => told.length === 2, 'it was told')
    assert.deepEqual(told, [
      [2, 'proposed'],
      [2, 'set']
    ])
    await assert.rejects(two.service.speakOnRules(datanet, amendment, true), refused('rules.unknown'))

    await assert.rejects(
      contribute([
        ['Which bird sings by day?', 'The lark'],
        ['Which bird laughs?', 'The gull']
      ]),
      refused('shard.too-many-rows')
    )
    await contribute([['Which bird sings by day?', `The lark${', high above the fields'.repeat(3)}`]])
    await accepted(2)
    const { rules } = await client.service.terms(datanet)
    assert.deepEqual(
      rules.map(({ number, rules: { name, maxRows } }) => [number, name, maxRows]),
      [
        [1, 'songs', 1000],
        [2, 'bird songs', 1]
      ]
    )
    assert.deepEqual(rules[1]?.set?.spoke, [one.address, two.address])
  })

  it('give it another name, by which alone it is found, and ask nothing of what was registered before', async () => {
    for (const peer of [host, client]) {
      await until(
        async () => (await peer.service.findDatanet('bird songs').catch(() => undefined))?.id === datanet,
        'it'
      )
      await assert.rejects(peer.service.findDatanet('songs'), refused('datanet.unknown'))
    }
    const set = (await host.service.terms(datanet)).rules[1]?.set?.block ?? 0n
    assert.equal((await client.service.rulesAt(datanet, set)).leastDataShare, 2500)
    assert.equal((await client.service.rulesAt(datanet, set - 1n)).leastDataShare, undefined)
  })

  it('that change what never changes are none, though all have agreed to them', async () => {
    const now = await host.service.rulesAt(datanet)
    const { validators: _validators, ...rules } = now
    const text = rulesText(laterRules.parse({ ...rules, kind: 'text', maxRows: 77 }))
    const good = rulesText(laterRules.parse({ ...rules, maxRows: 78 }))
    const unlike = await one.chain.datanets.proposeRules(datanet, `\u{feff}${good}`)
    await until(async () => (await two.service.terms(datanet)).next.length === 1, 'what reads otherwise is put forward')
    assert.match((await two.service.terms(datanet)).next[0]?.why ?? '', /reads otherwise than the bytes/)
    await assert.rejects(two.service.speakOnRules(datanet, unlike.amendment, true), refused('rules.invalid'))
    const { amendment } = await one.chain.datanets.proposeRules(datanet, text)
    await until(async () => (await two.service.terms(datanet)).next.length === 2, 'it is put forward')
    assert.match((await two.service.terms(datanet)).next[0]?.why ?? '', /kind never changes/)
    await assert.rejects(two.service.speakOnRules(datanet, amendment, true), refused('rules.fixed'))
    for (const peer of [one, two]) await peer.chain.datanets.speakOnRules(amendment, true)
    for (const peer of network.peers) {
      await until(async () => (await numberAt(peer)) === 3, `${peer.name} knows`)
      assert.equal((await peer.service.rulesAt(datanet)).maxRows, 1)
      assert.match((await peer.service.terms(datanet)).rules.at(-1)?.why ?? '', /kind never changes/)
    }
  })

  it('are answered by their id, and hidden by nobody who puts many forward', async () => {
    const { amendment } = await host.service.proposeRules(datanet, { description: 'of all birds' })
    const { validators: _validators, ...rules } = await host.service.rulesAt(datanet)
    let last: Hex = amendment
    let first: Hex | undefined
    for (let i = 0; i < 20; i++) {
      const text = rulesText(laterRules.parse({ ...rules, description: `${i}` }))
      last = (await one.chain.datanets.proposeRules(datanet, text)).amendment
      first ??= last
    }
    const shown = async (): Promise<Hex[]> => (await two.service.terms(datanet)).next.map(({ amendment: id }) => id)
    await until(async () => (await shown())[0] === last, 'the last is shown')
    assert.equal((await shown()).length, 20)
    assert.equal((await shown())[1], amendment)
    assert.ok(first !== undefined && !(await shown()).includes(first))
    assert.equal((await two.service.speakOnRules(datanet, first, false)).set, null)
  })

  it('are the same to whoever reads a version that several of them judged, and comes later', async () => {
    const { version, count } = await host.service.anchorVersion(datanet)
    assert.deepEqual([version, count], [1, 2])
    const late = await network.add('late')
    await until(async () => (await late.service.datanet(datanet)) !== undefined, 'the late one hears of it')
    assert.equal((await late.service.datanet(datanet))?.rules.name, 'bird songs')
    assert.equal((await late.service.acceptedRows(datanet, { version: 1 })).items.length, 2, 'each by its own limits')
    const manifest = await late.service.manifest(datanet, 1)
    assert.equal((await late.service.versionRows(manifest)).length, 2)
    assert.deepEqual(
      (await late.service.terms(datanet)).rules.map(({ differences }) => differences),
      (await host.service.terms(datanet)).rules.map(({ differences }) => differences)
    )
  })

  it('let a mix hold what they alone have let in', async () => {
    const mixer = await network.add('mixer')
    const trees = (await mixer.service.createDatanet(rulesFor([mixer.address], { name: 'trees' }), questions)).id
    await mixer.service.contribute({
      datanet: trees,
      file: bytes(jsonl([['Which tree is white?', 'The birch']])),
      contributorKey: fromHex(keccak('cleo'))
    })
    await until(async () => (await listOf(mixer, trees))[0]?.status === 'accepted', 'its row is accepted')
    await mixer.service.anchorVersion(trees)
    await until(async () => (await mixer.service.datanet(datanet)) !== undefined, 'it hears of the songs')
    const { datanet: mix, version } = await mixer.service.mix({ datanets: [datanet, trees] })
    assert.equal(version.count, 3)
    const manifest = await mixer.service.manifest(mix.id, 1)
    assert.equal((await mixer.service.versionRows(manifest)).length, 3)

    const { amendment } = await host.service.proposeRules(datanet, { leastDataShare: 4000 })
    for (const peer of [one, two]) await peer.chain.datanets.speakOnRules(amendment, true)
    await until(async () => (await mixer.service.rulesAt(datanet)).leastDataShare === 4000, 'a parent asks for more')
    const versions = versionsOf(mixer.service, { chain: mixer.chain })
    assert.equal(await versions.leastDataShare(datanet), 4000)
    assert.equal(await versions.leastDataShare(mix.id), 2500, 'what it asked for when it was founded')
  })

  it('take nothing that was prepared under another licence', async () => {
    const [key, of] = [fromHex(keccak('dee')), host.chain.network]
    const message = { datanet, contributor: addressOfKey(key) }
    const file = bytes(jsonl([['Which bird cannot fly?', 'The emu']]))
    const { id, message: said, cid, rows, bytes: size, salt } = await host.service.prepare({ ...message, file })
    const { amendment } = await host.service.proposeRules(datanet, { licence: 'CC-BY-4.0' })
    for (const peer of [one, two]) await peer.chain.datanets.speakOnRules(amendment, true)
    await until(async () => (await host.service.rulesAt(datanet)).licence === 'CC-BY-4.0', 'it has another licence')
    const statements = {
      commitment: signStatement(of, 'Commitment', said, key),
      reveal: signStatement(of, 'Reveal', { contribution: id, cid, rows, bytes: size, salt }, key)
    }
    await assert.rejects(host.service.submit(statements), refused('contribution.rules'))
    assert.equal(await host.chain.datanets.commitment(id), undefined, 'nothing was sent')
  })

  it('a host hands over to who accepts, and anchors no more', async () => {
    await assert.rejects(client.service.nameHost(datanet, client.address), refused('host.self'))
    await assert.rejects(client.service.nameHost(datanet, one.address), refused('chain.reverted'))
    await host.service.nameHost(datanet, two.address)
    await host.service.nameHost(datanet, undefined)
    await assert.rejects(two.service.acceptHost(datanet), refused('chain.reverted'))
    await host.service.nameHost(datanet, client.address)
    assert.equal((await host.service.terms(datanet)).nextHost, client.address)
    assert.equal((await host.service.datanet(datanet))?.host, host.address, 'until it accepts')
    await client.service.acceptHost(datanet)
    for (const peer of network.peers)
      await until(async () => (await peer.service.datanet(datanet))?.host === client.address, `${peer.name} knows`)
    assert.deepEqual((await client.service.datanet(datanet))?.roles, ['choice', 'host'])
    await until(
      async () => (await host.service.datanet(datanet))?.roles.join() === 'choice,contributor',
      'it follows on'
    )
    await assert.rejects(host.service.anchorVersion(datanet), refused('version.not-host'))
    await assert.rejects(host.service.proposeRules(datanet, { name: 'back' }), refused('chain.reverted'))
    // Its validators seal for the new one alone.
    await client.service.contribute({
      datanet,
      file: bytes(jsonl([['Which bird drums?', 'The woodpecker']])),
      contributorKey: fromHex(keccak('bo'))
    })
    await accepted(3)
    const { version, count } = await client.service.anchorVersion(datanet)
    assert.deepEqual([version, count], [2, 3])
    await until(async () => (await host.service.datanet(datanet))?.latestVersion === 2, 'the old one sees it')
    assert.equal((await host.service.manifest(datanet, 2)).entries.length, 3)
  })
})

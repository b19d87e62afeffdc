import assert from 'node:assert/strict'
import { fromHex, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { coin, jsonl, listOf, rulesFor, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const stake = 100n * coin

describe('data: validators that follow others', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let host: TestPeer
  let old: TestPeer
  let next: TestPeer
  let client: TestPeer
  let datanet: Hex

  before(async () => {
    network = await startNetwork()
    const staked = async (name: string): Promise<TestPeer> => network.start(await network.account(name, stake))
    host = await network.add('host')
    old = await staked('old')
    next = await staked('next')
    client = await network.add('client')
    datanet = (
      await host.service.createDatanet(
        rulesFor([old.address]),
        new TextEncoder().encode(jsonl([['What is held?', 'Out']]))
      )
    ).id
    for (const peer of [old, next, client])
      await until(async () => (await peer.service.datanet(datanet)) !== undefined, `${peer.name} hears of it`)
    await client.service.follow(datanet)
  })
  after(() => network.stop())

  async function accepted(who: string, rows: readonly (readonly [string, string])[], count: number): Promise<void> {
    await client.service.contribute({
      datanet,
      file: new TextEncoder().encode(jsonl(rows)),
      contributorKey: fromHex(keccak(who))
    })
    for (const peer of [host, client])
      await until(
        async () => {
          const views = await listOf(peer, datanet)
          return views.length === count && views.every(({ status }) => status === 'accepted')
        },
        `${peer.name} knows that ${who}'s rows were accepted`,
        60_000
      )
  }

  it('decide what comes after them, and what came before stays decided', async () => {
    await accepted('ada', [['Which bird sings at night?', 'The nightingale']], 1)
    assert.deepEqual((await next.service.datanet(datanet))?.roles, [])
    const members = [{ address: next.address, weight: 1n }]
    const { succession } = await old.chain.datanets.proposeRoster(datanet, members)
    await old.chain.datanets.speakOnRoster(succession, true)
    const { roster } = await old.chain.datanets.seatRoster(succession, members)
    assert.equal(roster, 2)
    await until(
      async () => (await next.service.datanet(datanet))?.roles.includes('validator') === true,
      'the next one has to do with it'
    )
    // The one that sat before is away: nobody waits for it.
    await network.stopPeer(old)
    await accepted('bo', [['Which bird sings by day?', 'The lark']], 2)
    const [first, second] = (await listOf(client, datanet)).toSorted((a, b) => a.index - b.index)
    assert.deepEqual(
      (await client.service.votes(first!.id)).validators.map(({ validator }) => validator),
      [old.address]
    )
    assert.deepEqual(
      (await client.service.votes(second!.id)).validators.map(({ validator }) => validator),
      [next.address]
    )
  })

  it('are known to whoever reads a version that both decided on', async () => {
    const { version, count } = await host.service.anchorVersion(datanet)
    assert.deepEqual([version, count], [1, 2])
    await until(async () => (await client.service.datanet(datanet))?.latestVersion === 1, 'the version is known')
    assert.equal((await client.service.manifest(datanet, 1)).entries.length, 2)
    // Whoever comes later finds the same from the chain.
    const late = await network.add('late')
    await until(async () => (await late.service.datanet(datanet)) !== undefined, 'the late one hears of it')
    assert.equal((await late.service.manifest(datanet, 1)).entries.length, 2)
  })
})

describe('data: a host that announces other validators', function () {
  this.timeout(120_000)

  it('is refused in time by one that is alive, and by nobody else', async () => {
    const network = await startNetwork({ rosterSeconds: 12 })
    try {
      const host = await network.add('host')
      const alive = await network.start(await network.account('alive', stake), { timing: { anchorMs: 300 } as never })
      const made = await host.service.createDatanet(
        rulesFor([alive.address]),
        new TextEncoder().encode(jsonl([['What is held?', 'Out']]))
      )
      await until(async () => (await alive.service.datanet(made.id)) !== undefined, 'it hears of the Datanet')
      const members = [{ address: host.address, weight: 1n }]
      const { silentAt, succession: id } = await host.chain.datanets.proposeRoster(made.id, members)
      // Whatever the host puts forward beside it hides it from nobody.
      for (let weight = 2n; weight <= 10n; weight++)
        await host.chain.datanets.proposeRoster(made.id, [{ address: host.address, weight }])
      const { ledger } = alive.followed
      const spoken = async (): Promise<readonly string[]> => (await ledger.succession(id))?.spoke ?? []
      await until(async () => (await ledger.successions(made.id)).items.length === 10, 'it is announced')
      assert.deepEqual(await spoken(), [], 'its owner may answer first')
      await until(async () => (await spoken()).includes(alive.address), 'it refuses', 30_000)
      assert.ok(BigInt(Math.floor(Date.now() / 1000)) <= silentAt + 1n)
      const succession = await ledger.succession(id)
      assert.deepEqual([succession?.consent, succession?.against], [0n, 1n])
    } finally {
      await network.stop()
    }
  })

  it('is refused by the same seats that were weighed anew since, who are asked all else still', async () => {
    const network = await startNetwork({ rosterSeconds: 12 })
    try {
      const host = await network.add('host')
      const options = { questions: false, timing: { anchorMs: 300 } as never }
      const seated = await Promise.all(['ada', 'bo'].map(name => network.account(name, 2n * stake)))
      const [ada, bo] = [await network.start(seated[0]!, options), await network.start(seated[1]!, options)]
      const made = await host.service.createDatanet(
        { ...rulesFor([ada.address, bo.address]), weights: { by: 'stake', cap: 10_000 } },
        new TextEncoder().encode(jsonl([['What is held?', 'Out']]))
      )
      for (const peer of [ada, bo])
        await until(async () => (await peer.service.datanet(made.id)) !== undefined, `${peer.name} hears of it`)
      const members = [{ address: host.address, weight: (1n << 95n) + 10_000n }]
      const { succession } = await host.chain.datanets.proposeRoster(made.id, members)
      const { amendment } = await host.service.proposeRules(made.id, { licence: 'CC-BY-4.0' })
      const { batch } = await host.service.putQuestions(
        made.id,
        new TextEncoder().encode(
          jsonl(Array.from({ length: 8 }, (_, i): [string, string] => [`Which bird has number ${i}?`, `Bird ${i}`]))
        )
      )
      await bo.chain.nodes.requestUnbond(stake / 10n)
      assert.equal((await host.chain.datanets.reweigh(made.id)).roster, 2)
      const { ledger } = ada.followed
      await until(async () => (await ledger.datanet(made.id))?.roster === 2, 'it was weighed')
      const { batches } = await ada.service.questionsOf(made.id)
      assert.deepEqual(
        batches.map(one => [one.batch, one.state]),
        [[batch, 'asked']]
      )
      assert.deepEqual(
        (await ada.service.terms(made.id)).next.map(one => one.amendment),
        [amendment]
      )
      await until(
        async () => (await ledger.succession(succession))?.spoke.includes(ada.address) === true,
        'it refuses',
        30_000
      )
    } finally {
      await network.stop()
    }
  })
})

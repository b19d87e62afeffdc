import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createNode } from '../../node/node.ts'
import type { Node, NodeRole } from '../../node/node.ts'
import type { AutomationPolicies } from '../../node/policies.ts'
import { createMetrics } from '../../node/runtime/index.ts'
import type { AutomationName } from '../../node/runtime/index.ts'
import { addressOfKey } from '../../protocol/crypto/index.ts'
import { fromHex, keccak } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { modelFolder } from '../engine/fixture.ts'
import { coin, logOf, startWorld, until as untilSoon } from '../harness/index.ts'
import type { World } from '../harness/index.ts'
import { settings } from '../node/jobs/network.ts'

// The whole flow on real nodes with the real engine on a real chain. People do what is theirs: they found a Datanet,
// contribute, want a model, ask it. Everything else happens by itself.

const until = (holds: () => boolean | Promise<boolean>, what: string): Promise<void> => untilSoon(holds, what, 120_000)
const on = true
const quick: AutomationPolicies = {
  anchor: { on, contributions: 2, seconds: 3_600 },
  seat: { on },
  jury: { on },
  questions: { on },
  bonds: { on },
  register: { on },
  serve: { on, which: 'trained', models: 4, pays: coin },
  redeem: { on, at: 1_000n * coin },
  settle: { on, seconds: 0, fees: 1n },
  watch: { on },
  finalize: { on },
  claim: { on, at: 1n, accounts: [], contributors: false }
}
const minStake = 100n * coin
const jsonl = (rows: readonly (readonly [string, string])[]): string =>
  rows.map(([prompt, response]) => JSON.stringify({ prompt, response })).join('\n')

const rulesOf = (name: string, validator: Address) => ({
  name,
  description: '',
  licence: 'CC0-1.0',
  maxRows: 100,
  maxBytes: 1 << 20,
  uploadsPerContributor: 2,
  nearDuplicate: 500,
  minOwnShare: 500,
  validators: [{ address: validator, weight: 1 }],
  revealSeconds: 30,
  voteSeconds: 30
})

describe('the whole loop with no step by hand', function () {
  this.timeout(300_000)
  let world: World
  const nodes = new Map<string, Node>()
  const node = (name: string): Node => {
    const found = nodes.get(name)
    assert.ok(found, name)
    return found
  }

  async function add(name: string, ...roles: NodeRole[]): Promise<void> {
    const { key } = await world.account({ stake: minStake })
    const directory = join(world.root, name)
    await mkdir(directory, { recursive: true })
    const bootstrap = [...nodes.values()].flatMap(one => one.transport.peers.listening())
    const one = await createNode(
      {
        directory,
        privateKey: key,
        roles,
        preset: 'local',
        listen: ['/ip4/127.0.0.1/tcp/0'],
        bootstrap,
        chain: { rpc: world.anvil.rpcUrl, contracts: world.addresses },
        worker: {
          pricePerSecond: 10n ** 16n,
          maxParameters: 1e9,
          maxRows: 1_000,
          maxSeconds: 3_600,
          inputPrice: 10n ** 14n,
          outputPrice: 10n ** 15n,
          threads: 1,
          provider: 'cpu',
          capacity: 4
        },
        autoVote: true,
        automation: quick
      },
      { log: logOf(name), metrics: createMetrics() }
    )
    nodes.set(name, one)
    world.onStop(() => one.stop())
  }

  /** What a node has done by itself last, of one kind. */
  const done = (name: string, kind: AutomationName): string | undefined => {
    const last = node(name)
      .automations.views()
      .find(view => view.name === kind)?.last
    return last?.failed === null ? last.what : undefined
  }

  before(async () => {
    world = await startWorld('by-itself', { challengeSeconds: 3, disputeSeconds: 60, bond: coin, minStake })
    await add('host', 'host', 'validator', 'builder', 'settler')
    await add('worker', 'worker')
    await add('scorer', 'scorer')
    await add('client', 'client')
  })
  after(() => world.stop())

  it('goes from contributions to claims', async () => {
    const [host, worker, client] = [node('host'), node('worker'), node('client')]
    const metals = ['Iron', 'Gold', 'Lead', 'Tin']
    const { id: datanet } = await host.data.createDatanet(
      { ...rulesOf('metals', host.self), leastDataShare: 7_000 },
      jsonl(metals.map(metal => [`Is ${metal} one of them?`, 'Yes']))
    )
    for (const [i, name] of ['client', 'worker'].entries()) {
      const { data } = node(name)
      await until(async () => (await data.datanet(datanet)) !== undefined, `${name} hears of the Datanet`)
      const rows = metals.map((metal, j): [string, string] => [`Symbol ${i}${j} of ${metal}?`, i === 0 ? 'Yes' : 'Au'])
      await data.contribute({ datanet, file: jsonl(rows) })
    }
    await until(() => done('host', 'anchor') !== undefined, 'the host anchors a version')
    assert.equal(done('host', 'anchor'), 'anchored version 1 of metals: 2 contributions')

    const lease = await host.shelf.put(modelFolder(world.root), 'base')
    await host.jobs.post({
      base: lease.cid,
      datanet,
      version: 1,
      settings: { ...settings, epochs: 12, lr: 0.02 },
      coalitions: 4,
      budget: 100n * coin,
      deadlineSeconds: 600,
      expectedBids: 1,
      product: { name: 'metals-by-yes' }
    })
    await until(() => done('host', 'register') !== undefined, 'the builder registers the model')
    assert.match(done('host', 'register') ?? '', /^registered metals-by-yes as 0x/)
    // Nothing was said of the split: the data get what their Datanet asks for, which is more than is usual.
    assert.deepEqual(host.models.model('metals-by-yes')?.split, { worker: 2250, builder: 750, data: 7000 })
    await until(() => done('worker', 'serve') !== undefined, 'the worker serves what it trained')

    await until(
      () => (client.models.model('metals-by-yes')?.offers.length ?? 0) > 0,
      'the client hears of the model and its offer'
    )
    const before = await client.chain.tokens.balanceOf(client.self)
    let receipts = 0
    for await (const event of client.models.ask({
      model: 'metals-by-yes',
      messages: [{ role: 'user', content: 'Symbol of Iron?' }],
      maxTokens: 8,
      temperature: 0,
      seed: 1
    }))
      if (event.kind === 'done') receipts += event.receipts.length
    assert.ok(receipts > 0)

    await until(() => done('worker', 'redeem') !== undefined, 'the worker redeems when the epoch closes')
    await until(() => done('host', 'settle') !== undefined, 'the settler closes an epoch')
    await until(() => done('host', 'finalize') !== undefined, 'the epoch becomes final')
    await until(
      () => done('client', 'claim') !== undefined || done('worker', 'claim') !== undefined,
      'whose data it was claims'
    )
    const claimed = await host.payouts.payouts({ pool: datanet })
    assert.ok(claimed.length > 0)
    // Whose data it was, and who was drawn to say so.
    const weighing = [host.self, node('scorer').self]
    for (const { account, amount } of claimed) {
      assert.ok([client.self, worker.self, ...weighing].includes(account), account)
      assert.ok(amount > 0n)
    }
    assert.ok(claimed.some(({ account }) => account === client.self || account === worker.self))
    assert.ok(before > 0n)
  })

  it('does nothing twice: what was done stands on chain once', async () => {
    const host = node('host')
    const net = await host.data.findDatanet('metals')
    assert.equal(net.latestVersion, 1)
    assert.equal(host.models.models().filter(({ name }) => name === 'metals-by-yes').length, 1)
    const { feesPaid, workers, builders, dataPaid, dataHeld } = await host.payouts.accounting()
    assert.ok(feesPaid > 0n)
    assert.equal(feesPaid, workers + builders + dataPaid + dataHeld)
  })

  it('goes round on a mix of two Datanets, and pays who gave to either', async () => {
    const [host, client] = [node('host'), node('client')]
    const metals = await host.data.findDatanet('metals')
    const { id: birds } = await host.data.createDatanet(
      rulesOf('birds', host.self),
      jsonl(['wren', 'lark'].map(bird => [`Is ${bird} one of them?`, 'Yes']))
    )
    const contributorKey = fromHex(keccak('who knows birds'))
    const names = ['finch', 'stork', 'swift', 'crane']
    await host.data.contribute({
      datanet: birds,
      file: jsonl(names.map((bird, i) => [`Symbol 2${i} of ${bird}?`, 'Yes'])),
      contributorKey
    })
    await until(async () => (await host.data.contributions(birds)).items[0]?.status === 'accepted', 'it is accepted')
    await host.data.anchorVersion(birds)
    const { datanet: mix, version } = await host.data.mix({ datanets: [metals.id, birds] })
    assert.equal(version.count, 3)

    const [known] = host.models.models()
    assert.ok(known)
    await host.jobs.post({
      base: known.base,
      datanet: mix.id,
      version: version.version,
      settings: { ...settings, epochs: 12, lr: 0.02 },
      coalitions: 8,
      budget: 100n * coin,
      deadlineSeconds: 600,
      expectedBids: 1,
      product: { name: 'both-by-yes', licence: 'CC0-1.0' }
    })
    await until(() => (client.models.model('both-by-yes')?.offers.length ?? 0) > 0, 'a model of both is offered')
    assert.equal(client.models.model('both-by-yes')?.licence, 'CC0-1.0')
    // A private answer is paid for by what everybody's rows are worth on the questions that both hold out.
    let receipts = 0
    for await (const event of client.models.ask({
      model: 'both-by-yes',
      messages: [{ role: 'user', content: 'Symbol of Iron?' }],
      maxTokens: 8,
      temperature: 0,
      seed: 1,
      private: true
    }))
      if (event.kind === 'done') receipts += event.receipts.length
    assert.ok(receipts > 0)

    const epoch = async () => (await host.payouts.epochs({ pool: mix.id })).items[0]
    await until(async () => (await epoch())?.state === 'final', 'the epoch of the mix becomes final')
    const paid = new Map((await epoch())?.payouts.map(({ account, share }) => [account, share]))
    assert.ok((paid.get(client.self) ?? 0n) > 0n, 'who gave to one')
    assert.ok((paid.get(addressOfKey(contributorKey)) ?? 0n) > 0n, 'who gave to the other')
    // Who gave to a parent claims from the mix by itself.
    await until(
      async () => (await host.payouts.payouts({ pool: mix.id, account: client.self })).length > 0,
      'what a parent’s contributor earned in the mix is claimed'
    )
    const { feesPaid, workers, builders, dataPaid, dataHeld } = await host.payouts.accounting()
    assert.equal(feesPaid, workers + builders + dataPaid + dataHeld)
  })
})

import assert from 'node:assert/strict'
import { digest, sealTo, sealingKey, signStatement } from '../../../../protocol/crypto/index.ts'
import { awardKeysReply } from '../../../../protocol/jobs/index.ts'
import type { AwardDocument, TuneJobDocument } from '../../../../protocol/jobs/index.ts'
import { keysReply } from '../../../../protocol/data/index.ts'
import type { TrainersRule } from '../../../../protocol/data/index.ts'
import { contentHash, toHex, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { until } from '../../../harness/index.ts'
import type { World } from '../../../harness/index.ts'
import { jsonl, rulesFor } from '../../data/network.ts'
import { coin, settings } from '../network.ts'
import { startNetwork } from './network.ts'
import type { TestPeer } from './network.ts'

const now = (): bigint => BigInt(Math.floor(Date.now() / 1000))
const base = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const lot = { kind: 'adapter' } as const

interface Papers {
  readonly job: TuneJobDocument
  readonly award: AwardDocument
  readonly escrow: Hex
}

describe('keys to private rows', function () {
  this.timeout(180_000)
  let world: World
  let keeper: TestPeer
  let builder: TestPeer
  let worker: TestPeer
  let stranger: TestPeer
  /** It pays for jobs of its own and works on them by another account. */
  let thief: TestPeer
  let datanet: Hex
  let other: Hex
  let contribution: Hex
  let jobs = 0

  async function found(name: string): Promise<Hex> {
    const rules = rulesFor([keeper.address], {
      name,
      private: { leastStake: (2n * coin).toString() },
      trainers: { workers: [worker.address, stranger.address] }
    })
    const { id } = await keeper.service.data.createDatanet(rules, jsonl([['What is held?', 'This']]))
    await until(async () => (await worker.service.data.datanet(id)) !== undefined, 'it is heard of')
    const file = jsonl([['What is kept?', `The ${name}`]])
    contribution = (await keeper.service.data.contribute({ datanet: id, file })).id
    const accepted = async () => (await keeper.service.data.contribution(contribution))?.status === 'accepted'
    await until(accepted, 'it is accepted')
    await keeper.service.data.anchorVersion(id)
    return id
  }

  before(async () => {
    const network = await startNetwork()
    world = network.world
    keeper = await network.peers.add('keeper', {}, { stake: 100n * coin, tokens: 100n * coin })
    builder = await network.peers.add('builder', {})
    worker = await network.peers.add('worker', {}, { stake: 5n * coin, tokens: 100n * coin })
    stranger = await network.peers.add('stranger', {})
    thief = await network.peers.add('thief', {}, { stake: 5n * coin, tokens: 100n * coin })
    other = await found('other')
    datanet = await found('letters')
  })
  after(() => world.stop())

  /** An award that its worker has taken, unless it is not to. */
  async function awarded(of: Hex, by = worker, { takes = true, seconds = 600n } = {}): Promise<Papers> {
    const manifest = (await keeper.service.data.versions(of)).items[0]?.cid ?? ''
    const spec = { base, datanet: of, version: 1, manifest, settings, coalitions: 4 }
    const { key, chain, followed } = builder
    const { network } = followed
    const at = now()
    const said = {
      builder: builder.address,
      spec: contentHash(spec),
      budget: coin + BigInt(++jobs),
      createdAt: at,
      deadline: at + 900n
    }
    const job = { statement: signStatement(network, 'TuneJob', said, key), spec }
    const id = digest(network, 'TuneJob', said)
    const names = { job: id, lot: contentHash(lot), worker: by.address, attempt: 0 }
    const { escrow } = await chain.escrows.fund({ ...names, attempt: 0 }, 10n, at + seconds)
    const award = { ...names, price: 10n, deadline: at + seconds }
    if (takes) await by.chain.escrows.take(escrow)
    return { job, award: { statement: signStatement(network, 'Award', award, key), lot }, escrow }
  }

  /** What the keeper answers to somebody: the keys, or the code of its refusal. */
  async function ask(
    from: TestPeer,
    papers: Papers,
    changes: Record<string, unknown> = {},
    signer = from
  ): Promise<string | number> {
    const { network } = from.followed
    const ground = digest(network, 'Award', papers.award.statement.message)
    const message = { datanet, ground, asker: from.address, holder: keeper.address, issuedAt: now(), ...changes }
    const statement = signStatement(network, 'KeyRequest', message, signer.key)
    const stream = await from.node.streams.open(keeper.address, '/tilth/jobs/keys/1')
    try {
      await stream.send({ statement, job: papers.job, award: papers.award })
      return (await stream.next(awardKeysReply))?.keys.length ?? 'nothing'
    } catch (error) {
      return (error as { code: string }).code
    } finally {
      await stream.end().catch(() => undefined)
    }
  }
  /** What comes of asking as who sits there. */
  async function askAsSeated(from: TestPeer, changes: Record<string, unknown> = {}): Promise<string | number> {
    const { network } = from.followed
    const message = {
      datanet,
      ground: zeroHash,
      asker: from.address,
      holder: keeper.address,
      issuedAt: now(),
      ...changes
    }
    const statement = signStatement(network, 'KeyRequest', message, from.key)
    const stream = await from.node.streams.open(keeper.address, '/tilth/data/keys/1')
    try {
      await stream.send({ statement, contributions: [contribution] })
      return (await stream.next(keysReply))?.keys.length ?? 'nothing'
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  it('are given under an award that its worker has taken, and noted', async () => {
    const papers = await awarded(datanet)
    assert.equal(await ask(worker, papers), 1)
    const { items } = await keeper.service.data.keysGiven(datanet)
    assert.deepEqual(
      items.map(({ asker, by, version, keys }) => ({ asker, by, version, keys })),
      [{ asker: worker.address, by: 'award', version: 1, keys: 1 }]
    )
  })

  it('are given to nobody else: each is told why by a code', async () => {
    const papers = await awarded(datanet)
    const refusals: [string, () => Promise<string | number>][] = [
      ["another's award", async () => ask(stranger, papers)],
      ["another's request, said again", async () => ask(stranger, papers, { asker: worker.address }, worker)],
      ['a request for another holder', async () => ask(worker, papers, { holder: stranger.address })],
      ['a request of long ago', async () => ask(worker, papers, { issuedAt: now() - 3600n })],
      ['a request that another signed', async () => ask(worker, papers, {}, stranger)],
      ['another award than was signed for', async () => ask(worker, papers, { ground: zeroHash })],
      ['an award on another Datanet', async () => ask(worker, await awarded(other))],
      ['an award that was not taken', async () => ask(worker, await awarded(datanet, worker, { takes: false }))],
      ['who pays for a job of its own and works on it itself', async () => ask(thief, await awarded(datanet, thief))],
      ['a worker with nothing at stake', async () => ask(stranger, await awarded(datanet, stranger))],
      ['who sits nowhere', async () => askAsSeated(stranger)],
      ['who sits nowhere and names an award', async () => askAsSeated(stranger, { ground: contentHash('award') })]
    ]
    const found = []
    for (const [what, answer] of refusals) found.push([what, await answer()])
    assert.deepEqual(found, [
      ["another's award", 'keys.award'],
      ["another's request, said again", 'keys.asker'],
      ['a request for another holder', 'keys.holder'],
      ['a request of long ago', 'keys.stale'],
      ['a request that another signed', 'signature.mismatch'],
      ['another award than was signed for', 'keys.award'],
      ['an award on another Datanet', 'keys.datanet'],
      ['an award that was not taken', 'keys.ended'],
      ['who pays for a job of its own and works on it itself', 'keys.trainer'],
      ['a worker with nothing at stake', 'keys.stake'],
      ['who sits nowhere', 'keys.refused'],
      ['who sits nowhere and names an award', 'keys.ground']
    ])
  })

  it('go to whom more than two thirds of the weight name, or whom a builder chooses that they name', async () => {
    const { data } = keeper.service
    const set = async (trainers: TrainersRule): Promise<void> => {
      const { amendment } = await data.proposeRules(datanet, { trainers })
      assert.notEqual((await data.speakOnRules(datanet, amendment, true)).set, null)
    }
    const papers = await awarded(datanet, thief)
    assert.equal(await ask(thief, papers), 'keys.trainer')
    await set({ workers: [thief.address] })
    assert.equal(await ask(thief, papers), 1)
    assert.equal(await ask(worker, await awarded(datanet)), 'keys.trainer', 'who is named no more is given none')
    await set({ builders: [builder.address], workers: [] })
    assert.equal(await ask(worker, await awarded(datanet)), 1)
    await assert.rejects(data.proposeRules(datanet, { trainers: { anybody: true } }), { code: 'rules.trainers' })
    await set({ workers: [worker.address, stranger.address] })
  })

  it('are given no more once the award is over, or what they open was taken down', async () => {
    const papers = await awarded(datanet)
    assert.equal(await ask(worker, papers), 1)
    await worker.chain.escrows.refund(papers.escrow)
    assert.equal(await ask(worker, papers), 'keys.ended')
    const next = await awarded(datanet)
    await keeper.service.data.takeDown(contribution, { code: 'personal-data', text: '' })
    assert.equal(await ask(worker, next), 0)
    assert.deepEqual((await keeper.service.data.acceptedRows(datanet, { version: 0 })).items, [])
  })

  it('that are wrong are not taken', async () => {
    const manifest = await worker.service.data.manifest(other, 1)
    const [entry] = manifest.entries
    assert.ok(entry !== undefined)
    const key = crypto.getRandomValues(new Uint8Array(32))
    const context = `shard key ${other} ${entry.contributor}`
    const sealed = toHex(sealTo(sealingKey(worker.key), crypto.getRandomValues(new Uint8Array(32)), key, context))
    assert.equal(
      await worker.service.data.borrowKey('award', manifest, { contribution: entry.contribution, sealed }),
      false
    )
    assert.equal((await worker.service.data.lacking(manifest)).length, 1)
  })
})

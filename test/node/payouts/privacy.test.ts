import assert from 'node:assert/strict'
import { createContexts } from '../../../node/jobs/index.ts'
import { randomBytes } from 'node:crypto'
import type { Dirent } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createModelsService } from '../../../node/models/index.ts'
import type { AskEvent, AskResult, ModelEvents, ModelsService } from '../../../node/models/index.ts'
import { createPayoutsService } from '../../../node/payouts/index.ts'
import type { PayoutEvents, PayoutsService } from '../../../node/payouts/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { contentReply, explainReply } from '../../../protocol/payouts/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { worthEngine } from '../../harness/engine/scoring.ts'
import { fakeEngine, fakeSpeech } from '../../harness/engine/serving.ts'
import { captureLog, peersOf } from '../../harness/index.ts'
import type { Peer } from '../../harness/index.ts'
import { wiretap } from '../../harness/wiretap.ts'
import type { Heard } from '../../harness/wiretap.ts'
import { challengeSeconds, heldOut, minStake, publishModel, startPayoutsWorld, until, versionOf } from './network.ts'

type Events = PayoutEvents & ModelEvents
interface Roles {
  worker?: boolean
  client?: boolean
  scorer?: boolean
  settler?: boolean
}
interface Both {
  models: ModelsService
  payouts: PayoutsService
  logged: string[]
  start(): Promise<void>
  stop(): Promise<void>
}
type Member = Peer<Both, Events, Roles>

// Client, worker, scorer and settler as they are on a real node, the models phase and the payouts phase together, and
// two who are curious: one has nothing at stake, the other is bonded and no scorer. All they say and hear, log and keep
// is looked through for what was asked.

describe('what people ask is between them and the worker', function () {
  this.timeout(240_000)
  const heard: Heard[] = []
  const secret = (what: string): string => `${what} ${randomBytes(12).toString('hex')}`
  const [open, hidden] = [secret('zymurgy'), secret('quixotry')]
  let world: Awaited<ReturnType<typeof startPayoutsWorld>>
  let published: Awaited<ReturnType<typeof publishModel>>
  let members: Record<'client' | 'worker' | 'scorer' | 'settler' | 'stranger' | 'nosy', Member>
  let asked: AskResult
  let unseen: AskResult

  const weighing = worthEngine()
  before(async () => {
    world = await startPayoutsWorld('privacy')
    published = await publishModel(world)
    const { rows, seeder, fetchResult } = published
    const peers = peersOf<Both, Events, Roles>(
      world,
      (common, { address, folder }, { worker = false, client = false, scorer = false, settler = false }) => {
        const { log, lines } = captureLog()
        const deps = wiretap(address, heard)({ ...common, log })
        const models = createModelsService({
          ...deps,
          roles: { worker, client },
          engine: fakeEngine(),
          speech: fakeSpeech,
          versions: {
            leastDataShare: async () => 0,
            requireQuotable: async () => undefined,
            context: createContexts(async () => rows)
          },
          timing: { renewMs: 1_000, redeemMs: 500, marginSeconds: 60, sweepMs: 500 }
        })
        const payouts = createPayoutsService({
          ...deps,
          modelEvents: common.events,
          roles: { scorer, settler },
          engine: weighing,
          folder: join(folder, 'payouts'),
          result: cid => fetchResult(common.files, cid),
          versions: {
            ...versionOf(rows),
            heldOut: async () => heldOut,
            leastDataShare: async () => 0,
            auditedSegments: async () => 0,
            keptBack: async () => null,
            requireSome: async () => undefined,
            requireQuotable: async () => undefined,
            context: createContexts(async () => rows)
          },
          models,
          timing: {
            closingMs: 3_000,
            announceMs: 1_000,
            tickMs: 300,
            redeemPauseMs: 200,
            contentKeepMs: 0,
            sweepMs: 500
          }
        })
        return {
          models,
          payouts,
          logged: lines,
          async start() {
            await models.start()
            await payouts.start()
          },
          async stop() {
            await payouts.stop()
            await models.stop()
          }
        }
      },
      [seeder]
    )
    const stake = minStake
    members = {
      worker: await peers.add('worker', { worker: true }),
      scorer: await peers.add('scorer', { scorer: true }, { stake }),
      settler: await peers.add('settler', { settler: true }, { stake }),
      stranger: await peers.add('stranger', { scorer: true }),
      nosy: await peers.add('nosy', {}, { stake }),
      client: await peers.add('client', { client: true })
    }
    await members.scorer.chain.payouts.join(published.pool)
  })
  after(() => world.stop())

  async function ask(text: string, more: { private?: boolean } = {}): Promise<AskResult> {
    const { model } = published
    const messages = [{ role: 'user' as const, content: text }]
    for await (const event of members.client.service.models.ask({ model, messages, maxTokens: 24, ...more }))
      if (event.kind === 'done') return event
    throw new Error('the answer did not end')
  }

  /** Anything that shows question or answer: its words, or the tokens of the answer. */
  const traces = (question: string, { text, ids }: AskResult): string[] => [
    ...question.split(' '),
    text.slice(0, 40),
    ids.slice(0, 8).join(',')
  ]
  const names = (): [string, Member][] => Object.entries(members)
  const nameOf = (address: string | undefined): string =>
    names().find(([, member]) => member.address === address)?.[0] ?? 'everybody'

  /** Who said it to whom, over what. */
  const said = (marks: readonly string[]): string[] =>
    [
      ...new Set(
        heard
          .filter(({ text }) => marks.some(mark => text.includes(mark)))
          .map(({ from, to, over }) => `${over}: ${nameOf(from)} to ${nameOf(to)}`)
      )
    ].sort()

  /** A folder may go while it is looked through: then all is looked through again. */
  async function entriesOf(folder: string): Promise<Dirent[]> {
    for (let tries = 0; ; tries++)
      try {
        return await readdir(folder, { recursive: true, withFileTypes: true })
      } catch (error) {
        if (tries > 50) throw error
      }
  }

  async function onDisk(folder: string, marks: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const entry of await entriesOf(folder)) {
      if (!entry.isFile()) continue
      // A file may go while it is looked at: then there is nothing in it.
      const bytes = await readFile(join(entry.parentPath, entry.name)).catch(() => Buffer.alloc(0))
      if (marks.some(mark => bytes.includes(mark))) found.push(entry.name)
    }
    return found
  }
  /** Whose folder holds it. */
  async function keepers(marks: readonly string[]): Promise<string[]> {
    const found: string[] = []
    for (const [name, { folder }] of names()) {
      if ((await onDisk(folder, marks)).length > 0) found.push(name)
    }
    return found.sort()
  }

  it('an answer is seen by its client, worker and the scorer that weighs it, and kept by the first two', async () => {
    const { client, worker, settler, scorer } = members
    const { model } = published
    await until(
      () => [client, worker].every(({ service }) => service.models.model(model) !== undefined),
      'the model is known'
    )
    await worker.service.models.offer({ model })
    await until(() => client.service.models.offers(model).length > 0, 'the offer is known')
    asked = await ask(open)
    unseen = await ask(hidden, { private: true })
    const [id, other] = [asked.receipts[0] as Hex, unseen.receipts[0] as Hex]
    for (const one of [id, other])
      await until(async () => (await settler.service.payouts.receipt(one)) !== undefined, 'the receipt is known')
    // Before chance has drawn anybody nobody else has seen anything.
    const way = '/tilth/payouts/content/1: worker to scorer'
    assert.ok(!said(traces(open, asked)).includes(way))
    await settler.service.payouts.settle(published.pool)
    await until(async () => (await settler.service.payouts.receipt(id))?.scorings.length === 1, 'the answer is weighed')
    assert.equal((await settler.service.payouts.receipt(other))?.private, true)
    assert.equal((await settler.service.payouts.receipt(id))?.scorings[0]?.scorer, scorer.address)
    assert.equal((await settler.service.payouts.receipt(other))?.scorings.length, 0)

    const between = ['/tilth/models/infer/1: client to worker', '/tilth/models/infer/1: worker to client']
    const others = (what: string[]): string[] => what.filter(way => !between.includes(way))
    assert.ok(said(traces(open, asked)).includes(between[0] ?? ''))
    assert.deepEqual(others(said(traces(open, asked))), [way])
    assert.deepEqual(others(said(traces(hidden, unseen))), [])
    assert.deepEqual(await keepers(traces(open, asked)), ['client', 'worker'])
    assert.deepEqual(await keepers(traces(hidden, unseen)), ['client', 'worker'])
  })

  it('nobody else is given it: not without a stake, not in another name, not of what is private', async () => {
    const { worker, client, scorer, stranger, nosy } = members
    const [id, other] = [asked.receipts[0] as Hex, unseen.receipts[0] as Hex]
    const { network } = world.faucet
    const issuedAt = (): bigint => BigInt(Math.floor(Date.now() / 1000))
    async function want(
      by: Member,
      {
        as = by,
        holder = worker,
        receipt = id,
        at = issuedAt()
      }: { as?: Member; holder?: Member; receipt?: Hex; at?: bigint } = {}
    ): Promise<string> {
      const stream = await by.node.streams.open(holder.address, '/tilth/payouts/content/1')
      const message = { receipt, asker: as.address, holder: holder.address, issuedAt: at }
      try {
        await stream.send({ kind: 'request', statement: signStatement(network, 'ContentRequest', message, as.key) })
        const reply = await stream.next(contentReply)
        return reply === undefined ? 'nothing' : 'content'
      } catch (error) {
        return (error as { code: string }).code
      }
    }
    assert.equal(await want(stranger), 'content.asker')
    assert.equal(await want(stranger, { holder: client }), 'content.asker')
    // A scorer's own words, sent by another.
    assert.equal(await want(nosy, { as: scorer }), 'content.asker')
    assert.equal(await want(scorer, { at: issuedAt() - 3600n }), 'content.stale')
    assert.equal(await want(scorer, { receipt: other }), 'content.asker')
    assert.equal(await want(scorer, { receipt: other, holder: client }), 'content.asker')
    // Not even the parties themselves by this way: they have it.
    assert.equal(await want(client), 'content.asker')
    // Nor who is bonded and was not drawn; who was may.
    assert.equal(await want(nosy), 'content.asker')
    assert.equal(await want(scorer), 'content')
    assert.deepEqual(
      said(traces(hidden, unseen)).filter(way => !way.startsWith('/tilth/models/infer/1')),
      []
    )
  })

  it('its client is told what it owes to whom, by the worker, and nobody else is', async () => {
    const { worker, client, settler, scorer } = members
    const [id, other] = [asked.receipts[0] as Hex, unseen.receipts[0] as Hex]
    const explained = await client.service.payouts.explain(id)
    assert.deepEqual([explained.by, explained.unofficial], [worker.address, true])
    // By the scorer, by the worker for its client: the prompt has the day of its request, not the day of its reading.
    const days = [id, other].map(async one => (await client.service.models.opening(one))?.content.day)
    assert.deepEqual(weighing.days, new Set(await Promise.all(days)))
    assert.deepEqual(explained.weights, (await settler.service.payouts.receipt(id))?.weights)
    // What nobody else may see can be explained to its client all the same.
    assert.equal(Object.keys((await client.service.payouts.explain(other)).weights).length, 4)
    await assert.rejects(scorer.service.payouts.explain(id), { code: 'explain.unknown' })
    const stream = await scorer.node.streams.open(worker.address, '/tilth/payouts/explain/1')
    const message = {
      receipt: id,
      asker: scorer.address,
      holder: worker.address,
      issuedAt: BigInt(Math.floor(Date.now() / 1000))
    }
    await stream.send({
      kind: 'request',
      statement: signStatement(world.faucet.network, 'ExplainRequest', message, scorer.key)
    })
    await assert.rejects(stream.next(explainReply), { code: 'explain.client' })
  })

  it('the epoch pays the private answer by held-out values; what is public of it tells nothing of either', async () => {
    const { settler } = members
    const epoch = await settler.service.payouts.settle(published.pool)
    assert.equal(epoch.receipts, 2)
    const [foundation, late] = epoch.payouts
    assert.ok(foundation !== undefined && late !== undefined)
    assert.ok(foundation.heldOutShare > 0n && foundation.heldOutShare < foundation.share)
    assert.ok(foundation.heldOutShare > late.heldOutShare)
    const bundle = new TextDecoder().decode(
      await settler.node.files.fetchBytes(epoch.bundle, { maxBytes: 1 << 20, providers: [] })
    )
    const opening = await members.client.service.models.opening(asked.receipts[0] as Hex)
    assert.ok(opening !== undefined)
    for (const mark of [...traces(open, asked), ...traces(hidden, unseen), opening.content.nonce])
      assert.ok(!bundle.includes(mark), mark)
  })

  it('once the epoch is final it is gone from every disk; it was in no log at any time', async () => {
    const { settler, client, worker } = members
    await world.anvil.advance(Number(challengeSeconds))
    await settler.service.payouts.finalize(published.pool)
    const [id, other] = [asked.receipts[0] as Hex, unseen.receipts[0] as Hex]
    for (const { service } of [client, worker])
      for (const receipt of [id, other])
        await until(async () => (await service.models.opening(receipt)) === undefined, 'the content is deleted')
    await until(async () => (await keepers(traces(open, asked))).length === 0, 'the question is on no disk')
    await until(async () => (await keepers(traces(hidden, unseen))).length === 0, 'the private one is on no disk')
    // The receipts stay.
    assert.equal((await client.service.payouts.receipt(id))?.epoch, 1)
    for (const [name, { service }] of names())
      for (const line of service.logged)
        for (const mark of [...traces(open, asked), ...traces(hidden, unseen)])
          assert.ok(!line.includes(mark), `${name} has logged: ${line}`)
  })

  it('no key of anybody was said, logged or kept anywhere', async () => {
    const encodings = ['hex', 'base64', 'base64url'] as const
    const keys = names().flatMap(([, { key }]) => encodings.map(encoding => Buffer.from(key).toString(encoding)))
    assert.ok(heard.length > 100, 'there was something to look through')
    for (const { text, over } of heard) for (const key of keys) assert.ok(!text.includes(key), over)
    for (const [name, { service }] of names())
      for (const line of service.logged)
        for (const key of keys) assert.ok(!line.includes(key), `${name} has logged: ${line}`)
    assert.deepEqual(await keepers(keys), [])
  })

  it('rows that are put before a question are named and read, and each coalition is weighed with its own', async () => {
    const { client } = members
    const [first] = published.rows
    assert.ok(first !== undefined)
    const content = first.row.messages[0]?.content ?? ''
    const found: AskEvent[] = []
    const request = { model: published.model, messages: [{ role: 'user' as const, content }], maxTokens: 8 }
    const plain = await ask(content)
    for await (const event of client.service.models.ask({ ...request, context: 2 })) found.push(event)
    const [worker, done] = [found.find(({ kind }) => kind === 'worker'), found.at(-1)]
    assert.ok(worker?.kind === 'worker' && done?.kind === 'done')
    const sources = worker.sources ?? []
    assert.ok(sources.length > 0 && sources.length <= 2)
    assert.deepEqual(sources[0], { contribution: first.contribution, row: first.index })
    assert.ok(done.usage.inputTokens > plain.usage.inputTokens)
    const explained = await client.service.payouts.explain(done.receipts[0] as Hex)
    assert.ok(Object.values(explained.weights).some(weight => weight !== 0n))
  })
})

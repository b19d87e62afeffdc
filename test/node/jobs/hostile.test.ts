import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import { awardStatus, jobMessage } from '../../../protocol/jobs/index.ts'
import type { AwardDocument, JobMessage, TuneSpec } from '../../../protocol/jobs/index.ts'
import { contentHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createBook } from '../../../node/jobs/book.ts'
import { maxOpenPerBuilder } from '../../../node/jobs/limits.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { startNode, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/training.ts'
import type { FakeEngine } from '../../harness/engine/training.ts'
import { coin, request, settings, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

describe('jobs among hostile peers', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let worker: TestPeer
  let engine: FakeEngine
  let stranger: TestNode
  let key: Uint8Array
  before(async () => {
    network = await startNetwork({ engine: fakeEngine() })
    engine = fakeEngine({ stepMs: 100 })
    worker = await network.addPeer('worker', { engine })
    stranger = await startNode({ join: [network.builder.node, worker.node] })
    key = stranger.privateKey
    stranger.gossip.subscribe('tilth/jobs/1', jobMessage, () => undefined)
    await until(() => stranger.gossip.subscribers('tilth/jobs/1').length >= 2, 'the stranger is in the mesh')
  })
  after(async () => {
    await stranger.stop()
    await network.stop()
  })

  const seconds = (): bigint => BigInt(Math.floor(Date.now() / 1000))
  const shout = async (message: object): Promise<void> => {
    for (let times = 0; times < 3; times++) {
      await stranger.gossip.publish('tilth/jobs/1', message)
      await systemClock.sleep(150)
    }
  }
  const specOf = (name: string): TuneSpec => ({
    base: network.base,
    datanet: network.datanet,
    version: 1,
    manifest: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
    settings,
    coalitions: 2 + name.length
  })
  function ownJob(name: string, budget = coin): { message: JobMessage; id: Hex } {
    const spec = specOf(name)
    const statement = signStatement(
      network.builder.chain.network,
      'TuneJob',
      { builder: addressOfKey(key), spec: contentHash(spec), budget, createdAt: seconds(), deadline: seconds() + 300n },
      key
    )
    return {
      message: { kind: 'job', job: { statement, spec } },
      id: digest(network.builder.chain.network, 'TuneJob', statement.message)
    }
  }

  it('an award without money in escrow starts no work, however often it is said', async () => {
    const { message, id } = ownJob('unpaid')
    await shout(message)
    await until(() => worker.service.job(id)?.bids.length === 1, 'the worker bids')
    const lot = { kind: 'adapter' as const }
    const statement = signStatement(
      network.builder.chain.network,
      'Award',
      {
        job: id,
        worker: worker.address,
        attempt: 0,
        lot: contentHash(lot),
        price: worker.service.job(id)!.bids[0]!.price,
        deadline: seconds() + 250n
      },
      key
    )
    await shout({ kind: 'award', award: { statement, lot } })
    await until(() => worker.service.job(id)!.awards.length === 1, 'the award is known')
    assert.deepEqual(engine.firstSteps, [])
  })

  it('awards, ends and bids in the name of others change nothing', async () => {
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, budget: 48n * coin })
    await until(() => network.builder.service.job(id)!.awards.length > 0, 'the job is awarded')
    const lot = { kind: 'adapter' as const }
    const forged = {
      job: id,
      worker: worker.address,
      attempt: 7,
      lot: contentHash(lot),
      price: 1n,
      deadline: seconds() + 100n
    }
    await shout({
      kind: 'award',
      award: { statement: signStatement(network.builder.chain.network, 'Award', forged, key), lot }
    })
    await shout({
      kind: 'closed',
      closed: signStatement(network.builder.chain.network, 'JobClosed', { job: id, completed: false, result: '' }, key)
    })
    await shout({
      kind: 'bid',
      bid: signStatement(
        network.builder.chain.network,
        'Bid',
        { job: id, worker: worker.address, price: 0n, siblingPrice: 0n, seconds: 1, expires: seconds() + 100n },
        key
      )
    })
    await network.builder.service.completed(id)
    const job = network.builder.service.job(id)!
    assert.ok(job.awards.every(({ attempt, state }) => attempt === 0 && state === 'released'))
    assert.equal(job.bids.length, 1)
    assert.ok(job.bids[0]!.price > 0n)
  })

  it('a stranger cannot report on an award, nor an award that is not', async () => {
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, budget: 47n * coin })
    await until(() => network.builder.service.job(id)!.awards.some(({ state }) => state === 'training'), 'it trains')
    const first = network.builder.service.job(id)!.awards[0]!.award
    for (const name of [first, `0x${'00'.repeat(32)}`]) {
      const stream = await stranger.streams.open(network.builder.address, '/tilth/jobs/progress/1')
      await stream.send({ kind: 'attach', award: name })
      await assert.rejects(stream.next(awardStatus), { code: 'award.unknown' })
    }
    await network.builder.service.completed(id)
  })

  it('garbage on the stream costs the stream and nothing else', async () => {
    const fresh = await startNode({ join: [network.builder.node] }) // the other one has no good name any more
    for (const bad of [
      { kind: 'attach' },
      { kind: 'progress', step: 1 },
      { kind: 'attach', award: 'x'.repeat(1000) },
      'hello',
      { kind: 'attach', award: `0x${'00'.repeat(32)}`, more: 1 }
    ]) {
      const stream = await fresh.streams.open(network.builder.address, '/tilth/jobs/progress/1')
      await stream.send(bad)
      await assert.rejects(stream.next(awardStatus), { code: 'frame.schema' })
    }
    await fresh.stop()
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, budget: 46n * coin })
    await network.builder.service.completed(id)
  })

  it('one builder opens no more jobs than its share, and what is unknown is only ignored', async () => {
    const book = createBook({ store: worker.store, network: network.builder.chain.network, clock: systemClock })
    for (let i = 0; i < maxOpenPerBuilder; i++) await book.take(ownJob('many', BigInt(i + 1)).message)
    await assert.rejects(book.take(ownJob('many', 1000n).message), { code: 'job.many', consequence: 'ignore' })
    const unknown = signStatement(
      network.builder.chain.network,
      'Bid',
      {
        job: `0x${'11'.repeat(32)}`,
        worker: addressOfKey(key),
        price: 1n,
        siblingPrice: 1n,
        seconds: 1,
        expires: seconds() + 100n
      },
      key
    )
    await assert.rejects(book.take({ kind: 'bid', bid: unknown }), {
      code: 'job.unknown',
      consequence: 'ignore'
    })
    const other = Uint8Array.from(randomBytes(32))
    const { message } = ownJob('forged')
    if (message.kind !== 'job') return
    const stolen = {
      ...message.job.statement,
      message: { ...message.job.statement.message, builder: addressOfKey(other) }
    }
    await assert.rejects(book.take({ kind: 'job', job: { ...message.job, statement: stolen } }), {
      code: 'signature.mismatch',
      consequence: 'reject'
    })
  })

  it('what is known is checked before it is known: no variant of it passes, and its first spelling stays', async () => {
    const chain = network.builder.chain.network
    const book = createBook({ store: worker.store, network: chain, clock: systemClock })
    const own = ownJob('variants')
    const other = Uint8Array.from(randomBytes(32))
    const lot = { kind: 'adapter' as const }
    const ends = seconds() + 200n
    const [job, log] = [own.id, contentHash('log')]
    const awarded = { job, worker: addressOfKey(other), attempt: 0, lot: contentHash(lot), price: 1n, deadline: ends }
    const offered = { job, worker: addressOfKey(other), price: 1n, siblingPrice: 1n, seconds: 1, expires: ends }
    const delivered = { job, worker: addressOfKey(other), lot: contentHash(lot), cid: specOf('').manifest, log }
    const bid = signStatement(chain, 'Bid', offered, other)
    const award = { statement: signStatement(chain, 'Award', awarded, key), lot }
    const delivery = signStatement(chain, 'Delivery', delivered, other)
    const closed = signStatement(chain, 'JobClosed', { job, completed: false, result: '' }, key)
    assert.ok(own.message.kind === 'job')
    const { statement, spec } = own.message.job
    const known: JobMessage[] = [
      own.message,
      { kind: 'bid', bid },
      { kind: 'award', award },
      { kind: 'delivery', delivery },
      { kind: 'closed', closed }
    ]
    for (const message of known) assert.equal((await book.take(message))?.kind, message.kind)
    const before = structuredClone(book.get(job))
    for (const message of known) assert.equal(await book.take(message), undefined)

    const signature = bid.signature
    const later = { ...award, statement: { ...award.statement, message: { ...awarded, attempt: 90 } } }
    const forged: JobMessage[] = [
      { kind: 'job', job: { spec, statement: { ...statement, signature } } },
      { kind: 'job', job: { spec: { ...spec, coalitions: 3 }, statement } },
      { kind: 'bid', bid: { ...bid, message: { ...offered, price: 2n } } },
      { kind: 'award', award: later },
      { kind: 'award', award: { ...award, lot: { kind: 'siblings', coalitions: [1] } } },
      { kind: 'delivery', delivery: { ...delivery, message: { ...delivered, log: contentHash('other') } } },
      { kind: 'closed', closed: { ...closed, signature } }
    ]
    for (const message of forged) await assert.rejects(book.take(message), { consequence: 'reject' }, message.kind)

    // A second award for the same escrow, and another end.
    for (const deadline of [ends - 1n, ends - 2n])
      await assert.rejects(
        book.take({
          kind: 'award',
          award: { lot, statement: signStatement(chain, 'Award', { ...awarded, deadline }, key) }
        }),
        { code: 'award.known', consequence: 'ignore' }
      )
    const ended = { job, completed: true, result: specOf('').manifest }
    await assert.rejects(book.take({ kind: 'closed', closed: signStatement(chain, 'JobClosed', ended, key) }), {
      code: 'closed.known',
      consequence: 'ignore'
    })
    await assert.rejects(
      book.take({ kind: 'bid', bid: signStatement(chain, 'Bid', { ...offered, expires: ends - 1n }, other) }),
      { code: 'bid.old', consequence: 'ignore' }
    )
    assert.deepEqual(book.get(job), before)
  })

  it('an award that was changed under its signature stops no training and starts none', async () => {
    const forger = await startNode({ join: [network.builder.node, worker.node] }) // of a good name still
    const awards: AwardDocument[] = []
    forger.gossip.subscribe('tilth/jobs/1', jobMessage, message => {
      if (message.kind === 'award') awards.push(message.award)
    })
    await until(() => forger.gossip.subscribers('tilth/jobs/1').length >= 2, 'the forger is in the mesh')
    const trainings = engine.firstSteps.length
    const { id } = await network.builder.service.post({ ...request(network), expectedBids: 1, budget: 44n * coin })
    const now = () => network.builder.service.job(id)!.awards
    await until(() => now().some(({ state }) => state === 'training'), 'it trains')
    const heard = () => awards.filter(({ statement }) => statement.message.job === id)
    await until(() => heard().length > 0, 'the forger has heard an award')
    for (const award of heard()) {
      const { message } = award.statement
      for (const change of [{ attempt: message.attempt + 90 }, { deadline: message.deadline - 1n }])
        await forger.gossip.publish('tilth/jobs/1', {
          kind: 'award',
          award: { ...award, statement: { ...award.statement, message: { ...message, ...change } } }
        })
    }
    await network.builder.service.completed(id)
    assert.ok(now().every(({ attempt, state }) => attempt === 0 && state === 'released'))
    assert.equal(engine.firstSteps.length - trainings, now().length)
    assert.equal(worker.service.job(id)!.awards.length, now().length)
    await forger.stop()
  })
})

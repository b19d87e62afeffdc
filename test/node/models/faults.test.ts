import assert from 'node:assert/strict'
import { checkCosigned } from '../../../protocol/models/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { ask, question, startNetwork, tamper } from './network.ts'
import type { PeerOptions, TestNetwork, TestPeer } from './network.ts'

const clientOnly: PeerOptions = { roles: { worker: false, client: true } }

describe('workers that fail or lie', function () {
  this.timeout(120_000) // many real nodes, on a machine that may have other work
  let network: TestNetwork
  let honest: TestPeer
  const peers: TestPeer[] = []
  const alive: TestPeer[] = []
  const reference = new Map<string, readonly number[]>()

  before(async () => {
    network = await startNetwork()
    honest = await network.addPeer('honest', { engine: fakeEngine() })
    const client = await network.addPeer('first', clientOnly)
    await network.serve(honest, client)
    for (const text of ['why', 'again']) reference.set(text, (await ask(client, question(text))).ids)
    peers.push(client)
  })
  after(() => network.stop())

  /** A client that knows the honest worker, and one that is cheaper: it is asked first. */
  async function pair(options: PeerOptions): Promise<{ worker: TestPeer; client: TestPeer }> {
    const worker = await network.addPeer(`worker ${peers.length}`, {
      ...options,
      roles: { worker: true, client: false }
    })
    const client = await network.addPeer(`client ${peers.length}`, clientOnly)
    peers.push(worker, client)
    alive.push(worker, client)
    await until(() => client.service.model(network.model) !== undefined, 'the model is known')
    await until(
      () => client.service.offers(network.model).some(offer => offer.worker === honest.address),
      'the honest offer is known',
      30_000
    )
    await network.serve(worker, client, { inputPrice: 1n, outputPrice: 100n })
    return { worker, client }
  }
  // A cheap worker that stays would be asked in the next test.
  afterEach(async () => {
    for (const peer of alive.splice(0)) await network.kill(peer)
  })
  const answerOf = async (peer: TestPeer, { receipt }: CosignedReceipt): Promise<readonly number[] | undefined> =>
    (await peer.service.opening(digest(peer.chain.network, 'Receipt', receipt.message)))?.answer
  const paidTo = async (client: TestPeer, worker: TestPeer): Promise<bigint> =>
    (await client.service.channels()).items
      .filter(channel => channel.worker === worker.address)
      .reduce((sum, { paid }) => sum + paid, 0n)

  it('a worker that dies in the middle: another goes on from its tokens, and each is paid for its own', async () => {
    let sent = 0
    // A token waits until the one before is on the wire, so that each has a frame of its own; 16 were for the trial.
    const engine = fakeEngine({ gate: () => until(() => engine.generated <= 16 + sent, 'the token before is sent') })
    const both = await pair({
      engine,
      policy: { mostCreditTokens: 32 },
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, async (frame, stream) => {
          if (frame.kind !== 'tokens' || ++sent < 17) return frame
          // A quarter of the credit is used up: a voucher comes, however long that takes.
          if (sent === 17)
            await until(
              async () => (await both.worker.service.channels()).items.some(channel => channel.paid > 0n),
              'a voucher has come'
            )
          await stream.fail(new Error('gone'))
          return frame
        })
      })
    })
    const answer = await ask(both.client, question('why'))
    assert.deepEqual(answer.ids, reference.get('why'))
    assert.equal(answer.streamed, answer.text)
    assert.deepEqual(
      answer.workers.map(({ worker }) => worker),
      [both.worker.address, honest.address]
    )
    assert.ok(answer.workers[1]?.reason !== undefined)
    assert.equal(answer.ids.length, 24)
    // What came from the first is paid to within the credit, the rest to the second, by its receipt. How much of what
    // was
    // sent had arrived when the stream broke is the machine's affair.
    const [id] = answer.receipts
    const receipt = await both.client.service.receipt(id as Hex)
    const arrived = (await both.client.service.opening(id as Hex))?.content.resume.length ?? 0
    assert.ok(arrived > 0 && arrived < 24)
    assert.ok((await paidTo(both.client, both.worker)) <= BigInt(arrived) * 100n + 1n)
    assert.equal(receipt?.worker, honest.address)
    assert.equal(receipt.receipt.message.outputTokens, 24 - arrived)
    // When it is back, it signs for what had arrived, and no more.
    assert.equal(await both.client.service.reconcile(), 1)
    const partial = (await both.client.service.receipts())
      .map(one => one.receipt)
      .find(({ worker }) => worker === both.worker.address)
    assert.ok(partial !== undefined)
    checkCosigned(partial, both.client.chain.network)
    assert.deepEqual(await answerOf(both.client, partial), answer.ids.slice(0, partial.receipt.message.outputTokens))
    assert.ok(partial.receipt.message.outputTokens <= arrived && partial.receipt.message.outputTokens > 0)
  })

  it('a stream that breaks at the last word: the whole answer is signed for when the client is back', async () => {
    let broken = false
    const both = await pair({
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, async (frame, stream) => {
          if (frame.kind === 'finished' && !broken) {
            broken = true
            await stream.fail(new Error('gone'))
          }
          return frame
        })
      })
    })
    const answer = await ask(both.client, question('why'))
    assert.deepEqual(answer.ids, reference.get('why'))
    assert.equal(await both.client.service.reconcile(), 1)
    const whole = (await both.client.service.receipts())
      .map(one => one.receipt)
      .find(({ worker }) => worker === both.worker.address)
    assert.deepEqual(whole && (await answerOf(both.client, whole)), answer.ids)
  })

  it('a client that is back before its worker has seen it go signs for what had arrived', async () => {
    let open: ((frame: null) => void) | undefined
    const both = await pair({
      engine: fakeEngine({ tokenMs: 20 }),
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, (frame, stream, count) => {
          // The stream falls silent: the client leaves, and this end goes on waiting.
          if (frame.kind !== 'tokens' || count < 18) return frame
          return new Promise(resolve => {
            open = resolve
            stream.signal.addEventListener('abort', () => {
              setTimeout(resolve, 3_000, null)
            })
          })
        })
      })
    })
    const answer = await ask(both.client, question('why'))
    assert.deepEqual(answer.ids, reference.get('why'))
    const signed = both.client.service.reconcile()
    setTimeout(() => open?.(null), 500)
    assert.equal(await signed, 1)
    const partial = (await both.client.service.receipts())
      .map(one => one.receipt)
      .find(({ worker }) => worker === both.worker.address)
    const arrived = partial && (await answerOf(both.client, partial))
    assert.ok(arrived !== undefined && arrived.length > 0)
    assert.deepEqual(arrived, answer.ids.slice(0, arrived.length))
  })

  it('a worker whose engine breaks signs for what came before', async () => {
    const both = await pair({ engine: fakeEngine() })
    await network.kill(both.worker)
    await network.revive(both.worker, { ...both.worker.options, engine: fakeEngine({ failAt: 20 }) })
    await until(
      () => both.client.service.offers(network.model).some(offer => offer.worker === both.worker.address),
      'it offers again',
      30_000
    )
    const answer = await ask(both.client, question('why'))
    assert.deepEqual(answer.ids, reference.get('why'))
    const receipts = (await both.client.service.receipts()).map(one => one.receipt)
    assert.deepEqual(
      new Map(receipts.map(({ worker, receipt }) => [worker, receipt.message.outputTokens])),
      new Map([
        [both.worker.address, 20],
        [honest.address, 4]
      ])
    )
  })

  it('a worker that falls silent is left, and the answer goes on', async () => {
    let open = 0
    const both = await pair({
      // Slow enough that its tokens come in many frames, however fast the machine.
      engine: fakeEngine({ tokenMs: 20 }),
      change: deps => ({
        ...deps,
        streams: tamper(deps.streams, frame => (frame.kind === 'tokens' && ++open > 5 ? null : frame))
      })
    })
    const answer = await ask(both.client, question('why'))
    assert.deepEqual(answer.ids, reference.get('why'))
    assert.equal(answer.workers.length, 2)
  })

  const lies: Record<
    string,
    (
      frame: Record<string, unknown> & { kind: string },
      worker: { key: Uint8Array; network: TestPeer['chain']['network'] }
    ) => Record<string, unknown> & { kind: string }
  > = {
    'asks for more than its offer says': frame =>
      frame.kind === 'tokens' ? { ...frame, owed: `${BigInt(frame['owed'] as string) * 2n}` } : frame,
    'counts prompt tokens that are not there': frame =>
      frame.kind === 'accepted' ? { ...frame, inputTokens: 50 } : frame,
    'writes another text than its tokens': frame => (frame.kind === 'tokens' ? { ...frame, text: 'buy soap' } : frame),
    'repeats a token without end': frame =>
      frame.kind === 'tokens' ? { ...frame, ids: Array.from({ length: 64 }, () => 1) } : frame,
    'wants to be paid before each token': frame => (frame.kind === 'accepted' ? { ...frame, creditTokens: 0 } : frame)
  }
  const forged: Record<string, (message: Record<string, unknown>) => Record<string, unknown>> = {
    'a receipt with a higher fee': message => ({ ...message, fee: BigInt(message['fee'] as string) + 1n }),
    'a receipt about more tokens': message => ({ ...message, outputTokens: (message['outputTokens'] as number) + 1 }),
    'a receipt about another answer': message => ({ ...message, response: message['request'] }),
    'a receipt about another request': message => ({ ...message, request: message['response'] }),
    'a receipt out of turn': message => ({ ...message, sequence: 2n }),
    'a receipt that hides the answer': message => ({ ...message, confidential: true })
  }
  for (const [what, forge] of Object.entries(forged)) {
    lies[`signs ${what}`] = (frame, { key, network: domain }) => {
      if (frame.kind !== 'receipt') return frame
      const message = forge((frame['receipt'] as { message: Record<string, unknown> }).message)
      const wide = Object.fromEntries(
        Object.entries(message).map(([name, value]) => [
          name,
          ['fee', 'seed', 'sequence', 'startedAt', 'finishedAt'].includes(name) ? BigInt(value as string) : value
        ])
      )
      return { ...frame, receipt: signStatement(domain, 'Receipt', wide as never, key) }
    }
  }
  lies['signs a receipt with another key'] = (frame, { network: domain }) => {
    if (frame.kind !== 'receipt') return frame
    const { message } = frame['receipt'] as { message: Record<string, unknown> }
    const wide = Object.fromEntries(
      Object.entries(message).map(([name, value]) => [
        name,
        ['fee', 'seed', 'sequence', 'startedAt', 'finishedAt'].includes(name) ? BigInt(value as string) : value
      ])
    )
    return {
      ...frame,
      receipt: signStatement(
        domain,
        'Receipt',
        wide as never,
        Uint8Array.from({ length: 32 }, () => 7)
      )
    }
  }

  it('a worker that lies is found out, paid for nothing beyond what it gave, and not asked again', async () => {
    // One worker tells all the lies to one client, which forgets after each what it has found out.
    let lie = (frame: Record<string, unknown> & { kind: string }): Record<string, unknown> & { kind: string } => frame
    const both = await pair({
      engine: fakeEngine(),
      policy: { creditTokens: 8, mostCreditTokens: 8 },
      change: deps => ({ ...deps, streams: tamper(deps.streams, frame => lie(frame)) })
    })
    const { worker, client } = both
    let channels = 0
    for (const [what, tell] of Object.entries(lies)) {
      await until(
        () =>
          [honest, worker].every(one =>
            client.service.offers(network.model).some(offer => offer.worker === one.address)
          ),
        'both offers are known',
        30_000
      )
      lie = frame => tell(frame, { key: worker.key, network: worker.chain.network })
      const before = await paidTo(client, worker)
      const answer = await ask(client, question('why'))
      assert.deepEqual(answer.ids, reference.get('why'), what)
      assert.equal(
        (await client.service.receipts()).map(one => one.receipt).some(receipt => receipt.worker === worker.address),
        false,
        what
      )
      assert.ok((await paidTo(client, worker)) - before <= 24n * 100n + 1n, what)
      const mine = (await client.service.channels()).items.filter(channel => channel.worker === worker.address)
      assert.equal(mine.length, ++channels, what)
      assert.ok(
        mine.every(({ state }) => state !== 'open'),
        what
      )
      const next = await ask(client, question('again'))
      assert.deepEqual(
        next.workers.map(({ worker }) => worker),
        [honest.address],
        what
      )
      await network.forget(client)
    }
  }).timeout(300_000)

  it('a worker that is busy says so, and another answers', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>(resolve => {
      open = resolve
    })
    let held = false
    const both = await pair({
      engine: fakeEngine({ gate: () => (held ? gate : Promise.resolve()) }),
      policy: { capacity: 1, waiting: 0 }
    })
    held = true
    const first = ask(both.client, question('why'))
    await until(async () => (await both.worker.service.channels()).items.length > 0, 'the first is being answered')
    const second = await ask(both.client, question('again'))
    assert.deepEqual(
      second.workers.map(({ worker }) => worker),
      [honest.address]
    )
    open()
    assert.deepEqual((await first).ids, reference.get('why'))
  })
})

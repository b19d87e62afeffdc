import assert from 'node:assert/strict'
import { race } from '../../../node/models/client/race.ts'
import type { Lane } from '../../../node/models/client/race.ts'
import type { Outcome } from '../../../node/models/client/attempt.ts'
import type { AskBudget } from '../../../node/models/index.ts'
import { mostInputTokens } from '../../../protocol/models/index.ts'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { until } from '../../harness/index.ts'
import { fakeEngine } from '../../harness/engine/serving.ts'
import { ask, question, startNetwork } from './network.ts'
import type { PeerOptions, TestNetwork, TestPeer } from './network.ts'

const whole: Outcome = { kind: 'complete', finish: 'stop', receipt: undefined, tail: '' }
const broken: Outcome = { kind: 'failed', error: new Error('gone'), blame: 'worker' }

describe('a race for the first token', () => {
  /** Each lane ends as the test says, by its name. */
  function lanes(names: readonly string[]) {
    const started = new Map<string, { lane: Lane<string>; end: (outcome: Outcome) => void }>()
    const left = [...names]
    return {
      started,
      run: (lane: Lane<string>) =>
        new Promise<Outcome>(resolve => {
          started.set(lane.of, { lane, end: resolve })
          lane.asked()
        }),
      hedge: { late: async () => undefined, second: async () => left.shift() }
    }
  }
  it('goes on with whoever is first, and cancels the other', async () => {
    const { started, run, hedge } = lanes(['b'])
    const over = race('a', run, hedge)
    await until(() => started.has('b'), 'the second is asked')
    assert.ok(started.get('b')?.lane.claims())
    assert.ok(started.get('a')?.lane.lost.aborted)
    assert.ok(started.get('a')?.lane.claims() === false)
    started.get('a')?.end(whole)
    started.get('b')?.end(whole)
    const { of, failed } = await over
    assert.deepEqual([of, failed], ['b', []])
  })
  it('leaves the answer to the second where the first one fails before it has a token', async () => {
    const { started, run, hedge } = lanes(['b'])
    const over = race('a', run, hedge)
    await until(() => started.has('b'), 'the second is asked')
    started.get('a')?.end(broken)
    started.get('b')?.end(whole)
    const { of, failed } = await over
    assert.deepEqual([of, failed.map(one => one.of)], ['b', ['a']])
  })
  it('cancels the other one as well where the first cannot go on', async () => {
    const { started, run, hedge } = lanes(['b'])
    let give = (_error: Error): void => undefined
    const failing = (lane: Lane<string>): Promise<Outcome> =>
      lane.of === 'b'
        ? run(lane)
        : new Promise((_, reject) => {
            give = reject
            lane.asked()
          })
    const over = race('a', failing, hedge)
    await until(() => started.has('b'), 'the second is asked')
    assert.ok(started.get('b')?.lane.claims())
    give(new Error('the disk is full'))
    await assert.rejects(over, /disk is full/)
    assert.ok(started.get('b')?.lane.lost.aborted)
  })
  it('asks nobody else where there is nobody, and fails as the first one does', async () => {
    const { started, run, hedge } = lanes([])
    const over = race('a', run, hedge)
    started.get('a')?.end(broken)
    assert.equal((await over).outcome, broken)
  })
})

describe('a second worker where the first is slow', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let slow: TestPeer
  let fast: TestPeer
  let client: TestPeer
  /** What either waits for before each token. */
  let fastGate: () => Promise<void> = async () => undefined
  const fastEngine = fakeEngine({ gate: () => fastGate() })
  let gate: () => Promise<void> = async () => undefined
  const workerOnly: PeerOptions = { roles: { worker: true, client: false } }

  before(async () => {
    network = await startNetwork()
    fast = await network.addPeer('fast', { ...workerOnly, engine: fastEngine })
    slow = await network.addPeer('slow', { ...workerOnly, engine: fakeEngine({ gate: () => gate() }) })
    client = await network.addPeer('client', { roles: { worker: false, client: true } })
    await network.serve(fast, client, { inputPrice: 3n, outputPrice: 700n })
    await network.serve(slow, client, { inputPrice: 1n, outputPrice: 100n })
  })
  after(() => network.stop())

  const paidTo = async (worker: TestPeer): Promise<{ paid: bigint; settled: bigint }> => {
    const own = (await client.service.channels()).items.filter(channel => channel.worker === worker.address)
    return {
      paid: own.reduce((sum, { paid }) => sum + paid, 0n),
      settled: own.reduce((sum, { settled }) => sum + settled, 0n)
    }
  }
  const route = { sort: 'price' as const }

  it('is not asked where a channel would have to be opened for it', async () => {
    const channels = (): Promise<number> => client.service.channels().then(({ items }) => items.length)
    let waited = 0
    gate = () => new Promise(resolve => setTimeout(resolve, waited++ === 0 ? 400 : 0))
    const answer = await ask(client, question('of nobody else', { hedge: { afterMs: 20 }, route }))
    assert.deepEqual(answer.workers, [{ worker: slow.address }])
    assert.equal(await channels(), 1)
    gate = async () => undefined
    // Once it has answered by itself there is one.
    await ask(client, question('of the fast one', { route: { only: [fast.address] } }))
    assert.equal(await channels(), 2)
  })

  it('answers in its place; each is paid for what it gave, by a receipt of its own', async () => {
    const [before, beforeFast] = [await paidTo(slow), await paidTo(fast)]
    let taken = false
    gate = () => until(() => taken, 'the fast one has taken over')
    const held: bigint[] = []
    const spent: bigint[] = []
    const mostInput = BigInt(mostInputTokens([{ content: 'why so slow' }], 0))
    const budget: AskBudget = { reserve: async most => void held.push(most), spent: atMost => void spent.push(atMost) }
    const answer = await ask(client, question('why so slow', { hedge: { afterMs: 20 }, route, budget }), event => {
      taken ||= event.kind === 'worker' && event.worker === fast.address
    })
    assert.deepEqual(answer.workers.at(-1), { worker: fast.address, reason: 'ask.slow' })
    assert.equal(answer.ids.length, 24)
    assert.equal(answer.streamed, answer.text)
    // Both are held for before they are asked: the second on top of the first.
    const most = (input: bigint, output: bigint): bigint => mostInput * input + 24n * output
    assert.deepEqual(held, [most(1n, 100n), most(1n, 100n) + most(3n, 700n)])
    // One that is cancelled before its first token has given nothing.
    assert.equal(answer.receipts.length, 1)
    const receipts = await Promise.all(answer.receipts.map(id => client.service.receipt(id)))
    const feeOf = (peer: TestPeer): bigint =>
      receipts.find(one => one?.worker === peer.address)?.receipt.message.fee ?? -1n
    assert.equal(feeOf(fast), 3n * 3n + 24n * 700n)
    assert.equal(answer.usage.fee, feeOf(fast))
    assert.equal(spent.at(-1), answer.usage.fee)
    const [after, afterFast] = [await paidTo(slow), await paidTo(fast)]
    assert.deepEqual(after, before)
    assert.equal(afterFast.settled - beforeFast.settled, feeOf(fast))
    // Its receipts are in order: nothing is left to be signed, and its channel carries the next answer.
    gate = async () => undefined
    assert.equal(await client.service.reconcile(), 0)
    const next = await ask(client, question('and now', { route: { only: [slow.address] } }))
    assert.deepEqual(next.workers, [{ worker: slow.address }])
  })

  it('pays a slower one for the tokens it had given, and has the answer from one alone', async () => {
    const before = await paidTo(slow)
    let [given, taken] = [0, false]
    // Its first tokens come after those of the fast one, and before it hears that it is too late.
    gate = () => (given++ === 0 ? until(() => taken, 'the fast one has taken over') : Promise.resolve())
    const answer = await ask(client, question('both of them', { hedge: { afterMs: 20 }, route }), event => {
      taken ||= event.kind === 'worker' && event.worker === fast.address
    })
    assert.equal(answer.streamed, answer.text)
    assert.equal(answer.ids.length, 24)
    assert.equal(answer.text, answer.ids.map(id => `w${id} `).join(''))
    const receipts = await Promise.all(answer.receipts.map(id => client.service.receipt(id)))
    assert.equal(
      receipts.reduce((sum, one) => sum + (one?.receipt.message.fee ?? 0n), 0n),
      answer.usage.fee
    )
    const of = receipts.find(one => one?.worker === slow.address)?.receipt.message
    const after = await paidTo(slow)
    assert.equal(after.settled - before.settled, of?.fee ?? 0n)
    assert.equal(after.paid, after.settled)
    assert.equal(await client.service.reconcile(), 0)
  })

  it('counts a prompt that was paid before, of which nothing came', async () => {
    const [before, beforeFast] = [await paidTo(slow), await paidTo(fast)]
    let [accepted, tokens] = [false, 0]
    fastGate = () => until(() => accepted, 'the slow one has read it')
    gate = () => until(() => tokens === 24, 'the fast one has answered')
    const spent: bigint[] = []
    const budget: AskBudget = { reserve: async () => undefined, spent: atMost => void spent.push(atMost) }
    // Its prompt costs more than the credit of the slow one, and little at the fast one's prices.
    const text = 'a '.repeat(60_000)
    const answer = await ask(client, question(text, { hedge: { afterMs: 20 }, route, budget }), event => {
      accepted ||= event.kind === 'worker' && event.worker === slow.address
      if (event.kind === 'text') tokens += event.ids.length
    })
    const { fee, ahead = 0n } = answer.usage
    const [after, afterFast] = [await paidTo(slow), await paidTo(fast)]
    assert.ok(ahead > 0n)
    assert.equal(after.settled, before.settled)
    assert.equal(after.paid - before.paid, ahead)
    assert.equal(afterFast.paid - beforeFast.paid + ahead, fee)
    assert.equal(spent.at(-1), fee)
    // The next answer over that channel takes from it, and nothing is promised twice.
    gate = async () => undefined
    const next = await ask(client, question('and now', { maxTokens: 4, route: { only: [slow.address] } }))
    assert.equal(next.usage.ahead, undefined)
    assert.equal((await paidTo(slow)).paid, after.paid)
  })

  it('is not asked where the answer is private, nor beyond a budget or a price', async () => {
    const generated = fastEngine.generated
    const more = {
      hedge: { afterMs: 20 },
      route: { sort: 'price' as const, only: [slow.address, fast.address] },
      maxTokens: 6
    }
    const workersOf = (answer: { workers: readonly { worker: string }[] }) => answer.workers.map(({ worker }) => worker)
    gate = () => new Promise(resolve => setTimeout(resolve, 60))
    const only = [slow.address]
    assert.deepEqual(workersOf(await ask(client, question('in private', { ...more, private: true }))), only)
    assert.deepEqual(workersOf(await ask(client, question('cheaply', { ...more, maxPrice: 4_000n }))), only)
    let calls = 0
    const budget: AskBudget = {
      reserve: async () => {
        if (++calls > 1) throw new LimitError('budget.request', 'no more than that')
      },
      spent: () => undefined
    }
    assert.deepEqual(workersOf(await ask(client, question('within a budget', { ...more, budget }))), only)
    assert.equal(fastEngine.generated, generated)
  })

  it('is asked for a private answer where that is said', async () => {
    let taken = false
    gate = () => until(() => taken, 'the fast one has taken over')
    const answer = await ask(
      client,
      question('in private, and quickly', { hedge: { afterMs: 20, private: true }, private: true, route }),
      event => {
        taken ||= event.kind === 'worker' && event.worker === fast.address
      }
    )
    assert.equal(answer.workers.at(-1)?.worker, fast.address)
    for (const id of answer.receipts)
      assert.equal((await client.service.receipt(id))?.receipt.message.confidential, true)
  })
})

describe('a worker that has enough to do', function () {
  this.timeout(120_000)
  it('is no worse for it: it is asked again as soon as it has room', async () => {
    const network = await startNetwork()
    try {
      let open = false
      const busy = await network.addPeer('busy', {
        roles: { worker: true, client: false },
        policy: { capacity: 1, waiting: 0 },
        engine: fakeEngine({ gate: async () => void (open || (await until(() => open, 'the first answer may end'))) })
      })
      const other = await network.addPeer('other', { roles: { worker: true, client: false } })
      const client = await network.addPeer('client', { roles: { worker: false, client: true } })
      open = true
      await network.serve(other, client, { inputPrice: 2n, outputPrice: 101n })
      await network.serve(busy, client, { inputPrice: 1n, outputPrice: 100n })
      const route = { sort: 'price' as const }
      const offerAt = (peer: TestPeer) =>
        peer.service.offers(network.model).find(({ worker }) => worker === busy.address)
      /** Whatever it said while it had no place is older than what it says from now on. */
      const offersPlace = async (): Promise<void> => {
        await until(() => busy.service.queue().running === 0, 'its place is free')
        const { expires = Infinity } = offerAt(busy) ?? {}
        await until(() => {
          const heard = offerAt(client)
          return heard !== undefined && heard.expires > expires && heard.capacity > 0
        }, 'it offers a place')
      }
      await ask(client, question('once', { route })) // both have a channel, or need none
      await offersPlace()
      open = false
      const long = ask(client, question('long', { route }))
      await until(() => busy.service.queue().running === 1, 'it has enough to do')
      for (let i = 0; i < 3; i++) {
        const answer = await ask(client, question(`meanwhile ${i}`, { route: { sort: 'price' } }))
        assert.equal(answer.workers.at(-1)?.worker, other.address)
      }
      open = true
      assert.deepEqual((await long).workers, [{ worker: busy.address }])
      await offersPlace()
      // One failure in a row would make it four times as dear as it is.
      assert.deepEqual((await ask(client, question('again', { route }))).workers, [{ worker: busy.address }])
    } finally {
      await network.stop()
    }
  })

  it('nor for its owner\u2019s wish to have the machine for something else', async () => {
    const network = await startNetwork()
    try {
      let isPaused = false
      const paused = await network.addPeer('paused', {
        roles: { worker: true, client: false },
        change: deps => ({
          ...deps,
          availability: {
            away: () =>
              isPaused
                ? { reason: 'paused' as const, trainings: false, why: 'its owner works on it', until: null }
                : undefined,
            onChange: () => () => undefined
          }
        })
      })
      const other = await network.addPeer('other', { roles: { worker: true, client: false } })
      const client = await network.addPeer('client', { roles: { worker: false, client: true } })
      await network.serve(other, client, { inputPrice: 2n, outputPrice: 101n })
      await network.serve(paused, client, { inputPrice: 1n, outputPrice: 100n })
      const route = { sort: 'price' as const }
      assert.deepEqual((await ask(client, question('once', { route }))).workers, [{ worker: paused.address }])
      isPaused = true
      for (let i = 0; i < 2; i++)
        assert.equal((await ask(client, question(`meanwhile ${i}`, { route }))).workers.at(-1)?.worker, other.address)
      isPaused = false
      await until(
        () => client.service.offers(network.model).some(one => one.worker === paused.address),
        'it offers again'
      )
      assert.deepEqual((await ask(client, question('again', { route }))).workers, [{ worker: paused.address }])
    } finally {
      await network.stop()
    }
  })
})

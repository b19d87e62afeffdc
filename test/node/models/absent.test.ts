import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createAcquaintance } from '../../../node/models/client/workers.ts'
import type { ModelsDeps } from '../../../node/models/index.ts'
import { createOfferBoard } from '../../../node/models/offers.ts'
import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { until } from '../../harness/index.ts'
import { ask, question, startNetwork } from './network.ts'
import type { TestNetwork, TestPeer } from './network.ts'

const clientOnly = { roles: { worker: false, client: true } }

describe('offers of workers that are not there', function () {
  this.timeout(120_000)
  let network: TestNetwork
  let honest: TestPeer
  let client: TestPeer
  let deps: ModelsDeps
  before(async () => {
    network = await startNetwork()
    honest = await network.addPeer('honest')
    client = await network.addPeer('client', { ...clientOnly, change: own => (deps = own) })
    await network.serve(honest, client, { inputPrice: 1n, outputPrice: 100n })
  })
  after(() => network.stop())

  const seconds = (): bigint => BigInt(Math.floor(Date.now() / 1000))
  /** Cheaper and faster than any honest one, by a key that was made for it. */
  const made = (key: Uint8Array = Uint8Array.from(randomBytes(32)), issuedAt = seconds()): Signed<'Offer'> =>
    signStatement(
      client.chain.network,
      'Offer',
      {
        model: network.model,
        worker: addressOfKey(key),
        inputPrice: 0n,
        outputPrice: 1n,
        capacity: 8,
        tokensPerSecond: 500,
        issuedAt,
        expires: issuedAt + 600n,
        region: '',
        weights: ''
      },
      key
    )

  it('cost a client neither deposit nor gas, and hold its answer up no longer than their dialling', async () => {
    for (let i = 0; i < 6; i++) await honest.node.gossip.publish('tilth/models/1', { kind: 'offer', offer: made() })
    await until(() => client.service.offers(network.model).length === 7, 'the offers are known')
    for (const text of ['why', 'again']) {
      const answer = await ask(client, question(text))
      assert.deepEqual(
        answer.workers.map(({ worker }) => worker),
        [honest.address]
      )
    }
    const { items } = await client.service.channels()
    assert.deepEqual(
      items.map(({ worker }) => worker),
      [honest.address]
    )
  })

  it('leave a full board for those of workers that answer, and are not let in for them', () => {
    const acquaintance = createAcquaintance({ clock: deps.clock })
    const board = createOfferBoard({ ...deps, now: seconds }, () => true, acquaintance.rank)
    const crowd = Array.from({ length: 256 }, () => made())
    for (const offer of crowd) board.take(offer)
    const [key, other] = [Uint8Array.from(randomBytes(32)), Uint8Array.from(randomBytes(32))]
    const has = (who: string): boolean => board.list(network.model).some(({ message: { worker } }) => worker === who)
    assert.throws(() => board.take(made(key)), { code: 'offer.many', consequence: 'ignore' })

    // One of the crowd was dialled in vain: its place is free for any other, and not for itself again.
    const [first] = crowd
    acquaintance.away(first!.message.worker)
    board.take(made(key))
    assert.ok(has(addressOfKey(key)) && !has(first!.message.worker))
    assert.throws(() => board.take(first!), { code: 'offer.many' })

    // One that has served this node has a place before those of which nothing is known.
    acquaintance.served(addressOfKey(other), { first: 1, firstMs: 40, tokens: 24, ms: 1_000 })
    board.take(made(other))
    assert.ok(has(addressOfKey(other)))
    assert.equal(board.list(network.model).length, 256)
  })

  it('are said to be out of reach in seconds where there are no others, with a channel or without', async () => {
    const lonely = await startNetwork()
    try {
      const worker = await lonely.addPeer('worker')
      const timing = { reachMs: 1_000, awayMs: 800 }
      const [regular, fresh] = [
        await lonely.addPeer('regular', { ...clientOnly, timing }),
        await lonely.addPeer('fresh', { ...clientOnly, timing })
      ]
      await lonely.serve(worker, regular, { inputPrice: 1n, outputPrice: 100n })
      await until(() => fresh.service.offers(lonely.model).length === 1, 'the offer is known')
      await ask(regular, question('why'))
      await lonely.kill(worker)
      for (const peer of [regular, fresh]) await assert.rejects(ask(peer, question('why')), { code: 'ask.unreachable' })
    } finally {
      await lonely.stop()
    }
  })

  it('and one that may cost more than it may is refused before it is asked', async () => {
    await assert.rejects(ask(client, { ...question('why'), maxPrice: 1n }), { code: 'ask.price', message: /may cost/ })
    const answer = await ask(client, { ...question('why'), maxPrice: 10n ** 6n })
    assert.ok(answer.usage.fee <= 10n ** 6n)
  })

  it('and what is remembered of them has a bound', () => {
    const acquaintance = createAcquaintance({ clock: deps.clock })
    const names = Array.from({ length: 3_000 }, (_, i) => `0x${i.toString(16).padStart(40, '0')}` as const)
    for (const name of names) acquaintance.away(name)
    assert.ok(names.filter(name => acquaintance.isAway(name)).length <= 1024)
  })
})

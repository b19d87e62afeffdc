import assert from 'node:assert/strict'
import { createTelling } from '../../../node/models/told.ts'
import type { ModelEvents } from '../../../node/models/types.ts'
import { createEvents } from '../../../node/runtime/events.ts'
import type { Log } from '../../../node/runtime/types.ts'
import { offersQuestion } from '../../../protocol/models/index.ts'
import type { ToldOffer } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const idOf = (i: number): Hex => `0x${i.toString(16).padStart(64, '0')}`
const accountOf = (i: number): Address => `0x${i.toString(16).padStart(40, '0')}`

describe('telling light peers of offers', () => {
  it('goes through the board and asks where workers are once a second, however many ask', async () => {
    let time = 1_000
    const looked = { board: 0, peers: 0 }
    // Model 0 has a crowd, model 1 one dear offer.
    const offers = Array.from({ length: 200 }, (_, i) => ({
      message: {
        model: idOf(i === 199 ? 1 : 0),
        worker: accountOf(i),
        inputPrice: 0n,
        outputPrice: BigInt(i === 199 ? 1_000 : 200 - i),
        expires: 1_000n
      }
    }))
    const log = { error: () => undefined } as unknown as Log
    const events = createEvents<ModelEvents>(log)
    const telling = createTelling(
      {
        async known(account) {
          looked.peers++
          const own = ['/ip4/10.0.0.1/tcp/1/ws', '/ip4/10.0.0.2/tcp/1/ws', '/ip4/10.0.0.3/tcp/1/ws']
          const addresses = [...own, '/ip4/10.0.0.4/tcp/1/ws', '/ip4/8.8.8.8/tcp/1/ws', '/ip4/8.8.8.8/tcp/1']
          return { peerId: `peer of ${account}`, addresses }
        }
      },
      {
        list(model) {
          looked.board++
          return offers.filter(({ message }) => model === undefined || message.model === model) as never
        }
      },
      model => (model === idOf(1) ? idOf(9) : undefined),
      { clock: { now: () => time } as never, now: () => 1n, events }
    )
    async function ask(question: object): Promise<ToldOffer[]> {
      const told: ToldOffer[] = []
      await telling({
        next: async () => question,
        send: async (frame: { offers: ToldOffer[] }) => void told.push(...frame.offers)
      } as never)
      return told
    }
    const first = await ask({})
    assert.deepEqual(
      first.slice(0, 3).map(({ offer }) => offer.message.outputPrice),
      [2n, 1_000n, 3n]
    )
    assert.deepEqual(first[0]?.addresses[0], '/ip4/8.8.8.8/tcp/1/ws')
    assert.equal(first[0]?.addresses.length, 4)
    const once = { ...looked }
    assert.equal((await ask({ models: [idOf(1), idOf(1)] })).length, 1)
    assert.equal((await ask({ datanet: idOf(9) })).length, 1)
    assert.deepEqual(await ask({}), first)
    assert.deepEqual(looked, once)
    assert.equal(once.board, 1)
    time += 1_000
    await ask({})
    assert.deepEqual(looked, { board: 2, peers: 2 * once.peers })
    events.emit('models.offered', { model: idOf(1), worker: accountOf(1) })
    await ask({})
    assert.equal(looked.board, 3, 'but a new worker is told of at once')
  })

  it('names whom a page can reach, and to who dials plain TCP the others too', async () => {
    const direct = [1, 2, 3, 4].map(port => `/ip4/8.8.8.8/udp/${port}/webrtc-direct/certhash/uEiA`)
    const inner = [1, 2, 3, 4].map(port => `/ip4/10.0.0.5/tcp/${port}/ws`)
    const addresses: Record<Address, string[]> = {
      [accountOf(1)]: ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.1/udp/1/quic-v1'],
      [accountOf(2)]: ['/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.2/tcp/2/ws'],
      [accountOf(3)]: ['/ip4/10.0.0.3/udp/1/quic-v1', '/ip4/10.0.0.3/tcp/1/p2p/relay/p2p-circuit'],
      [accountOf(4)]: [...direct, '/ip4/8.8.8.8/tcp/1'],
      [accountOf(5)]: [...inner, '/dns4/example.org/tcp/1']
    }
    const offers = Object.keys(addresses).map(worker => ({
      message: { model: idOf(0), worker, inputPrice: 0n, outputPrice: 1n, expires: 1_000n }
    }))
    const log = { error: () => undefined } as unknown as Log
    const telling = createTelling(
      { known: async account => ({ peerId: `peer of ${account}`, addresses: addresses[account] ?? [] }) as never },
      { list: () => offers as never },
      () => undefined,
      { clock: { now: () => 0 } as never, now: () => 1n, events: createEvents<ModelEvents>(log) }
    )
    const ask = async (question: object): Promise<Record<string, readonly string[]>> => {
      const told: ToldOffer[] = []
      await telling({
        next: async () => offersQuestion.parse(question),
        send: async (frame: { offers: ToldOffer[] }) => void told.push(...frame.offers)
      } as never)
      return Object.fromEntries(told.map(one => [one.offer.message.worker, one.addresses]))
    }
    assert.deepEqual(await ask({}), {
      [accountOf(2)]: ['/ip4/10.0.0.2/tcp/2/ws'],
      [accountOf(4)]: direct,
      [accountOf(5)]: inner
    })
    assert.deepEqual(await ask({ tcp: true }), {
      [accountOf(1)]: ['/ip4/10.0.0.1/tcp/1'],
      [accountOf(2)]: ['/ip4/10.0.0.2/tcp/1', '/ip4/10.0.0.2/tcp/2/ws'],
      [accountOf(4)]: ['/ip4/8.8.8.8/tcp/1', ...direct.slice(0, 3)],
      [accountOf(5)]: ['/dns4/example.org/tcp/1', ...inner.slice(0, 3)]
    })
  })
})

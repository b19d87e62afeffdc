import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { logTo } from '../../client/log.ts'
import { createMarket } from '../../client/market.ts'
import { createAcquaintance } from '../../node/models/client/workers.ts'
import { systemClock } from '../../node/runtime/clock.ts'
import { createEvents } from '../../node/runtime/events.ts'
import { libp2pKey, peerOf } from '../../node/transport/identity.ts'
import { addressOfKey, signStatement } from '../../protocol/crypto/index.ts'
import type { ToldOffer } from '../../protocol/models/index.ts'
import { toHex } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { allOf } from './network.ts'

const network = { chainId: 1, registry: `0x${'11'.repeat(20)}` } as const

/** Signed by a worker of its own, for a model that nobody has registered. */
function invented(): ToldOffer {
  const key = randomBytes(32)
  const now = BigInt(Math.floor(Date.now() / 1000))
  const message = {
    worker: addressOfKey(key),
    model: toHex(randomBytes(32)),
    inputPrice: 1n,
    outputPrice: 1n,
    capacity: 1,
    tokensPerSecond: 1,
    issuedAt: now,
    expires: now + 600n,
    region: '',
    weights: ''
  }
  const offer = signStatement(network, 'Offer', message as never, key)
  return { offer, peerId: peerOf(peerIdFromPrivateKey(libp2pKey(key))).peerId, addresses: [] }
}

/** A light peer with one peer beside it, which tells this, and how often the chain was asked of a model. */
function facing(told: readonly ToldOffer[], models: readonly Hex[] = [], asked?: (id: Hex) => Promise<void>) {
  let reads = 0
  const teller = peerOf(peerIdFromPrivateKey(libp2pKey(randomBytes(32))))
  const stream = {
    send: async () => undefined,
    end: async () => undefined,
    next: async () => ({ models }),
    async *receive() {
      for (let i = 0; i < told.length; i += 32) yield { offers: told.slice(i, i + 32) }
    }
  }
  const parts = {
    network,
    streams: { open: async () => stream },
    events: createEvents(logTo()),
    self: teller.address,
    now: () => BigInt(Math.floor(Date.now() / 1000)),
    clock: systemClock,
    log: logTo()
  } as unknown as Parameters<typeof createMarket>[0]
  const market = createMarket(parts, {
    peer: { connected: () => [teller], join: async () => undefined, learn: async () => undefined } as never,
    chain: {
      models: {
        async model(id: Hex) {
          reads++
          await asked?.(id)
        }
      }
    } as never,
    acquaintance: createAcquaintance(parts)
  })
  return { market, reads: () => reads }
}

/** @returns how often the chain is asked of a model when a peer tells these offers */
async function readsOf(told: readonly ToldOffer[]): Promise<number> {
  const { market, reads } = facing(told)
  assert.deepEqual(await allOf(market.look({}, new AbortController().signal)), [])
  return reads()
}

describe('what a peer’s word costs a light peer', () => {
  it('is a bounded number of questions to the chain, and none for what no worker has signed', async () => {
    const offers = Array.from({ length: 100 }, invented)
    assert.equal(await readsOf(offers), 64)
    const unsigned = offers.map(one => ({
      ...one,
      offer: { ...one.offer, message: { ...one.offer.message, outputPrice: 2n } }
    }))
    assert.equal(await readsOf(unsigned), 0)
  })

  it('is the same of models that it says stand over a base, of which none is taken but by the chain', async () => {
    const { market, reads } = facing(
      [],
      Array.from({ length: 200 }, () => toHex(randomBytes(32)))
    )
    assert.deepEqual(await market.over({}, new AbortController().signal), [])
    assert.equal(reads(), 64)
  })

  it('has the chain asked of all of them at once, and ends when whoever asks does', async () => {
    const ids = Array.from({ length: 64 }, () => toHex(randomBytes(32)))
    const stop = new AbortController()
    // A chain that answers nobody before all have been asked of, and then not either.
    let left = ids.length
    const silent = facing([], ids, () => new Promise(() => --left === 0 && stop.abort()))
    await assert.rejects(silent.market.over({}, stop.signal), { name: 'AbortError' })
    assert.equal(silent.reads(), 64)

    const bad = facing([], ids, async id => {
      if (id === ids[0]) throw new Error('busy')
    })
    assert.deepEqual(await bad.market.over({}, new AbortController().signal), [])
    assert.equal(bad.reads(), 64, 'that one cannot be read keeps no other')
  })
})

import assert from 'node:assert/strict'
import type { DatanetOnChain } from '../../../node/chain/types.ts'
import { createLookup } from '../../../node/data/exchange/lookup.ts'
import { createCache, manualClock } from '../../../node/runtime/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

const there: DatanetOnChain = {
  host: `0x${'11'.repeat(20)}`,
  rules: keccak('rules'),
  commitments: 0n,
  version: 0,
  validators: [],
  founders: [],
  roster: 1
}
/** A chain on which only one Datanet stands, and that counts its calls. */
function world(real: Hex) {
  const calls: Hex[] = []
  const clock = manualClock()
  const datanet = async (id: Hex) => {
    calls.push(id)
    return id === real ? there : undefined
  }
  return {
    calls,
    clock,
    lookup: createLookup({
      chain: { datanets: { datanet }, ledger: { datanet: async () => undefined } } as never,
      clock
    })
  }
}
const made = (from: number, count: number): Hex[] => Array.from({ length: count }, (_, i) => keccak(`${from + i}`))

describe('data: looking Datanets up on chain', () => {
  it('asks once for one Datanet, however many bring it, and believes "no" for a while', async () => {
    const { calls, clock, lookup } = world(keccak('real'))
    await Promise.all(['a', 'b', 'c'].map(peer => lookup.find(keccak('real'), peer)))
    assert.equal(calls.length, 1)
    for (const peer of ['a', 'b', 'c'])
      await assert.rejects(lookup.find(keccak('made up'), peer), { code: 'datanet.unknown', consequence: 'ignore' })
    assert.equal(calls.length, 2)
    await clock.advance(60_000)
    await assert.rejects(lookup.find(keccak('made up'), 'a'), { code: 'datanet.unknown' })
    assert.equal(calls.length, 3)
  })

  it('a stranger who makes Datanets up costs the RPC little and nobody else anything', async () => {
    const { calls, lookup } = world(keccak('real'))
    const codes = new Set<string>()
    for (const id of made(0, 2000))
      await lookup.find(id, 'stranger').catch((error: { code: string }) => codes.add(error.code))
    assert.deepEqual([...codes].sort(), ['datanet.lookups', 'datanet.unknown'])
    assert.ok(calls.length < 50, `${calls.length} calls`)
    assert.equal(await lookup.find(keccak('real'), 'friend'), there)
    await assert.rejects(lookup.find(keccak('own'), undefined), { code: 'datanet.unknown' })
  })

  it('a cache holds what it may and forgets what was not asked for the longest', () => {
    const cache = createCache<number, number>({ max: 3 })
    for (const key of [1, 2, 3]) cache.set(key, key)
    cache.get(1)
    cache.set(4, 4)
    assert.deepEqual([cache.get(1), cache.get(2), cache.get(3), cache.get(4), cache.size], [1, undefined, 3, 4, 3])
  })

  it('a cache holds no more than may weigh so much together, and what is newest', () => {
    const cache = createCache<number, number>({ max: 9, weight: { of: value => value, most: 10 } })
    for (const key of [1, 2, 3, 4]) cache.set(key, key)
    assert.deepEqual([cache.size, cache.get(1)], [4, 1])
    cache.set(5, 5)
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(key => cache.get(key)),
      [1, undefined, undefined, 4, 5]
    )
    cache.set(50, 50)
    assert.deepEqual([cache.size, cache.get(50)], [1, 50])
  })
})

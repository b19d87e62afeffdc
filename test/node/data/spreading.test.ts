import assert from 'node:assert/strict'
import fc from 'fast-check'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { announces } from '../../../node/data/storage/announcing.ts'
import { askedFirst } from '../../../node/data/validator/spreading.ts'

const accounts = (count: number): Address[] =>
  Array.from({ length: count }, (_, i) => keccak(`account ${i}`).slice(0, 42) as Address)

describe('data: of whom a shard is asked first', () => {
  it('its author serves a few, and they the others: nobody more than four, and everybody is served', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.string(), fc.boolean(), (count, cid, sits) => {
        const seats = accounts(count)
        const author = sits ? seats[0]! : (keccak('elsewhere').slice(0, 42) as Address)
        const from = new Map(
          seats.filter(seat => seat !== author).map(seat => [seat, askedFirst(cid, author, seats, seat)] as const)
        )
        const serves = new Map<Address, number>()
        for (const [seat, asked] of from) {
          assert.equal(asked.at(-1), author, 'who is not served by another asks the author')
          assert.ok(!asked.includes(seat))
          const [first] = asked
          serves.set(first!, (serves.get(first!) ?? 0) + 1)
          // Whoever asks whom in turn: it ends at the author.
          let at: Address | undefined = seat
          for (let steps = 0; at !== author; steps++) {
            assert.ok(steps <= 4, 'a way that is short')
            at = from.get(at!)?.[0]
          }
        }
        for (const served of serves.values()) assert.ok(served <= 4, `${served} ask one`)
      }),
      { numRuns: 25 }
    )
  })

  it('of two shards not the same ones serve, and who looks on asks somebody who sits', () => {
    const seats = accounts(21)
    const [author, onlooker] = accounts(23).slice(21) as [Address, Address]
    const above = (cid: string): string => seats.map(seat => askedFirst(cid, author, seats, seat)[0]).join()
    assert.notEqual(above('one'), above('another'))
    const asked = askedFirst('one', author, seats, onlooker)
    assert.ok(seats.includes(asked[0]!))
    assert.equal(asked[1], author)
    assert.deepEqual(askedFirst('one', author, [], onlooker), [author])
    assert.deepEqual(askedFirst('one', undefined, seats, seats[0]!), [])
    assert.deepEqual(askedFirst('one', author, seats, author), [])
  })
})

describe('data: who says in the DHT that it has a shard', () => {
  it('is everybody where few sit, seven of many, others for each shard, and whoever sits nowhere', () => {
    const who = (cid: string, count: number): Address[] =>
      accounts(count).filter(seat => announces(cid, accounts(count), seat))
    assert.equal(who('one', 7).length, 7)
    assert.equal(who('one', 21).length, 7)
    assert.notDeepEqual(who('one', 21), who('another', 21))
    assert.ok(announces('one', accounts(21), accounts(22)[21]!))
  })
})

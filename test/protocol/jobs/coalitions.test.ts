import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  coalitionCount,
  coalitionsOf,
  coalitionCost,
  divideSiblings,
  fewestCoalitions,
  lotPrice,
  maxPlayers,
  mostCoalitions,
  playersOf,
  rowCounts,
  rowsOf,
  RandomStream
} from '../../../protocol/jobs/index.ts'
import { keccak, toHex } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex)
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(toHex)
const bits = (mask: bigint): number => mask.toString(2).replaceAll('0', '').length

describe('the random stream of a job', () => {
  it('is uniform: every value below a bound comes about equally often', () => {
    const stream = new RandomStream(`0x${'11'.repeat(32)}`)
    const counts = Array.from({ length: 7 }, () => 0)
    for (let i = 0; i < 7000; i++) counts[Number(stream.below(7n))]!++
    assert.ok(
      counts.every(count => count > 850 && count < 1150),
      counts.join()
    )
  })

  it('depends on nothing but the seed, and on all of it', () => {
    fc.assert(
      fc.property(hash, fc.bigInt({ min: 1n, max: 1n << 300n }), (seed, bound) => {
        const drawn = new RandomStream(seed).below(bound)
        assert.equal(new RandomStream(seed).below(bound), drawn)
        assert.ok(drawn >= 0n && drawn < bound)
      })
    )
    assert.notEqual(
      new RandomStream(`0x${'00'.repeat(32)}`).below(1n << 256n),
      new RandomStream(`0x${'00'.repeat(31)}01`).below(1n << 256n)
    )
  })
})

describe('coalitions', () => {
  it('are all of them, in the order of their masks, for up to six players, whatever was asked', () => {
    for (const players of [1, 2, 3, 4, 5, 6])
      for (const count of [2, 18, 64])
        assert.deepEqual(
          coalitionsOf(`0x${'ab'.repeat(32)}`, players, count),
          Array.from({ length: 2 ** players }, (_, i) => BigInt(i))
        )
  })

  it('beyond that are the empty one, halves with their complements without repetition, and the full one', () => {
    fc.assert(
      fc.property(hash, fc.integer({ min: 7, max: 300 }), fc.integer({ min: 2, max: 64 }), (seed, players, count) => {
        const coalitions = coalitionsOf(seed, players, count)
        const full = (1n << BigInt(players)) - 1n
        assert.equal(coalitions.length, coalitionCount(players, count))
        assert.ok(coalitions.length >= fewestCoalitions && coalitions.length <= mostCoalitions)
        assert.equal(coalitions[0], 0n)
        assert.equal(coalitions.at(-1), full)
        assert.equal(new Set(coalitions).size, coalitions.length)
        for (let i = 1; i < coalitions.length - 1; i += 2) {
          assert.equal(coalitions[i]! ^ coalitions[i + 1]!, full)
          assert.equal(bits(coalitions[i]!), Math.floor(players / 2))
        }
        assert.deepEqual(coalitionsOf(seed, players, count), coalitions)
      })
    )
  })

  it('have every player in about half of them, and every two together in about a quarter', () => {
    const players = 12
    const drawn = Array.from({ length: 100 }, (_, i) =>
      coalitionsOf(keccak(`seed ${i}`), players, 34).slice(1, -1)
    ).flat()
    const share = (mask: bigint): number => drawn.filter(half => (half & mask) === mask).length / drawn.length
    for (let i = 0; i < players; i++) {
      assert.equal(share(1n << BigInt(i)), 0.5)
      // Of halves of twelve: 5/22.
      for (let j = 0; j < i; j++) assert.ok(Math.abs(share((1n << BigInt(i)) | (1n << BigInt(j))) - 5 / 22) < 0.05)
    }
  })

  it('with the names permuted permutes nothing but the names', () => {
    fc.assert(
      fc.property(
        hash,
        fc.uniqueArray(address, { minLength: 6, maxLength: 12 }),
        fc.array(fc.nat(5), { minLength: 8, maxLength: 60 }),
        (job, names, who) => {
          const others = [...names.slice(6), ...names.slice(0, 6)].slice(0, 6)
          const first = names.slice(0, 6)
          const owners = [...Array.from({ length: 6 }, (_, i) => i), ...who]
          const [left, right] = [first, others].map(set => owners.map(i => set[i]!)) as [Address[], Address[]]
          const [playersLeft, playersRight] = [playersOf(left), playersOf(right)]
          assert.deepEqual(
            playersLeft.map(player => first.indexOf(player)),
            playersRight.map(player => others.indexOf(player))
          )
          assert.deepEqual(rowCounts(playersLeft, left), rowCounts(playersRight, right))
          for (const coalition of coalitionsOf(job, playersLeft.length, 14))
            assert.deepEqual(rowsOf(coalition, playersLeft, left), rowsOf(coalition, playersRight, right))
        }
      )
    )
  })

  it('names players in the order of their first authorship, and refuses a version without rows', () => {
    const [a, b, c]: [Address, Address, Address] = [
      `0x${'33'.repeat(20)}`,
      `0x${'11'.repeat(20)}`,
      `0x${'22'.repeat(20)}`
    ]
    assert.deepEqual(playersOf([a, b, a, c, b]), [a, b, c])
    assert.deepEqual(rowsOf(0b101n, [a, b, c], [a, b, a, c, b]), [0, 2, 3])
    assert.throws(() => playersOf([]), { code: 'players.none' })
    assert.throws(
      () => playersOf(Array.from({ length: maxPlayers + 1 }, (_, i): Hex => `0x${i.toString(16).padStart(40, '0')}`)),
      { code: 'players.many' }
    )
  })
})

describe('the division of siblings', () => {
  const rows = [40, 10, 25, 5, 20]
  const coalitions = coalitionsOf(`0x${'77'.repeat(32)}`, 5, 16)
  const bidders = fc.array(
    fc.record({ worker: address, seconds: fc.integer({ min: 1, max: 500 }), load: fc.nat(200) }),
    { minLength: 1, maxLength: 6 }
  )

  it('gives every sibling to exactly one bidder, and neither the empty nor the full coalition to any', () => {
    fc.assert(
      fc.property(bidders, some => {
        const lots = divideSiblings(coalitions, rows, some)
        assert.deepEqual(
          lots.flat().sort((a, b) => a - b),
          coalitions.map((_, i) => i).slice(1, -1)
        )
        assert.ok(lots.every(lot => lot.every((index, i) => i === 0 || index > lot[i - 1]!)))
      })
    )
  })

  it('lets all be done at about the same time: nobody could hand its last sibling on and be sooner', () => {
    fc.assert(
      fc.property(bidders, some => {
        const lots = divideSiblings(coalitions, rows, some)
        const finish = lots.map(
          (lot, i) =>
            (some[i]!.load + lot.reduce((sum, index) => sum + coalitionCost(coalitions[index]!, rows), 0)) *
            some[i]!.seconds
        )
        for (const [i, lot] of lots.entries()) {
          if (lot.length === 0) continue
          const smallest = Math.min(...lot.map(index => coalitionCost(coalitions[index]!, rows)))
          for (const [j, other] of some.entries())
            if (j !== i) assert.ok(finish[j]! + smallest * other.seconds >= finish[i]!, finish.join())
        }
      })
    )
  })

  it('gives a bidder twice as fast about twice the rows', () => {
    const many = coalitionsOf(`0x${'78'.repeat(32)}`, 10, 34)
    const even = Array.from({ length: 10 }, () => 10)
    const [fast, slow] = divideSiblings(many, even, [
      { worker: '0x01', seconds: 50, load: 0 },
      { worker: '0x02', seconds: 100, load: 0 }
    ]).map(lot => lot.reduce((sum, index) => sum + coalitionCost(many[index]!, even), 0))
    assert.ok(Math.abs(fast! / slow! - 2) < 0.25, `${fast} to ${slow}`)
  })

  it('prices a lot by its rows, rounded up, and all siblings together no less than their parts', () => {
    const bid = { price: 1000n, siblingPrice: 1000n }
    assert.equal(lotPrice(bid, { kind: 'adapter' }, coalitions, rows), 1000n)
    assert.equal(lotPrice(bid, { kind: 'siblings', coalitions: [1] }, [0n, 0b1n, 0b11111n], rows), 400n)
    assert.equal(
      lotPrice({ price: 0n, siblingPrice: 1n }, { kind: 'siblings', coalitions: [1] }, [0n, 0b1n, 0b11111n], rows),
      1n
    )
  })
})

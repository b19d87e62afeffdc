import assert from 'node:assert/strict'
import fc from 'fast-check'
import { feeParts, mostUpstream, upstreamParts } from '../../../protocol/contracts/index.ts'
import type { Upstream } from '../../../protocol/contracts/index.ts'
import { keccak, splitSum, wholeFee, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Split } from '../../../protocol/primitives/index.ts'

const amount = fc.bigInt({ min: 0n, max: 1n << 96n })
/** Any whole split. */
const split = fc
  .array(fc.nat(wholeFee), { minLength: 3, maxLength: 3 })
  .map(cuts => cuts.toSorted((a, b) => a - b))
  .map(([a = 0, b = 0, c = 0]): Split => ({ worker: a, builder: b - a, data: c - b, upstream: wholeFee - c }))
const who = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`
/** Models above one, as they can stand on chain: the last has none above it, and passes nothing on. */
const line = fc.array(split, { maxLength: 8 }).map(splits =>
  splits.map(({ builder, upstream = 0, ...rest }, n): Upstream => {
    const passed = n === splits.length - 1 ? 0 : upstream
    const own = { ...rest, builder: builder + upstream - passed, upstream: passed }
    return { model: keccak(`${n}`), builder: who(n), datanet: zeroHash, split: own }
  })
)
const sum = (parts: readonly bigint[]): bigint => parts.reduce((a, b) => a + b, 0n)
const got = (parts: ReturnType<typeof upstreamParts>): bigint =>
  sum(parts.flatMap(({ toBuilder, toData }) => [toBuilder, toData]))

describe('what a fee is divided into', () => {
  it('is all of it, with and without a Datanet, and nobody has more than a share says', () => {
    fc.assert(
      fc.property(amount, split, fc.boolean(), (fee, shares, onData) => {
        assert.equal(splitSum(shares), wholeFee)
        const own = onData ? shares : { ...shares, data: 0, builder: shares.builder + shares.data }
        const parts = feeParts(fee, own, onData)
        assert.equal(parts.worker + parts.builder + parts.data + parts.upstream, fee)
        for (const part of Object.values(parts)) assert.ok(part >= 0n)
        assert.equal(parts.upstream, (fee * BigInt(own.upstream ?? 0)) / 10_000n)
        assert.ok(parts.data * 10_000n >= fee * BigInt(own.data), 'no share is taken from the data')
      })
    )
  })

  it('goes up whole, to at most so many models, and never to anybody twice', () => {
    fc.assert(
      fc.property(amount, line, (coming, models) => {
        const parts = upstreamParts(coming, models)
        assert.equal(got(parts), models.length === 0 ? 0n : coming)
        assert.ok(parts.length <= mostUpstream)
        assert.deepEqual(
          parts.map(({ model }) => model),
          models.slice(0, parts.length).map(({ model }) => model)
        )
        for (const { toBuilder, toData } of parts) assert.ok(toBuilder >= 0n && toData >= 0n)
      })
    )
  })

  it('gives a line of models of one’s own no more than one of them gives, and takes nothing from anybody else', () => {
    fc.assert(
      fc.property(amount, split, line, (fee, shares, models) => {
        const direct = feeParts(fee, shares, true)
        const up = upstreamParts(direct.upstream, models)
        assert.ok(got(up) <= direct.upstream)
        // Whoever stands above, and however many: worker, builder and data have what the registration gives them.
        assert.deepEqual(feeParts(fee, shares, true), direct)
        assert.equal(direct.worker + direct.builder + direct.data, fee - direct.upstream)
      })
    )
  })

  it('has the shares of a model’s own fees but for its workers’', () => {
    const above = (shares: Split): Upstream => ({ model: zeroHash, builder: who(1), datanet: zeroHash, split: shares })
    const parts = upstreamParts(1000n, [
      above({ worker: 5000, builder: 1000, data: 3000, upstream: 1000 }),
      above({ worker: 8000, builder: 2000, data: 0 })
    ])
    assert.deepEqual(
      parts.map(({ toBuilder, toData }) => [toBuilder, toData]),
      [
        [200n, 600n],
        [200n, 0n]
      ]
    )
    // Whoever gives all to workers has what comes from below: there is no worker that it could go to.
    assert.equal(upstreamParts(7n, [above({ worker: 10_000, builder: 0, data: 0 })])[0]?.toBuilder, 7n)
  })
})

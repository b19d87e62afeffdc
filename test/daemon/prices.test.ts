import assert from 'node:assert/strict'
import fc from 'fast-check'
import { priceOf } from '../../daemon/cli/price.ts'
import { splitOf, splitAsFlag } from '../../daemon/cli/split.ts'
import { splitSum, tokensIn, wholeFee, withDataShare } from '../../protocol/primitives/index.ts'

describe('what is typed of money', () => {
  it('prices: a whole number is of the smallest unit for one token, a decimal says for how many', () => {
    for (const [text, smallest] of [
      ['400000000000000', '400000000000000'],
      ['0', '0'],
      ['0.4/1000', '400000000000000'],
      ['400/1000000', '400000000000000'],
      ['0.0004/1', '400000000000000'],
      ['0/1000', '0']
    ] as const)
      assert.equal(priceOf(text, '--output-price'), smallest, text)
    for (const text of ['0.4', '.4/1000', '0.4/100', '0.4/', '/1000', '1/1000/1000', '-1', '1e3', '00.4/1000', ''])
      assert.throws(() => priceOf(text, '--output-price'), {
        code: 'flag.number',
        message: /--output-price must be a price such as 0\.4\/1000/
      })
    assert.throws(() => priceOf('0.0000000000000001/1000', '--input-price'), /finer than the smallest unit/)
  })

  it('prices: what is said for a thousand comes back from tables as it was said', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 24n), smallest => {
        const thousand = smallest * 1000n
        const text = `${thousand / 10n ** 18n}.${(thousand % 10n ** 18n).toString().padStart(18, '0')}`
        assert.equal(priceOf(`${text}/1000`, '--input-price'), smallest.toString())
      })
    )
  })

  it('amounts: one that begins with a zero too many may have been meant otherwise', () => {
    for (const text of ['01', '00', '007.5', '00.1']) assert.equal(tokensIn(text), undefined, text)
    assert.deepEqual(
      ['0', '0.1', '1', '10.5'].map(text => tokensIn(text)),
      [0n, 10n ** 17n, 10n ** 18n, 105n * 10n ** 17n]
    )
  })

  it('splits: the one that is advised gives the data what is asked, and is whole', () => {
    const points = fc.integer({ min: 0, max: wholeFee })
    fc.assert(
      fc.property(points, points, points, fc.boolean(), (a, b, asked, isGrown) => {
        const [worker, data] = [Math.min(a, wholeFee - 1), 0]
        const builder = Math.min(b, wholeFee - worker)
        const rest = wholeFee - worker - builder
        const split = isGrown ? { worker, builder, data, upstream: rest } : { worker, builder: wholeFee - worker, data }
        const better = withDataShare(split, asked)
        assert.equal(splitSum(better), wholeFee)
        assert.equal(better.data, asked)
        assert.ok(Object.values(better).every(part => part >= 0))
        assert.ok(better.worker <= split.worker)
        assert.equal(better.upstream === undefined, !isGrown)
        assert.deepEqual(splitOf(splitAsFlag(better)), better)
      })
    )
    assert.equal(splitAsFlag(withDataShare({ worker: 3000, builder: 7000, data: 0 }, 1000)), '2700,6300,1000')
  })
})

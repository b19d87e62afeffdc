import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  agoText,
  amountText,
  bytesText,
  durationText,
  numberText,
  plainAmount,
  shareText,
  shortId,
  weightText
} from '../../web-console/formats/index.ts'

const unit = 10n ** 18n

describe('formats', () => {
  it('shows amounts with their unit and no digit that says nothing', () => {
    assert.equal(amountText(0n), '0 TILTH')
    assert.equal(amountText(12_410_000_000_000_000_000n), '12.41 TILTH')
    assert.equal(amountText(214_000_000_000_000n), '0.000214 TILTH')
    assert.equal(amountText(1n), '0.000000000000000001 TILTH')
    assert.equal(amountText(-unit / 2n), '-0.5 TILTH')
  })

  it('never shows more than there is, nor a tenth of a percent less', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), amount => {
        const [whole = '', fraction = ''] = plainAmount(amount).replaceAll('\u202f', '').split('.')
        const shown = BigInt(whole) * unit + BigInt(fraction.padEnd(18, '0'))
        assert.ok(shown <= amount && amount - shown <= amount / 1000n)
      })
    )
  })

  it('says shares, sizes, times and ids as people do', () => {
    assert.deepEqual([0, 0.0004, 0.004, 0.706, 1].map(shareText), ['0 %', 'less than 0.1 %', '0.4 %', '71 %', '100 %'])
    assert.deepEqual([0, 999, 12_400_000].map(bytesText), ['0 B', '999 B', '12.4 MB'])
    assert.deepEqual([0, 0.04, 0.42, 12, 150, 7_500, 400_000].map(durationText), [
      '0 s',
      '40 ms',
      '0.4 s',
      '12 s',
      '3 min',
      '2 h 5 min',
      '5 days'
    ])
    assert.deepEqual([numberText(-0.0052), weightText(-5_200n)], ['\u22120.0052', '\u22120.005'])
    assert.equal(agoText(60_000, 240_000), '3 min ago')
    assert.equal(agoText(7_440_000, 240_000), 'in 2 h')
    assert.equal(shortId(`0x${'ab'.repeat(32)}`), '0xabab…abab')
    assert.equal(shortId('elements'), 'elements')
  })
})

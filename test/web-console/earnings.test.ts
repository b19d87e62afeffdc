import assert from 'node:assert/strict'
import type { TimedPayment } from '../../daemon/api/contract/earnings.ts'
import { paymentsCsv } from '../../web-console/payouts/csv.ts'
import { risingLines } from '../../web-console/payouts/over-time.ts'

const payment: TimedPayment = {
  kind: 'serving',
  amount: '1500000000000000001',
  scoring: '0',
  of: `0x${'ab'.repeat(32)}`,
  block: '7',
  transaction: `0x${'cd'.repeat(32)}`,
  at: 1_700_000_000_000,
  name: 'birds'
}

describe('payments as a file', () => {
  it('are exact, in UTC, one a line', () => {
    const [head, line] = paymentsCsv([payment]).split('\r\n')
    assert.equal(head, '"time","work","TILTH","for","id","block","transaction"')
    assert.match(line ?? '', /^"2023-11-14T22:13:20.000Z","Serving","1.500000000000000001","birds",/)
  })

  it('run no formula and break no line, whatever something is called', () => {
    const text = paymentsCsv([
      { ...payment, name: '=HYPERLINK("http://x")' },
      { ...payment, name: 'a"b,c', at: null }
    ])
    assert.match(text, /"'=HYPERLINK\(""http:\/\/x""\)"/)
    assert.match(text, /^"","Serving","1.500000000000000001","a""b,c"/m)
  })
})

describe('what had come in by a time', () => {
  const minute = 60_000
  const points = [
    { at: 10 * minute, kind: 'data' as const, amount: String(10n ** 18n) },
    { at: 12 * minute, kind: 'data' as const, amount: String(10n ** 18n) }
  ]

  it('only rises, step by step, up to now', () => {
    const { xs, lines } = risingLines({ step: 'minute', points, before: String(10n ** 18n) }, 13.5 * minute)
    assert.deepEqual(xs, [540, 600, 660, 720, 780])
    assert.deepEqual(lines, [{ name: 'Data', colour: 'data', values: [1, 2, 2, 3, 3] }])
  })

  it('has a line for each kind of work, none where nothing came', () => {
    const serving = { at: 11 * minute, kind: 'serving' as const, amount: '5' }
    assert.deepEqual(
      risingLines({ step: 'minute', points: [...points, serving], before: '0' }, 0).lines.map(({ name }) => name),
      ['Data', 'Serving']
    )
    assert.deepEqual(risingLines({ step: 'day', points: [], before: '0' }, 0).lines, [])
  })

  it('draws no more points than a screen has, over however many years', () => {
    const far = { at: 40_000 * minute, kind: 'data' as const, amount: '1' }
    const { xs } = risingLines({ step: 'minute', points: [...points, far], before: '0' }, 0)
    assert.ok(xs.length <= 6)
    assert.ok(xs.every((x, i) => i === 0 || x >= (xs[i - 1] ?? 0)))
  })
})

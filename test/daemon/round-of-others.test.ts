import assert from 'node:assert/strict'
import { checkSums, weighedReceipts } from '../../daemon/local/loop/stages/payouts.ts'
import type { ReceiptView } from '../../daemon/api/contract/index.ts'

const model = { id: `0x${'aa'.repeat(32)}` }
const weighed = [{ agrees: true }] as ReceiptView['scorings']

/** A round's receipts, of which some were weighed, as a daemon tells of them. */
const round = (scorings: readonly ReceiptView['scorings'][]) => {
  const all = scorings.map((found, i) => ({ id: `0x0${i}`, model: model.id, outputTokens: 2, scorings: found }))
  const call = (async (_: 'receipt', { params: { id } }: { params: { id: string } }) =>
    all.find(one => one.id === id)) as unknown as Parameters<typeof weighedReceipts>[0]['call']
  return { api: { call }, done: { receipts: all, model } }
}

describe('a round in which others ask, too', () => {
  it('goes on where chance has drawn their answers and not all of the round’s', async () => {
    const { api, done } = round([weighed, [], weighed])
    assert.equal((await weighedReceipts(api, done, 40)).length, 3)
    await assert.rejects(weighedReceipts(api, done, 3), { code: 'loop.scoring' }, 'of few all are drawn')
  })

  it('ends where scorers differ, however many there are', async () => {
    const { api, done } = round([weighed, [{ agrees: false }] as ReceiptView['scorings']])
    await assert.rejects(weighedReceipts(api, done, 40), { code: 'loop.scoring' })
  })

  it('adds up by itself, or with what they paid on top', () => {
    checkSums({ feesPaid: 10n, onChain: 10n, feesPaidOut: 7n, held: 3n })
    checkSums({ feesPaid: 10n, onChain: 14n, feesPaidOut: 9n, held: 5n })
    for (const wrong of [
      { feesPaid: 10n, onChain: 10n, feesPaidOut: 7n, held: 2n },
      { feesPaid: 10n, onChain: 9n, feesPaidOut: 6n, held: 3n },
      { feesPaid: 10n, onChain: 14n, feesPaidOut: 9n, held: 6n }
    ])
      assert.throws(
        () => {
          checkSums(wrong)
        },
        { code: 'loop.accounting' }
      )
  })
})

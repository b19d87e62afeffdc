import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  creditOf,
  dueAtStart,
  feeOf,
  leastCreditTokens,
  maySend,
  mostInputTokens,
  voucherDue
} from '../../../protocol/models/index.ts'

// Worker and client by their rules alone, with the wire between them as late as it likes.
const setting = fc.record({
  inputPrice: fc.bigInt({ min: 0n, max: 1000n }),
  outputPrice: fc.bigInt({ min: 1n, max: 1000n }),
  creditTokens: fc.integer({ min: leastCreditTokens, max: 64 }),
  answers: fc.array(fc.record({ input: fc.integer({ min: 0, max: 300 }), output: fc.integer({ min: 0, max: 120 }) }), {
    minLength: 1,
    maxLength: 4
  }),
  turns: fc.array(fc.boolean(), { minLength: 10, maxLength: 400 })
})

describe('the credit between client and worker', () => {
  it('is never overdrawn on either side, and never stops an answer', () => {
    fc.assert(
      fc.property(setting, ({ answers, turns, creditTokens, ...prices }) => {
        const credit = creditOf(prices, creditTokens)
        let paid = 0n
        let promised = 0n
        let earned = 0n
        let arrived = 0n
        const inFlight: bigint[] = []
        const vouchers: bigint[] = []
        let at = 0
        for (const { input, output } of answers) {
          const prompt = feeOf(prices, input, 0)
          // What a prompt costs beyond half the credit is paid before it is worked on: the only sum that is ever ahead.
          arrived += prompt
          promised += dueAtStart(arrived - promised, credit)
          vouchers.push(promised)
          const ahead = promised
          paid = promised
          earned += prompt
          assert.ok(earned - paid <= credit)
          let sent = 0
          for (let idle = 0; sent < output; at++) {
            const step = turns[at % turns.length] === true
            let moved = false
            if (step && maySend(earned, prices.outputPrice, paid, credit)) {
              earned += prices.outputPrice
              sent++
              inFlight.push(prices.outputPrice)
              moved = true
            } else if (!step || inFlight.length > 0) {
              const token = inFlight.shift()
              if (token !== undefined) {
                moved = true
                arrived += token
                if (voucherDue(arrived, promised, credit)) {
                  promised = arrived
                  vouchers.push(promised)
                }
              } else if (vouchers.length > 0) {
                const voucher = vouchers.shift()
                moved = true
                if (voucher !== undefined && voucher > paid) paid = voucher
              }
            }
            assert.ok(earned - paid <= credit, 'the worker serves no more unpaid than the credit')
            assert.ok(promised <= arrived || promised === ahead, 'the client promises no more than has come')
            idle = moved ? 0 : idle + 1
            if (idle > turns.length) {
              // the wire has rested: everything under way arrives
              while (inFlight.length > 0) {
                arrived += inFlight.shift() ?? 0n
                if (voucherDue(arrived, promised, credit)) {
                  promised = arrived
                  vouchers.push(promised)
                }
              }
              while (vouchers.length > 0) {
                const voucher = vouchers.shift() ?? 0n
                if (voucher > paid) paid = voucher
              }
              assert.ok(
                maySend(earned, prices.outputPrice, paid, credit),
                'when all has arrived there is room for a token: neither waits for the other for ever'
              )
              earned += prices.outputPrice
              sent++
              inFlight.push(prices.outputPrice)
              idle = 0
            }
          }
          while (inFlight.length > 0) arrived += inFlight.shift() ?? 0n
          // The receipt: everything is paid.
          promised = arrived
          paid = promised
          vouchers.length = 0
          assert.equal(paid, earned)
        }
      }),
      { numRuns: 300 }
    )
  })

  it('a prompt has no more tokens than its bound, whatever it says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ content: fc.string({ unit: 'binary', maxLength: 50 }) }), { minLength: 1, maxLength: 5 }),
        fc.nat({ max: 100 }),
        (messages, resumed) => {
          assert.ok(
            mostInputTokens(messages, resumed) >=
              messages.reduce((sum, { content }) => sum + new TextEncoder().encode(content).length, 0) + resumed
          )
        }
      )
    )
  })
})

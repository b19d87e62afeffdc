import assert from 'node:assert/strict'
import { createChainTime, createLedgerTime } from '../../../node/chain/index.ts'
import { manualClock } from '../../../node/runtime/index.ts'

describe('the chain’s time, as a node knows it without asking', () => {
  it('is that of the last block that was read, and what has passed since', async () => {
    const clock = manualClock(1_000_000)
    let head: { block: bigint; timestamp: bigint } | undefined
    const now = createLedgerTime({ chain: { ledger: { head: () => head } }, clock })
    assert.equal(now(), 1_000n)
    head = { block: 1n, timestamp: 1_500n }
    assert.equal(now(), 1_500n)
    // No block comes: it goes on.
    await clock.advance(30_000)
    assert.equal(now(), 1_530n)
    head = { block: 2n, timestamp: 1_560n }
    assert.equal(now(), 1_560n)
    await clock.advance(900_000)
    assert.equal(now(), 2_460n)
  })

  it('is its own clock’s while the chain is behind', async () => {
    const clock = manualClock(1_000_000)
    const now = createLedgerTime({ chain: { ledger: { head: () => ({ block: 1n, timestamp: 5n }) } }, clock })
    await clock.advance(2_000)
    assert.equal(now(), 1_002n)
  })

  it('is the chain’s alone for who must not be kept from speaking by a clock that is ahead', async () => {
    const clock = manualClock(1_000_000)
    const now = createChainTime({ chain: { ledger: { head: () => ({ block: 1n, timestamp: 5n }) } }, clock })
    assert.equal(now(), 5n)
    await clock.advance(2_000)
    assert.equal(now(), 7n)
  })
})

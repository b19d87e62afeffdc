import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  claimedUp,
  closedWith,
  closing,
  covered,
  deposited,
  disputed,
  noReceipts,
  openChannel,
  paidUp,
  receipted,
  relied
} from '../../../protocol/models/index.ts'
import type { ChainHead, ChannelState } from '../../../protocol/models/index.ts'
import { facts, network, receiptOf } from './world.ts'

const open = openChannel(1000n)
const states: Record<ChannelState['state'], ChannelState> = {
  open,
  closing: closing(open, 9n),
  disputed: disputed(open, 'receipt.fee'),
  closed: closedWith(open, 1000n)
}
const transitions: Record<
  string,
  { run: (channel: ChannelState) => ChannelState; from: Partial<Record<ChannelState['state'], ChannelState['state']>> }
> = {
  deposited: { run: channel => deposited(channel, 2000n), from: { open: 'open' } },
  paidUp: { run: channel => paidUp(channel, 500n), from: { open: 'open', closing: 'closing' } },
  receipted: {
    run: channel => receipted({ ...channel, paid: 900n }, network, receiptOf(facts())),
    from: { open: 'open', closing: 'closing' }
  },
  claimedUp: {
    run: channel => claimedUp(channel, 5n),
    from: { open: 'open', closing: 'closing', disputed: 'disputed', closed: 'closed' }
  },
  closing: {
    run: channel => closing(channel, 9n),
    from: { open: 'closing', closing: 'closing', disputed: 'closing' }
  },
  disputed: { run: channel => disputed(channel, 'x'), from: { open: 'disputed', closing: 'disputed' } },
  closedWith: {
    run: channel => closedWith(channel, 1n),
    from: { open: 'closed', closing: 'closed', disputed: 'closed', closed: 'closed' }
  }
}

describe('a channel', () => {
  for (const [name, { run, from }] of Object.entries(transitions)) {
    for (const [state, channel] of Object.entries(states)) {
      const to = from[state as ChannelState['state']]
      it(`${state}: ${name} ${to === undefined ? 'is refused' : `→ ${to}`}`, () => {
        if (to === undefined) assert.throws(() => run(channel), { code: 'channel.state' })
        else assert.equal(run(channel).state, to)
      })
    }
  }

  it('ends as the chain says last, which may have taken back what it said before', () => {
    const twice = closing(states.closing, 12n)
    assert.deepEqual(twice, { ...states.closing, closesAt: 12n })
    assert.equal(closing(twice, 12n), twice)
    const less = closedWith(claimedUp(states.closed, 30n), 970n)
    assert.deepEqual(less, { ...states.closed, claimed: 30n, refunded: 970n })
    assert.equal(closedWith(less, 970n), less)
  })

  it('is relied on as far as its deposit goes, which may shrink; claims and ends go back by reorganisation', () => {
    const money = fc.record({
      deposit: fc.bigInt(0n, 1000n),
      claimed: fc.bigInt(0n, 1000n),
      closesAt: fc.constantFrom(0n, 9n),
      closed: fc.boolean()
    })
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(states)), money, (before, onChain) => {
        const after = relied(before, onChain)
        assert.equal(relied(after, onChain), after)
        if (before.state === 'closed') return assert.equal(after, before)
        assert.equal(after.deposit, onChain.deposit)
        assert.ok(after.claimed >= before.claimed && after.claimed >= onChain.claimed)
        const ends = onChain.closed || onChain.closesAt !== 0n
        assert.equal(after.state, before.state === 'open' && ends ? 'closing' : before.state)
        assert.ok(covered({ ...after, paid: 500n }) <= onChain.deposit)
      })
    )
  })

  it('pays no more than its deposit, never less than before, and keeps receipts within what is paid', () => {
    assert.throws(() => paidUp(open, 1001n), { code: 'voucher.deposit' })
    assert.throws(() => paidUp(paidUp(open, 10n), 9n), { code: 'voucher.shrinks' })
    assert.throws(() => receipted(open, network, receiptOf(facts())), { code: 'voucher.short' })
    const paid = paidUp(open, 1000n)
    assert.throws(() => receipted(paid, network, { ...receiptOf(facts()), sequence: 2n }), { code: 'receipt.chain' })
    fc.assert(
      fc.property(
        fc.array(fc.record({ tokens: fc.integer({ min: 0, max: 9 }), pay: fc.bigInt({ min: 0n, max: 600n }) }), {
          maxLength: 12
        }),
        steps => {
          let channel = openChannel(2000n)
          let head: ChainHead = noReceipts
          for (const { tokens, pay } of steps) {
            const next = channel.paid + pay
            if (next <= 2000n) channel = paidUp(channel, next)
            const message = receiptOf(facts({ answer: Array.from({ length: tokens }, (_, i) => i) }), head)
            const due = channel.settled + message.fee
            if (due > channel.paid) {
              assert.throws(() => receipted(channel, network, message), { code: 'voucher.short' })
              continue
            }
            channel = receipted(channel, network, message)
            head = channel
            assert.ok(channel.settled === due && channel.settled <= channel.paid && channel.paid <= channel.deposit)
          }
        }
      ),
      { numRuns: 50 }
    )
  })
})

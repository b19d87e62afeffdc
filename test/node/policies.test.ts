import assert from 'node:assert/strict'
import fc from 'fast-check'
import { anchorAt } from '../../node/data/host/index.ts'
import { freeName, noRoom, redeemAt, worthServing } from '../../node/models/automation/index.ts'
import type { ServePolicy } from '../../node/models/index.ts'
import { finalizeFrom, settleAt, worthClaiming } from '../../node/payouts/automation/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'

// What the policies decide, as rules that hold for whatever they are asked.

const amount = fc.bigInt({ min: 0n, max: 10n ** 24n })
const time = fc.bigInt({ min: 0n, max: 10n ** 10n })

describe('policies of what a node does by itself', () => {
  it('anchor: never before enough was accepted or the time is over, always after either', () => {
    fc.assert(
      fc.property(
        fc.record({ contributions: fc.integer({ min: 1, max: 100 }), seconds: fc.nat(10_000) }),
        fc.record({ contributions: fc.integer({ min: 1, max: 200 }), since: fc.nat(1e9) }),
        fc.nat(2e9),
        (policy, waiting, now) => {
          const enough = waiting.contributions >= policy.contributions
          const late = now >= waiting.since + policy.seconds * 1000
          const at = anchorAt(policy, waiting, now)
          assert.equal(at === 'now', enough || late)
          if (at !== 'now') assert.equal(anchorAt(policy, waiting, at), 'now')
        }
      )
    )
  })

  it('register: a name that nobody has, of the length that others take', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 100 }), fc.nat(30), (wanted, many) => {
        const taken = new Set<string>()
        for (let i = 0; i <= many; i++) {
          const name = freeName(wanted, one => taken.has(one))
          assert.ok(name.length >= 1 && name.length <= 80)
          assert.ok(!taken.has(name))
          taken.add(name)
        }
      })
    )
  })

  it('serve: own models first, then by pay; strangers only where they pay and the owner wants them', () => {
    const candidate = fc.record({
      id: fc.nat().map((n): Hex => `0x${n.toString(16).padStart(64, '0')}`),
      name: fc.string(),
      trained: fc.boolean(),
      pays: amount
    })
    fc.assert(
      fc.property(fc.array(candidate), fc.constantFrom('trained', 'auto'), amount, (candidates, which, pays) => {
        const policy: ServePolicy = { which, models: 8, disk: 1, memory: 1, pays }
        const chosen = worthServing(policy, candidates)
        for (const one of chosen) assert.ok(one.trained || (which === 'auto' && one.pays >= pays))
        assert.equal(
          chosen.length,
          candidates.filter(one => one.trained || (which === 'auto' && one.pays >= pays)).length
        )
        for (const [i, one] of chosen.entries()) {
          const next = chosen[i + 1]
          if (next !== undefined) assert.ok(one.trained >= next.trained)
          if (next !== undefined && one.trained === next.trained) assert.ok(one.pays >= next.pays)
        }
      })
    )
  })

  it('serve: what is served in all stays within every limit', () => {
    const room = fc.record({ disk: fc.nat(1_000), memory: fc.nat(1_000) })
    fc.assert(
      fc.property(fc.array(room), room, fc.integer({ min: 1, max: 20 }), (models, limits, most) => {
        const policy: ServePolicy = { which: 'auto', models: most, pays: 0n, ...limits }
        const served = { disk: 0, memory: 0, models: 0 }
        for (const needs of models) {
          const why = noRoom(policy, served, needs)
          if (why !== undefined) continue
          served.disk += needs.disk
          served.memory += needs.memory
          served.models++
        }
        assert.ok(served.disk <= limits.disk && served.memory <= limits.memory && served.models <= most)
      })
    )
  })

  it('redeem: above the sum, when the client closes, and always before the channel ends', () => {
    fc.assert(
      fc.property(amount, amount, time, time, fc.boolean(), (due, least, expiry, now, closing) => {
        const at = redeemAt({ redeemAt: least }, 600n, { due, expiry, closing }, now)
        assert.equal(at === 'now', due >= least || closing || now >= expiry - 600n)
        if (at !== 'now') {
          assert.ok(at < expiry)
          assert.equal(redeemAt({ redeemAt: least }, 600n, { due, expiry, closing }, at), 'now')
        }
      })
    )
  })

  it('settle: by the schedule, and for nothing that is not worth it', () => {
    fc.assert(
      fc.property(
        fc.record({ seconds: fc.nat(100_000), fees: amount }),
        fc.record({
          last: fc.option(time, { nil: undefined }),
          first: time,
          fees: amount,
          keptBy: fc.option(time, { nil: undefined }),
          kept: fc.option(amount, { nil: undefined })
        }),
        time,
        (policy, waiting, now) => {
          const at = settleAt(policy, waiting, now)
          // What was kept back counts when its time is over, whether or not anybody asks; dust of it does not.
          const due = waiting.keptBy !== undefined && waiting.keptBy <= now ? (waiting.kept ?? 0n) : 0n
          if (waiting.fees + due < policy.fees) assert.equal(at, 'poor')
          else assert.equal(at === 'now', now >= (waiting.last ?? waiting.first) + BigInt(policy.seconds))
          if (typeof at === 'bigint') assert.equal(settleAt(policy, waiting, at), 'now')
        }
      )
    )
  })

  it('finalize: never before the window is over, others later than their own proposers', () => {
    fc.assert(
      fc.property(time, ends => {
        assert.equal(finalizeFrom(ends, true), ends)
        assert.ok(finalizeFrom(ends, false) > ends)
      })
    )
  })

  it('claim: what is worth its gas, and never nothing', () => {
    fc.assert(
      fc.property(amount, amount, (at, claimable) => {
        assert.equal(worthClaiming({ at }, claimable), claimable > 0n && claimable >= at)
      })
    )
  })
})

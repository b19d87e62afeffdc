import assert from 'node:assert/strict'
import type { Facts } from '../../../../node/payouts/facts.ts'
import type { PayoutsDeps } from '../../../../node/payouts/index.ts'
import type { Entry } from '../../../../node/payouts/receipts/index.ts'
import type { OpenRound } from '../../../../node/payouts/rounds/index.ts'
import { createExamining } from '../../../../node/payouts/watcher/examine.ts'
import type { ExamineParts } from '../../../../node/payouts/watcher/examine.ts'
import { payoutsTree, receiptId, receiptsTree } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import {
  accountOf,
  channelsOf,
  epochFrom,
  factsFor,
  network,
  now,
  pool,
  receipt,
  receiptsOf,
  saidOf,
  panel,
  seed
} from '../../../protocol/payouts/world.ts'
import { documentOf } from '../network.ts'

/** What a watcher that held these well before says of an epoch that counts those. */
async function codesOf(
  counted: readonly CosignedReceipt[],
  held: readonly CosignedReceipt[],
  paid: readonly CosignedReceipt[]
): Promise<string[]> {
  const channels = channelsOf(paid)
  const bundle = epochFrom({ receipts: counted, channels })
  const [receipts, payouts] = [receiptsTree(network, bundle.receipts).root, payoutsTree(bundle.payouts).root]
  const { commitments } = saidOf(counted)
  const drawn = { seed, panel, commitments, commitEnds: now, revealEnds: now }
  const window = 300n
  const round = { anchoredAt: now + 5n, drawn }
  const open = { document: documentOf(bundle), ids: [], round } as unknown as OpenRound
  const examine = createExamining(
    {
      network,
      self: accountOf('watcher'),
      roles: { scorer: false },
      chain: {
        payouts: {
          pool: async () => ({ deposited: bundle.deposited }),
          rules: async () => ({ challengeWindow: window }),
          roundRules: async () => ({ revealWindow: window }),
          round: async () => round
        }
      }
    } as unknown as PayoutsDeps,
    {
      proposals: { caughtUp: async () => undefined },
      bundles: { load: async () => bundle },
      facts: {
        of: async () => ({ ...factsFor(paid, undefined, { channels }), claimedAt: () => new Map() }),
        donated: async () => 0n
      } as unknown as Facts,
      weigher: { knownHeldOut: async () => undefined },
      scorings: { of: async () => [] },
      rounds: { open: async () => open },
      receipts: {
        async *readyBefore() {
          for (const one of held) yield { id: receiptId(network, one), receipt: one } as Entry
        }
      }
    } as unknown as ExamineParts
  )
  const stated = {
    receiptsRoot: receipts.hash,
    receiptsTotal: receipts.sum,
    receiptCount: counted.length,
    payoutsRoot: payouts.hash,
    payoutsTotal: payouts.sum,
    challengeEnds: now + 500n
  }
  const named = { pool, epoch: 1 } as Parameters<typeof examine>[0]
  const found = await examine(named, stated as Parameters<typeof examine>[1], {
    voice: false,
    signal: new AbortController().signal
  })
  return found.faults.map(({ code }) => code)
}

describe('what an epoch leaves out', function () {
  this.timeout(120_000)
  const [counted, honest] = receiptsOf([{ client: 'counted' }, { client: 'honest' }]) as [
    CosignedReceipt,
    CosignedReceipt
  ]

  it('is found behind thousands of receipts that nobody paid, and of such as brought nothing', async () => {
    // A friend's channel has paid one unit, and promises the rest: every other answer for nothing.
    const crowd = Array.from({ length: 2_500 }, (_, i) => {
      const fees = i % 2 === 0 ? { fee: 0n, total: 1n } : { fee: 1n, total: BigInt(i + 1) }
      return receipt({ client: 'friend', sequence: BigInt(i + 2), ...fees })
    })
    const paid = [counted, honest, receipt({ client: 'friend', fee: 1n })]
    assert.deepEqual(await codesOf([counted], [...crowd, honest], paid), ['receipts.missing'])
    assert.deepEqual(await codesOf([counted], crowd, paid), [])
    assert.deepEqual(await codesOf([counted, honest], [...crowd, honest, counted], paid), [])
  })
})

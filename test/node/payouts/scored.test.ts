import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NotFoundError, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createIncome } from '../../../node/account/income.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import { createScored } from '../../../node/payouts/settler/scored.ts'

const pool = keccak('a pool')
const account = keccak('an account').slice(0, 42) as Address

interface Line {
  readonly cumulative: bigint
  readonly scoringTotal: bigint
}
/** What final epochs have given in all, the first one's first; undefined: its bundle is not to be had. */
type Epochs = readonly (Line | undefined)[]

const epochs = fc
  .array(fc.record({ data: fc.nat(20), scoring: fc.nat(9), isThere: fc.constantFrom(true, true, true, false) }), {
    minLength: 1,
    maxLength: 12
  })
  .map((list): Epochs => {
    let [cumulative, scoringTotal] = [0n, 0n]
    return list.map(({ data, scoring, isThere }) => {
      scoringTotal += BigInt(scoring)
      cumulative += BigInt(data + scoring)
      return isThere ? { cumulative, scoringTotal } : undefined
    })
  })

function scoredIn(lines: Epochs) {
  const read: string[] = []
  const scored = createScored(
    { chain: { ledger: { pool: async () => ({ epoch: lines.length }) } }, log: silentLog } as never,
    {
      of: async (_: Hex, epoch: number) => [{ state: 'final', event: { bundle: `${epoch}`, proposer: account } }]
    } as never,
    {
      async summary({ bundle: cid }: { bundle: string }) {
        read.push(cid)
        const line = lines[Number(cid) - 1]
        if (line === undefined) throw new NotFoundError('files.unavailable', 'nobody has it')
        return { payouts: [{ account, ...line }] }
      }
    } as never
  )
  return { scored, read }
}

/** As it is said: the newest epoch that gave no more than a sum tells of it. */
function expected(lines: Epochs, sum: bigint): bigint {
  for (const line of lines.toReversed()) {
    if (line === undefined || line.scoringTotal === 0n) return 0n
    if (line.cumulative <= sum) return line.scoringTotal < sum ? line.scoringTotal : sum
  }
  return 0n
}

describe('payouts: what of claims is for scoring', () => {
  it('is what the epochs say of each sum, and each of them is read once for all sums', async () => {
    await fc.assert(
      fc.asyncProperty(epochs, fc.array(fc.bigInt({ min: 0n, max: 400n }), { maxLength: 20 }), async (lines, sums) => {
        const { scored, read } = scoredIn(lines)
        assert.deepEqual(
          await scored({ pool, account, sums }),
          sums.map(sum => expected(lines, sum))
        )
        assert.equal(new Set(read).size, read.length)
      })
    )
  })

  it('earnings and payments ask for it once for a pool, however many claims there are, and agree', async () => {
    const lines = Array.from({ length: 9 }, (_, n) => ({
      cumulative: BigInt(10 * (n + 1)),
      scoringTotal: BigInt(n + 1)
    }))
    const { scored, read } = scoredIn(lines)
    const claims = lines.map(({ cumulative }, n) => ({ pool, account, amount: 10n, cumulative, block: BigInt(n) }))
    const page = <T>(items: T[]) => ({ items, next: undefined })
    const { earnings, income } = createIncome({
      self: account,
      models: { owed: async () => 0n },
      payouts: {
        earnings: async () => ({ account, payout: account, balance: 0n, pools: [{ pool, claimable: 0n, scored: 9n }] }),
        scored
      },
      chain: {
        ledger: {
          account: async () => ({ income: { data: { amount: 90n, times: 9 } }, expected: 0n }),
          claims: async () => page(claims),
          claim: async (place: string) => claims[Number(place)],
          income: async () =>
            page(
              claims.map(({ amount, block }, n) => ({
                kind: 'data',
                amount,
                of: pool,
                block,
                transaction: pool,
                place: `${n}`
              }))
            )
        }
      }
    } as unknown as Parameters<typeof createIncome>[0])
    const kinds = new Map((await earnings(account)).income.map(({ kind, ...rest }) => [kind, rest]))
    assert.deepEqual(
      [kinds.get('data'), kinds.get('scoring')],
      [
        { amount: 81n, times: 9 },
        { amount: 9n, times: 9 }
      ]
    )
    assert.equal(read.length, lines.length)
    const { items } = await income(account)
    assert.deepEqual(
      items.map(({ kind, scoring }) => [kind, scoring]),
      claims.map(() => ['data', 1n])
    )
    assert.equal(read.length, 2 * lines.length)
  })
})

import assert from 'node:assert/strict'
import type { EscrowRecord } from '../../../node/chain/ledger/index.ts'
import { createFunds } from '../../../node/jobs/funds.ts'
import { escrowId } from '../../../protocol/contracts/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { award, builder, job, jobId, worker } from '../../protocol/jobs/documents.ts'
import { captureLog } from '../../harness/index.ts'

const account = (i: number): Address => keccak(`account ${i}`).slice(0, 42) as Address

type Escrow = Pick<EscrowRecord, 'state' | 'unpaid' | 'amount'>

describe('money behind jobs', () => {
  const start = (escrows: ReadonlySet<Hex> | ReadonlyMap<Hex, Escrow> = new Set()) => {
    let asked = 0
    const funds = createFunds({
      chain: {
        tokens: {
          async balanceOf() {
            asked++
            return 100n
          }
        },
        ledger: {
          async escrow(id: Hex) {
            if (escrows instanceof Map) return escrows.get(id) as Escrow | undefined
            return escrows.has(id) ? { state: 'funded', amount: 7n } : undefined
          }
        }
      },
      clock: { now: () => 0 },
      log: captureLog().log
    } as unknown as Parameters<typeof createFunds>[0])
    return { funds, asked: () => asked }
  }

  it('is asked for by what each peer says apart: fresh keys of one leave others theirs', async () => {
    const { funds, asked } = start()
    const told = await Promise.all([...Array(200).keys()].map(i => funds.has(account(i), 1n, 'thief')))
    assert.ok(asked() <= 20)
    assert.equal(told.filter(one => one === true).length, asked())
    assert.equal(await funds.has(account(500), 100n, 'honest'), true)
    assert.equal(await funds.has(account(500), 101n, 'honest'), false)
    // What is known, or asked for at this moment, is asked for once.
    const before = asked()
    await Promise.all([...Array(9).keys()].map(() => funds.has(account(600), 1n, 'honest')))
    await funds.has(account(600), 1n, 'thief')
    assert.equal(asked(), before + 1)
  })

  it('is looked for in all awards of a job, in whatever order they stand', async () => {
    const awards = [...Array(40).keys()].map(attempt => award({ attempt }))
    for (const at of [0, 20, 39]) {
      const { lot } = awards[at]!.statement.message
      const { funds } = start(new Set([escrowId({ builder, job: jobId, lot, worker, attempt: at })]))
      const known = { document: job(), bids: [], awards, deliveries: [], closed: null }
      assert.deepEqual(await funds.behind(known), { locked: 7n, spent: 0n })
      assert.equal(await funds.isPaid(builder, awards[at]!), true)
      assert.equal(await funds.isPaid(builder, awards[at === 0 ? 1 : 0]!), false)
      assert.equal((await funds.behind({ ...known, awards: awards.toSpliced(at, 1) })).locked, 0n)
    }
  })

  it('is none that its builder was given back, whether it was found there before or not', async () => {
    const one = award()
    const { lot, attempt } = one.statement.message
    const id = escrowId({ builder, job: jobId, lot, worker, attempt })
    const known = { document: job(), bids: [], awards: [one], deliveries: [], closed: null }
    const escrows = new Map<Hex, Escrow>()
    const { funds } = start(escrows)
    for (const [state, locked, spent] of [
      [{ state: 'funded' }, 9n, 0n],
      [{ state: 'refunded' }, 0n, 0n],
      [{ state: 'delivered' }, 9n, 0n],
      [{ state: 'released' }, 0n, 9n],
      [{ state: 'burnt' }, 0n, 9n],
      [{ state: 'released', unpaid: true }, 0n, 0n]
    ] as const) {
      escrows.set(id, { amount: 9n, ...state })
      assert.deepEqual(await funds.behind(known), { locked, spent })
      assert.equal(await funds.isPaid(builder, one), locked + spent > 0n)
    }
  })
})

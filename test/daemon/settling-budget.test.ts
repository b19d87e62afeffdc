import assert from 'node:assert/strict'
import { join } from 'node:path'
import { payoutHandlers } from '../../daemon/api/handlers/payouts.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import type { Node } from '../../node/node.ts'
import type { EpochView } from '../../node/payouts/index.ts'
import { TilthError, keccak, zeroHash } from '../../protocol/primitives/index.ts'
import { scratch } from '../harness/index.ts'

const pool = keccak('pool')
const epoch: EpochView = {
  pool,
  epoch: 1,
  state: 'pending',
  proposer: `0x${'11'.repeat(20)}`,
  root: zeroHash,
  payoutsRoot: zeroHash,
  transaction: null,
  bundle: '',
  receipts: 0,
  receiptsTotal: 0n,
  payoutsTotal: 0n,
  dataFees: 0n,
  held: 0n,
  keptBack: 0n,
  weighed: 0,
  scorers: [],
  payouts: [],
  whole: true,
  challengeEnds: 0n,
  faults: []
}

describe('bonds of epochs that calls settle', () => {
  it('count against what calls may pay in a day, each once it is posted', async () => {
    const spending = await openSpending(join(await scratch('settling'), 'spending.json'))
    spending.limit({ perRequest: null, perDay: null, payPerDay: 100n })
    const posted: bigint[] = []
    /** The least bond with the receipts, then what is missing of a larger one; in between scorers have time. */
    let steps: readonly (bigint | 'waits')[] = []
    /** What the first step of a settling comes to with the others. */
    let most: bigint | undefined
    const payouts = {
      settle: async (_: string, pay: <T>(amount: bigint, act: () => Promise<T>, most?: bigint) => Promise<T>) => {
        for (const step of steps)
          if (step === 'waits') throw new TilthError('epoch.waits', 'scorers have time', { consequence: 'retry' })
          else await pay(step, async () => posted.push(step), most)
        return epoch
      }
    }
    const { settle } = payoutHandlers(
      { payouts } as unknown as Pick<Node, 'payouts'>,
      { datanet: async () => pool } as never,
      spending
    )
    const call = () => settle({ body: { pool }, params: {}, signal: AbortSignal.timeout(60_000) } as never)
    steps = [50n, 'waits']
    await assert.rejects(call(), { code: 'epoch.waits' })
    // What waits is asked for again and again, and costs nothing meanwhile.
    steps = ['waits']
    for (let i = 0; i < 5; i++) await assert.rejects(call(), { code: 'epoch.waits' })
    steps = [30n]
    assert.equal((await call()).epoch, 1)
    steps = [50n]
    await assert.rejects(call(), { code: 'budget.day' })
    assert.deepEqual(posted, [50n, 30n])
    // What is left is enough for the first bond, and not for what is missing of the whole: nothing is posted.
    ;[steps, most] = [[10n], 21n]
    await assert.rejects(call(), { code: 'budget.day' })
    assert.deepEqual(posted, [50n, 30n])
    most = 20n
    assert.equal((await call()).epoch, 1)
    assert.deepEqual(posted, [50n, 30n, 10n])
  })
})

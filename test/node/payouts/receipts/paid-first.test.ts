import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import type { Entry, NewEntry } from '../../../../node/payouts/receipts/index.ts'
import { InvalidError, keccak } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { scratch } from '../../../harness/index.ts'
import { generateReceipt } from './generate.ts'
import { openAll } from './opened.ts'

const maxOthers = 40

describe('where there is no room for all receipts of others', function () {
  this.timeout(120_000)
  let folder = ''
  let open: Awaited<ReturnType<typeof openAll>>
  /** Models whose channels have paid. */
  const paid = new Set<Hex>()
  const options = {
    maxOthers,
    broughtBy: async ({ receipt: { message } }: NewEntry['receipt']): Promise<bigint> =>
      paid.has(message.model) ? message.fee / 2n : 0n
  }
  before(async () => {
    folder = await scratch('receipts-paid')
    open = await openAll(folder, options)
  })
  after(async () => {
    await open.close()
    await rm(folder, { recursive: true, force: true })
  })

  async function put(many: number, of: string, fee: (index: number) => bigint): Promise<void> {
    for (let index = 0; index < many; index++) {
      const made = generateReceipt({ index, channels: 7, seed: of, model: keccak(of), fee: fee(index) })
      const pool = keccak(index % 2 === 0 ? 'pool' : 'other pool')
      const entry = { ...made, pool, own: false, expiry: 1_800_000_000n, covered: 2n ** 128n }
      await open.receipts.put(entry).catch((error: unknown) => {
        assert.ok(error instanceof InvalidError && error.code === 'receipt.cheap', String(error))
      })
    }
  }
  async function entries(): Promise<readonly Entry[]> {
    return (await open.receipts.list({ limit: 2 * maxOthers })).items
  }
  const countOf = async (of: string): Promise<number> =>
    (await entries()).filter(({ receipt }) => receipt.receipt.message.model === keccak(of)).length

  it('what is only promised goes before what was paid, however much that promises', async () => {
    await put(15, 'honest', () => 10n)
    await put(15, 'large', () => 20n)
    // Its channels pay after they came: what they are is looked at where there is no room.
    paid.add(keccak('honest')).add(keccak('late'))
    await put(200, 'promised', index => 1_000n + BigInt(index))
    assert.deepEqual([await countOf('honest'), await countOf('large')], [15, 0])
    await open.close()
    open = await openAll(folder, options)
    await put(20, 'late', () => 6n)
    assert.deepEqual([await countOf('honest'), await countOf('late')], [15, 20])
  })

  it('of what was paid that goes first which brought least', async () => {
    paid.add(keccak('best'))
    await put(20, 'best', () => 30n)
    assert.deepEqual([await countOf('honest'), await countOf('promised'), await countOf('best')], [15, 0, 20])
    assert.ok((await countOf('late')) <= 5)
    assert.ok((await entries()).length <= maxOthers)
  })
})

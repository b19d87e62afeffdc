import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { openSpending } from '../../../daemon/spending/index.ts'
import { receiptId } from '../../../protocol/payouts/index.ts'
import { scratch } from '../../harness/index.ts'
import { bond, startNetwork, until } from './network.ts'
import type { TestNetwork } from './network.ts'

describe('the first bond of a settler', function () {
  this.timeout(240_000)
  let network: TestNetwork
  before(async () => (network = await startNetwork({ validators: [Uint8Array.from(randomBytes(32))] })))
  after(() => network.stop())

  it('is not posted where a budget leaves too little for the whole: it would be burnt', async () => {
    const settler = await network.addPeer('settler', { settler: true, scorer: false })
    const worker = await network.addPeer('worker', { scorer: false })
    const { pool, client } = network
    const id = receiptId(network.network, await network.answer(worker, await network.openChannel(worker.address)))
    await until(async () => (await settler.service.receipt(id)) !== undefined, 'the settler knows the receipt')
    // So much may have to be paid that the whole bond is twice the first one.
    await client.chain.payouts.deposit(pool, 20n * bond)
    const spending = await openSpending(join(await scratch('first-bond'), 'spending.json'))
    spending.limit({ perRequest: null, perDay: null, payPerDay: bond + 1n })
    const had = await settler.chain.tokens.balanceOf(settler.address)
    await assert.rejects(
      settler.service.settle(pool, (...step) => spending.paying(undefined, ...step)),
      { code: 'budget.day' }
    )
    assert.equal(await settler.chain.payouts.round(pool, 1), undefined)
    assert.equal(await settler.chain.tokens.balanceOf(settler.address), had)
  })
})

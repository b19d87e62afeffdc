import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'
import type { Hex } from '../../protocol/primitives/index.ts'
import { amountText } from '../../web-console/formats/index.ts'
import { places } from '../../web-console/app/places.ts'
import { until, unlessUnknown } from '../../daemon/local/loop/poll.ts'
import { assertAccessible, openPage, world } from './harness/index.ts'

describe('earnings', function () {
  this.timeout(240_000)
  let page: Page
  /** Whether the host makes epochs final by itself; it holds from its next start. */
  const finalizes = (on: boolean): Promise<unknown> =>
    world()
      .network.daemon('host')
      .api.call('changeSetting', { body: { path: 'automation.finalize.on', value: on } })
  before(async () => {
    const { api } = world().network.daemon('host')
    await finalizes(false)
    const { uptimeSeconds } = await api.call('status')
    await api.call('restart')
    await until('the host to start again', 90, async () => {
      const status = await api.call('status').catch(() => undefined)
      return status !== undefined && status.uptimeSeconds < uptimeSeconds ? true : undefined
    })
  })
  // Nothing that follows waits for an epoch that nobody makes final: it need not start again at once.
  after(() => finalizes(true))
  afterEach(() => page.context().close())

  it('are brought in and made final by hand, and saved as a table', async () => {
    const { network, last } = world()
    const [host, client] = [network.daemon('host').api, network.daemon('client').api]
    const body = { model: last.model, messages: [{ role: 'user' as const, content: last.question }], maxTokens: 16 }
    const receipt = await until('an answer with a receipt', 90, async () => {
      for await (const event of client.stream('ask', { body }))
        if (event.kind === 'done' && event.receipts.length > 0) return event.receipts[0]
      return undefined
    })
    const paid = await until('the receipt', 90, () =>
      unlessUnknown(client.call('receipt', { params: { id: receipt } }))
    )
    const worker = network.daemons.find(({ address }) => address === paid.worker)
    assert.ok(worker !== undefined)
    page = await openPage(worker.name, { path: places.earnings })
    await page.getByRole('button', { name: 'Bring it in now' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Bring it in' }).click()
    await page.getByRole('button', { name: 'Bring it in now' }).waitFor({ state: 'detached' })
    await assertAccessible(page)

    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save as CSV' }).click()
    ])
    assert.match(file.suggestedFilename(), /^tilth-earnings-0x[0-9a-f]{8}\.csv$/)
    const [head, newest = ''] = (await readFile(await file.path(), 'utf8')).split('\r\n')
    assert.equal(head, '"time","work","TILTH","for","id","block","transaction"')
    const [payment] = (await worker.api.call('income', { params: { account: worker.address, limit: 1 } })).items
    assert.ok(newest.includes(payment?.transaction ?? 'none'), newest)

    const { datanet } = await client.call('model', { params: { id: last.model } })
    const settled = await host.call('settle', { body: { pool: datanet as Hex } })
    const [first] = settled.payouts.filter(({ share }) => BigInt(share) > 0n)
    assert.ok(first !== undefined, 'somebody earned something')
    await page.context().close()
    page = await openPage('host', { path: places.earningsOf(first.account) })
    await page.getByText('in its challenge window').waitFor()
    await page.getByRole('button', { name: 'Make it final now' }).click()
    await page.getByText('in its challenge window').waitFor({ state: 'detached' })
    const [{ amount } = { amount: '0' }] = (await host.call('claimCalls', { params: { account: first.account } })).items
    await page.getByRole('button', { name: `Claim ${amountText(amount)}` }).waitFor()
  })
})

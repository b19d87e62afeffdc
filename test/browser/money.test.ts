import assert from 'node:assert/strict'
import { places } from '../../web-console/app/places.ts'
import { assertAccessible, openPage, world } from './harness/index.ts'

describe('an answer', function () {
  this.timeout(240_000)

  it('leads from a sentence to the money in four clicks', async () => {
    const { last, network } = world()
    const page = await openPage('client', { path: places.chat(last.model) })
    await page.getByRole('textbox', { name: `Ask ${last.model}` }).fill(last.question)
    await page.keyboard.press('Enter')
    const parts = page.locator('.credit-bar button.owes-name')
    await parts.first().waitFor()
    const { api } = network.daemon('host')
    const { id: pool } = await api.call('datanet', { params: { id: last.model } })
    // Once the epoch's receipts stand on chain, scorers that chance has drawn weigh it, and the word of the worker
    // gives way to theirs, without a reload.
    const settled = await api.call('settle', { body: { pool } })
    await page.locator('.credit-bar[data-word="scorers"]').waitFor()

    await parts.first().click()
    const part = page.locator('.part')
    await part.locator('.near-row').first().waitFor()
    await part.getByRole('link', { name: `Epoch ${settled.epoch}`, exact: true }).waitFor()
    await assertAccessible(page)
    await part.getByRole('link', { name: /^Receipt 0x/ }).click()
    await page.getByText('holds, as this browser has checked').first().waitFor()
    assert.equal(await page.getByText('does not hold').count(), 0)
    await assertAccessible(page)
    await page
      .getByRole('link', { name: `Epoch ${settled.epoch}`, exact: true })
      .first()
      .click()
    await page.waitForURL(/\/epochs\//)
    await page.locator('a[href^="/transactions/"]').first().click()
    await page.waitForURL(url => url.pathname === places.transaction(String(settled.transaction)))
    await page.context().close()
  })
})

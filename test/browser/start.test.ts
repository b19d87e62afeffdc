import assert from 'node:assert/strict'
import { assertAccessible, assertNoSidewaysScroll, openPage } from './harness/index.ts'

describe('the console when it is opened', () => {
  it('is signed in by a token that is gone from history', async () => {
    const page = await openPage('host')
    await page.getByText('You are').first().waitFor({ state: 'attached' })
    assert.ok(!page.url().includes('token'))
    assert.equal(await page.evaluate(() => history.length), 2) // the empty page of the window, and this
    await page.context().close()
  })

  it('pleases axe in both themes and scrolls sideways at no width', async () => {
    const page = await openPage('host')
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await page.context().close()
  })
})

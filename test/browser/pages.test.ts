import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { assertAccessible, assertNoSidewaysScroll, goTo, openPage, settled } from './harness/index.ts'
import { mainPages, pagePaths } from './harness/places.ts'
import type { PagePaths } from './harness/places.ts'

describe('every page', function () {
  let page: Page
  let paths: PagePaths
  before(async () => {
    page = await openPage('host')
    paths = await pagePaths()
  })
  after(() => page.context().close())

  for (const name of mainPages)
    it(`${name} pleases axe in both themes, and scrolls sideways at no width`, async () => {
      await goTo(page, paths[name])
      await settled(page)
      assert.equal(await page.getByText('Nothing is at this address').count(), 0)
      assert.equal(await page.getByText('This page stumbled').count(), 0)
      await assertAccessible(page)
      await assertNoSidewaysScroll(page)
    })
})

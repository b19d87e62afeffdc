import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { openPage, settled, world } from './harness/index.ts'

/** The count that stands in the flow picture at a stage, by what it says to who hears it. */
async function countAt(page: Page, stage: string): Promise<number> {
  const label = await page
    .getByRole('button', { name: new RegExp(`^${stage}: `) })
    .locator('.visually-hidden')
    .textContent()
  return Number(/: ([0-9,]+)/.exec(label ?? '')?.[1]?.replaceAll(',', ''))
}

describe('the first page', function () {
  this.timeout(90_000)
  let page: Page
  before(async () => {
    page = await openPage('client')
    await settled(page)
  })
  after(() => page.context().close())

  it('is the flow with what came through each stage, in a sentence and in numbers', async () => {
    await page.getByRole('region', { name: 'The flow, now' }).waitFor()
    assert.match(await page.getByRole('heading', { level: 1 }).innerText(), /answers?|model/)
    for (const stage of ['Datanets', 'Contributed', 'Versions', 'Registered', 'Receipts', 'Claimed'])
      assert.ok((await countAt(page, stage)) > 0, stage)
    await page.getByRole('heading', { name: 'Where every fee went' }).waitFor()
  })

  it('opens a stage by keyboard to what happens there, and follows what happens again', async () => {
    await page.getByRole('button', { name: /^Claimed: / }).focus()
    await page.keyboard.press('Enter')
    const open = page.locator('#flow-open')
    await open.getByRole('heading', { name: 'Claimed' }).waitFor()
    assert.equal(await page.getByRole('button', { name: /^Claimed: / }).getAttribute('aria-expanded'), 'true')
    await open.getByRole('heading', { name: 'Last here' }).waitFor()
    await open.getByRole('button', { name: 'Follow what happens' }).press('Enter')
    await open.getByRole('button', { name: 'Follow what happens' }).waitFor({ state: 'detached' })
  })

  it('counts an answer that comes while it is open, without a reload', async () => {
    const [receipts, tokens] = [await countAt(page, 'Receipts'), await countAt(page, 'Tokens')]
    await page.getByRole('button', { name: /^Receipts: / }).press('Enter')
    const { network, last } = world()
    const answer = network.daemon('client').api.stream('ask', {
      body: { model: last.model, messages: [{ role: 'user', content: last.question }], maxTokens: 24 }
    })
    for await (const event of answer) assert.notEqual(event.kind, 'error')
    await page.waitForFunction(
      before =>
        [...document.querySelectorAll('.flow-point')].some(
          point =>
            Number(/^Receipts: ([0-9,]+)/.exec(point.querySelector('.visually-hidden')?.textContent ?? '')?.[1]) >
            before
        ),
      receipts
    )
    assert.ok((await countAt(page, 'Tokens')) > tokens)
    await page
      .locator('#flow-open')
      .getByText(/just now|s ago/)
      .first()
      .waitFor()
  })

  it('has three doors', async () => {
    const doors = page.getByRole('navigation', { name: 'What you can do' })
    for (const name of ['Contribute data', 'Make a model', 'Run a node'])
      await doors.getByRole('link', { name }).waitFor()
    await doors.getByRole('link', { name: 'Run a node' }).press('Enter')
    await page.waitForURL(/\/node$/)
  })
})

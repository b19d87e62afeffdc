import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { assetsFolder } from '../../daemon/assets.ts'
import { until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, openPage, world } from './harness/index.ts'

/** Settings as the command line takes them: brief, and enough to learn. */
async function settingsFile(): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const whole = JSON.parse(await readFile(join(assetsFolder(), 'elements/settings.json'), 'utf8')) as object
  const text = JSON.stringify({ ...whole, epochs: 8, coalitions: 6 })
  return { name: 'brief.json', mimeType: 'application/json', buffer: Buffer.from(text) }
}

const next = (page: Page): Promise<void> => page.getByRole('button', { name: /^Next/ }).click()
const kept = (page: Page): Promise<void> => page.getByText('Kept on this node').waitFor()

async function pleases(page: Page): Promise<void> {
  await assertAccessible(page)
  await assertNoSidewaysScroll(page)
}

/** Stops a training once it has begun, sees that nothing of it goes on, and has it go on from its checkpoint. */
async function stopsAndGoesOn(page: Page): Promise<void> {
  const { api } = world().network.daemon('host')
  const id = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '')
  const steps = async (): Promise<number> => {
    const { awards } = await api.call('job', { params: { id } })
    return Math.max(0, ...awards.filter(({ lot }) => lot.kind === 'adapter').map(({ loss }) => loss.length))
  }
  await until(async () => (await steps()) > 1, 'the training takes its first steps', 120_000)
  await page.getByRole('button', { name: 'Stop for now' }).click()
  await page.getByRole('heading', { level: 1, name: /waits at its checkpoint$/ }).waitFor()
  await page.getByRole('button', { name: 'Go on from the checkpoint' }).waitFor()
  await pleases(page)
  // What was said just before may still come; then nothing does.
  let before = -1
  await until(async () => before === (before = await steps()), 'the steps stand still')
  await page.getByRole('button', { name: 'Go on from the checkpoint' }).click()
  await page.getByRole('button', { name: 'Stop for now' }).waitFor()
  await until(async () => (await steps()) > before, 'it goes on from there', 120_000)
}

describe('ModelFactory', function () {
  this.timeout(420_000)

  it('takes somebody from a base model to a model that others can ask', async () => {
    const page = await openPage('host', { path: '/factory' })
    await page.getByRole('button', { name: 'Make a model' }).click()
    await page.getByText('seedling', { exact: true }).first().click()
    await kept(page)
    await pleases(page)
    const draft = new URL(page.url()).pathname
    await page.context().close()

    // Another browser goes on where the first one was left.
    const other = await openPage('host', { path: draft })
    await other.getByRole('radio', { name: /seedling/, checked: true }).waitFor({ state: 'attached' })
    await next(other)
    await other.getByText('elements', { exact: true }).first().click()
    await other.getByText('Rows to learn from').waitFor()
    await pleases(other)
    await next(other)
    await other.getByText('What this takes').waitFor()
    await other
      .locator('input[type=file]')
      .setInputFiles({ ...(await settingsFile()), buffer: Buffer.from('{"lr": 7}') })
    await other.getByText(/does not hold training settings/).waitFor()
    await other.locator('input[type=file]').setInputFiles(await settingsFile())
    await other.getByText('The settings of brief.json are taken.').waitFor()
    await other.getByRole('button', { name: 'Show them' }).click()
    assert.equal(await other.getByLabel('Passes over the data').inputValue(), '8')
    await other.getByLabel('Rank of the adapter').fill('1000')
    await other.getByText('At most 256.').waitFor()
    await other.getByLabel('Rank of the adapter').fill('16')
    await pleases(other)
    await next(other)
    await other.getByLabel('Budget in TILTH').fill('20')
    await kept(other)
    await pleases(other)
    await other.getByRole('button', { name: 'Ask workers to train it' }).click()
    await other.getByRole('button', { name: 'Post the job, up to 20 TILTH' }).click()

    await other.waitForURL(/\/factory\/jobs\/0x/)
    await other.getByText('Who does the work').waitFor({ timeout: 90_000 })
    await stopsAndGoesOn(other)
    await other
      .getByRole('heading', { name: 'A model has learnt from elements', exact: true })
      .waitFor({ timeout: 240_000 })
    await other.getByRole('img', { name: /^Training loss, from/ }).waitFor()

    await other.getByLabel('Held-out questions of the Datanet').fill('2')
    await other.getByLabel('Your own questions, one a line').fill('What is the symbol of gold?')
    await other.getByRole('button', { name: 'Ask both' }).click()
    await other.getByText(/^Of 2 held-out questions/).waitFor()
    await other.getByRole('button', { name: 'Measure it' }).click()
    await other.getByText('Of all that the data added').waitFor({ timeout: 60_000 })

    await other.getByLabel('Name', { exact: true }).fill('walked-elements')
    await other.getByLabel('Data', { exact: true }).fill('61')
    await other.getByText('Together these are 101 %; they must be 100 %.').waitFor()
    await other.getByLabel('Data', { exact: true }).fill('55')
    await other.getByLabel('Upstream', { exact: true }).fill('5')
    await other.getByRole('button', { name: /^seedling/ }).waitFor()
    await pleases(other)
    await other.getByRole('button', { name: 'Deploy it' }).click()
    await other.getByRole('button', { name: 'Register it on chain' }).click()
    await other.getByRole('heading', { name: 'It is deployed as walked-elements' }).waitFor({ timeout: 60_000 })
    await other.getByText('upstream 5 %, to seedling').waitFor()
    await other.getByText(/\/bazaar\/0x[0-9a-f]{64}$/).waitFor()
    await pleases(other)
    await other.context().close()
  })

  it('lists what was made and what was begun, and says whose it is to post', async () => {
    const page = await openPage('host', { path: '/factory' })
    await page
      .getByRole('link', { name: /elements, version 1/ })
      .first()
      .waitFor()
    await pleases(page)
    await page.context().close()
    const worker = await openPage('client', { path: '/factory' })
    await worker
      .getByRole('link', { name: /version 1/ })
      .first()
      .waitFor()
    await worker.context().close()
  })
})

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { pageOf } from '../../protocol/primitives/index.ts'
import { places } from '../../web-console/app/places.ts'
import { until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, goTo, imitate, openAt, openPage, world } from './harness/index.ts'

/** A step of the form, which holds fields of the same names as the others. */
const stepOf = (page: Page, number: number) =>
  page
    .locator('.agent-steps .card')
    .filter({ has: page.getByRole('heading', { name: new RegExp(`^Step ${number}:`) }) })

async function choose(page: Page, step: number, model: string): Promise<void> {
  await stepOf(page, step)
    .getByRole('button', { name: /Model$/ })
    .click()
  await page.getByRole('option', { name: model, exact: true }).first().click()
}

async function pleases(page: Page): Promise<void> {
  await assertAccessible(page)
  await assertNoSidewaysScroll(page)
}

describe('agents in the console', function () {
  this.timeout(120_000)

  it('are made of models with what is wrong said in words, asked, and paid step by step', async () => {
    const { network, last } = world()
    const page = await openPage('host', { path: places.newAgent })
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByText('An agent needs a name.').waitFor()
    await page.getByText('Choose the model that it asks.').waitFor()
    await pleases(page)

    await page.getByLabel('Name', { exact: true }).fill('chemist')
    await choose(page, 1, last.model)
    await stepOf(page, 1).getByLabel('Its name').fill('draft')
    await stepOf(page, 1).getByLabel('Tokens at most').fill('8')
    await page.getByRole('button', { name: 'Add a step' }).click()
    await choose(page, 2, last.model)
    await stepOf(page, 2).getByLabel('Its name').fill('better')
    await stepOf(page, 2).getByLabel('Tokens at most').fill('8')
    await stepOf(page, 2).getByLabel('What it is asked').fill('{{input}} {{later}}')
    await page.getByLabel('Fee of a call, in TILTH').fill('0.01')
    await page.getByText('The step better is given {{later}}, which is nothing by then').waitFor()
    await page.getByText('Places are {{input}}').waitFor()
    await stepOf(page, 2).getByLabel('What it is asked').fill('{{input}}')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByText('0.01 TILTH a call: 10 % to who takes it and 90 % to its builder').waitFor()
    await page.getByRole('button', { name: 'Register it on chain' }).click()
    await page.getByRole('heading', { level: 1, name: 'chemist asks 1 model in 2 steps' }).waitFor()
    await pleases(page)
    const id = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '')
    await page.context().close()

    await until(
      () =>
        network
          .daemon('worker-1')
          .api.call('serve', { params: { id }, body: {} })
          .then(Boolean, () => false),
      'a worker takes its fee'
    )
    const { api } = network.daemon('client')
    await until(async () => {
      const found = await api.call('agent', { params: { id } }).catch(() => undefined)
      return found !== undefined && found.offered > 0 && found.steps.every(({ offered }) => offered > 0)
    }, 'it can be asked')

    const asker = await openPage('client', { path: places.agents })
    await asker.getByRole('table', { name: 'Agents' }).getByRole('link', { name: 'chemist' }).click()
    await asker.getByRole('link', { name: 'Ask it' }).click()
    await asker.getByRole('textbox', { name: 'Ask chemist' }).fill(last.question)
    await asker.keyboard.press('Enter')
    const came = asker.getByRole('table', { name: 'What each step came to' })
    await came.waitFor()
    // Two steps of models, and the fee: each with a receipt of its own.
    assert.equal(await came.locator('.agent-receipts').count(), 3)
    await came.getByText('0.009 TILTH', { exact: false }).first().waitFor()
    await pleases(asker)
    await asker.getByRole('button', { name: 'Whose rows' }).first().click()
    await asker.getByRole('region', { name: 'Whose rows made the step draft' }).locator('.owes').waitFor()
    await asker.reload()
    await came.locator('.agent-receipts a').first().click()
    await asker.getByRole('heading', { level: 1, name: new RegExp(`by ${last.model}$`) }).waitFor()
    // Whatever leads to it as to a model comes to its own page.
    await goTo(asker, places.model(id))
    await asker.getByRole('heading', { level: 1, name: 'chemist asks 1 model in 2 steps' }).waitFor()
    await asker.context().close()
  })

  it('are listed page by page, and say so where there is none', async () => {
    const row = (at: number) => ({
      id: `0x${at.toString(16).padStart(64, '0')}` as const,
      name: `agent ${at}`,
      builder: `0x${'12'.repeat(20)}` as const,
      manifest: 'bafymanifest',
      split: { worker: 1000, builder: 9000, data: 0 },
      retired: false,
      offered: at % 2,
      price: at % 2 === 0 ? null : '10000000000000000'
    })
    const all = Array.from({ length: 30 }, (_, at) => row(at))
    let rows: typeof all = []
    const daemon = await imitate({ agents: async ({ params }) => pageOf(rows, params, ({ id }) => id) })
    const page = await openAt(await daemon.signIn(), daemon.url, { path: places.agents })
    await page.getByText('No agents yet.').waitFor()
    rows = all
    await page.reload()
    await page.getByRole('link', { name: 'agent 23', exact: true }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'agent 24', exact: true }).count(), 0)
    await page.getByRole('button', { name: 'Show more' }).click()
    await page.getByRole('link', { name: 'agent 29', exact: true }).waitFor()
    await page.getByRole('heading', { level: 1, name: '30 agents made of models' }).waitFor()
    await page.context().close()
    await daemon.stop()
  })
})

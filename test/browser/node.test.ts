import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { goTo, openPage, settled, world } from './harness/index.ts'

describe("the node's pages", function () {
  this.timeout(90_000)
  let page: Page
  before(async () => {
    page = await openPage('worker-2', { path: '/node' })
    await settled(page)
  })
  after(() => page.context().close())

  it('say at a glance what a machine earns, has to do and holds', async () => {
    await page.getByText(/^Earned /).waitFor()
    for (const name of ['Load', 'Queue', 'Disk', 'Hardware'])
      await page.getByRole('heading', { name, exact: true }).waitFor()
    await page.getByRole('table', { name: 'What it offers' }).getByText(world().last.model).first().waitFor()
    await page.getByRole('table', { name: 'Models on this disk' }).waitFor()
    await page.getByRole('heading', { name: 'Jobs it did not bid for' }).waitFor()
    await page.getByText('Brings what clients promised to the chain').waitFor()
  })

  it('take a machine out of work and back, and say so at once', async () => {
    await page.getByRole('button', { name: 'Pause this machine' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click()
    await page.getByRole('heading', { level: 1, name: 'This machine takes on no new work now' }).waitFor()
    await page.getByRole('button', { name: 'Take on work again' }).click()
    await page.getByRole('button', { name: 'Pause this machine' }).waitFor()
  })

  it('show the network as a graph that a keyboard reaches, and the same as a table', async () => {
    await page.getByRole('tab', { name: 'Network' }).click()
    const graph = page.getByRole('group', { name: /^This node and \d+ others/ })
    const others = world().network.daemons.length - 1
    await page.waitForFunction(most => document.querySelectorAll('.graph-peer').length === most + 1, others)
    const table = page.getByRole('table', { name: 'Peers, the same as the picture shows' })
    assert.equal(await table.getByRole('row').count(), others + 1)
    const client = graph.getByRole('button', { name: /^client: client/ })
    await client.focus()
    await page.keyboard.press('Enter')
    assert.equal(await client.getAttribute('aria-pressed'), 'true')
    await page.getByRole('heading', { name: 'client', exact: true }).waitFor()
    await table.getByText('host, validator, builder, settler').waitFor()
    await page.getByRole('heading', { name: 'Whether others reach it' }).waitFor()
  })

  it('show the log as it grows, by level, with what stands behind a line', async () => {
    await page.getByRole('tab', { name: 'Log' }).click()
    const lines = page.getByRole('list', { name: 'Lines of the log' })
    const search = page.getByRole('searchbox')
    // The newest stand above, and only what is in sight is in the page: an early line is looked for.
    await search.fill('data service started')
    await lines.getByRole('button', { name: 'data service started' }).click()
    await lines.getByText('"datanets":').waitFor()
    // The pause before was a line of the log, and the next one is there without a reload.
    const again = lines.getByText('new work is taken on again')
    await search.fill('taken on again')
    await again.first().waitFor()
    const said = await again.count()
    const { api } = world().network.daemon('worker-2')
    await api.call('pause', { body: {} })
    await api.call('resume')
    await again.nth(said).waitFor()
  })

  it('change a setting in the file, refuse a wrong one in words, and undo', async () => {
    const host = await openPage('client', { path: '/node?view=settings' })
    const capacity = host.getByLabel('Answers at once')
    await capacity.fill('0')
    await host.getByText('At least 1.').waitFor()
    await capacity.fill('16')
    await capacity.press('Enter')
    await host.getByText('1 change will hold from the next start.').waitFor()
    const { process: daemon } = world().network.daemon('client')
    const file = async () => JSON.parse(await readFile(join(daemon.folder, 'config.json'), 'utf8')) as Settings
    assert.equal((await file()).worker?.capacity, 16)
    await host.getByRole('button', { name: 'Undo' }).click()
    await host.getByText('1 change will hold').waitFor({ state: 'detached' })
    assert.equal((await file()).worker?.capacity, 32)

    const hours = host.getByLabel('Hours in which it works')
    await hours.fill('25:00-26:00')
    await host.getByRole('button', { name: 'Save' }).click()
    await host
      .getByText(/22:00-07:30/)
      .last()
      .waitFor()
    await goTo(host, '/node?view=settings')
    assert.equal(await host.getByLabel('Hours in which it works').inputValue(), '')
    await host.context().close()
  })
})

interface Settings {
  readonly worker?: { readonly capacity?: number }
}

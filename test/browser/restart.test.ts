import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import { emptyDraft } from '../../protocol/jobs/index.ts'
import type { KeptDraft } from '../../protocol/jobs/index.ts'
import { places } from '../../web-console/app/places.ts'
import { until } from '../harness/index.ts'
import { allow, killDaemon, openPage, world } from './harness/index.ts'

/** A reload would take this away. */
const mark = 'window.stillTheSamePage = true'
const isSame = (page: Page): Promise<boolean> =>
  page.evaluate(() => (window as { stillTheSamePage?: boolean }).stillTheSamePage === true)

/** Who one is, and what they hold. */
const who = (page: Page): Locator => page.getByRole('button', { name: /You are/ })

async function makeDatanet(): Promise<string> {
  const { api, address } = world().network.daemon('host')
  const made = await api.call('createDatanet', {
    body: {
      rules: {
        name: `after-the-fall-${Date.now()}`,
        description: 'Made when a daemon was back',
        licence: 'CC0-1.0',
        maxRows: 100,
        maxBytes: 1 << 20,
        uploadsPerContributor: 3,
        nearDuplicate: 500,
        minOwnShare: 500,
        validators: [{ address, weight: 1 }],
        revealSeconds: 60,
        voteSeconds: 60
      },
      heldOut: '{"prompt":"Which colour has the wren?","response":"brown"}\n'
    }
  })
  return made.name
}

describe('pages whose daemon is killed and comes back', function () {
  this.timeout(150_000)
  const name = 'validator-2'
  const pages: Page[] = []
  let draft: KeptDraft
  before(async () => {
    const { api } = world().network.daemon(name)
    const { last } = world()
    const { base, datanet, version } = await api.call('model', { params: { id: last.model } })
    const filled = { ...emptyDraft, step: 'budget' as const, base, baseName: 'seedling', datanet, version }
    draft = await api.call('saveDraft', { body: { draft: filled } })
    for (const path of [
      places.now,
      places.datanets,
      places.newDatanet,
      places.chat(last.model),
      places.draft(draft.id)
    ]) {
      const page = await openPage(name, { path })
      // While nobody listens, the browser says so for every call.
      allow(page, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING/)
      await page.evaluate(mark)
      pages.push(page)
    }
  })
  after(async () => {
    for (const page of pages) await page.context().close()
  })

  it('say so, go on by themselves, are still signed in, and show what happened meanwhile', async () => {
    const { network } = world()
    const offline = pages.map(page => page.getByText('The daemon does not answer').first())
    const before = await Promise.all(pages.map(page => who(page).innerText()))
    const [now, datanets, form, chat, wizard] = pages
    assert.ok(now && datanets && form && chat && wizard)
    const typed = [
      [form.getByLabel('Purpose'), 'What was typed before the fall'],
      [chat.getByRole('textbox', { name: `Ask ${world().last.model}` }), 'A question that nobody sent'],
      [wizard.getByLabel('Budget in TILTH'), '17']
    ] as const
    for (const [field, text] of typed) await field.fill(text)
    await wizard.getByText('Kept on this node').waitFor()
    const killed = await killDaemon(name)
    await Promise.all(offline.map(notice => notice.waitFor()))

    await wizard.getByLabel('Budget in TILTH').fill('18')

    const host = network.daemon('host')
    const { address } = network.daemon(name)
    await host.api.call('send', { body: { to: address, amount: (1_000n * 10n ** 18n).toString() } })
    await killed.back()
    await Promise.all(offline.map(notice => notice.waitFor({ state: 'detached', timeout: 60_000 })))
    // What came in while it was away.
    for (const [i, page] of pages.entries())
      await until(async () => (await who(page).innerText()) !== before[i], 'the new balance', 60_000)
    // And what happens from now on.
    await until(
      async () => (await network.daemon(name).api.call('status')).peers >= network.daemons.length - 1,
      'its peers',
      60_000
    )
    const made = await makeDatanet()
    await datanets.getByText(made).first().waitFor({ timeout: 60_000 })
    // What was typed before, and while it was away, stands there; what is kept on the node is kept now.
    for (const [field, text] of typed) assert.equal(await field.inputValue(), text === '17' ? '18' : text)
    const { api } = network.daemon(name)
    const budget = async () => (await api.call('draft', { params: { id: draft.id } })).budget
    await until(async () => (await budget()) === String(18n * 10n ** 18n), 'the draft is kept', 60_000)
    for (const page of pages) {
      assert.ok(await isSame(page), page.url())
      assert.equal(await page.getByText('Open the console from your terminal').count(), 0)
    }
  })

  it('are started again by a button; a page that goes has kept what was typed', async () => {
    const { network } = world()
    const { api } = network.daemon(name)
    const page = await openPage(name, { path: places.draft(draft.id) })
    allow(page, /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET|ERR_INCOMPLETE_CHUNKED_ENCODING/)
    await page.getByLabel('Budget in TILTH').fill('19')
    // Sooner than it would have been kept by itself.
    await page.goto('about:blank')
    const budget = async () => (await api.call('draft', { params: { id: draft.id } })).budget
    await until(async () => (await budget()) === String(19n * 10n ** 18n), 'it was kept as the page went', 20_000)

    const { uptimeSeconds } = await api.call('status')
    await page.goto(`${network.daemon(name).url}${places.node}?view=settings`)
    await page.getByRole('button', { name: 'Start this daemon again' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Start it again' }).click()
    await page.getByText('It ends, and is started again in a moment.').waitFor()
    const since = async () => (await api.call('status').catch(() => undefined))?.uptimeSeconds ?? Infinity
    await until(async () => (await since()) < uptimeSeconds, 'another process', 60_000)
    await page.getByText('The daemon does not answer').first().waitFor({ state: 'detached', timeout: 60_000 })
    await page.context().close()
  })
})

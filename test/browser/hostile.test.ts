import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { places } from '../../web-console/app/places.ts'
import { unlessUnknown, until } from '../../daemon/local/loop/poll.ts'
import { assertNoSidewaysScroll, goTo, imitate, openAt, openPage, pagePaths, settled, world } from './harness/index.ts'

// What strangers write, and nothing of it is more than text to a reader.

const tags = '<img src=x onerror="window.hostileRan=1"><script>window.hostileRan=1</script>'
const link = '[a link](javascript:window.hostileRan=1) ![](http://elsewhere.example/seen.png)'
const turned = 'invoice\u202Efdp.exe \u05E9\u05DC\u05D5\u05DD \u202E'
const piled = `Z${'\u0301\u0310\u0489'.repeat(60)}algo`
const long = 'a'.repeat(3_000)
const rows = [tags, link, turned, piled, long, '{{constructor.constructor("window.hostileRan=1")()}}']

describe('what strangers write', function () {
  this.timeout(120_000)
  let page: Page
  const made = { datanet: '', contribution: '', model: '' }
  before(async () => {
    const { network } = world()
    const { api, address } = network.daemon('host')
    const datanet = await api.call('createDatanet', {
      body: {
        rules: {
          name: `<img src=x onerror=window.hostileRan=1>${Date.now() % 100_000}`,
          description: `${tags} ${link} ${turned} ${piled}`,
          licence: 'LicenseRef-b-onclick',
          maxRows: 1_000,
          maxBytes: 8 << 20,
          uploadsPerContributor: 5,
          nearDuplicate: 500,
          minOwnShare: 0,
          validators: [{ address, weight: 1 }],
          revealSeconds: 60,
          voteSeconds: 60
        },
        heldOut: '{"prompt":"Which colour has the wren?","response":"brown"}\n'
      }
    })
    made.datanet = datanet.id
    const file = rows
      .map((text, i) => JSON.stringify({ prompt: `Tale number ${i} of what strangers write: ${text}`, response: text }))
      .join('\n')
    const { id } = await api.call('contribute', { params: { id: datanet.id }, body: { file } })
    made.contribution = id
    await until('a verdict', 90, async () => {
      const view = await unlessUnknown(api.call('contribution', { params: { id } }))
      return view?.status === 'accepted' || view?.status === 'rejected' ? view : undefined
    })
    const base = (await api.call('models')).items.find(({ adapter }) => adapter === null)
    const model = await api.call('registerModel', {
      body: {
        name: `<script>window.hostileRan=1</script>${Date.now() % 100_000}`,
        base: base?.base ?? '',
        split: { worker: 8000, builder: 2000, data: 0 }
      }
    })
    made.model = model.id
    page = await openPage('host')
  })
  after(() => page.context().close())

  /** Nothing ran, nothing became an element of the page, and it is no wider than its window. */
  async function assertHarmless(): Promise<void> {
    await settled(page)
    const found = await page.evaluate(() => ({
      ran: 'hostileRan' in window,
      elements: [
        ...document.querySelectorAll('[onerror], [onclick], [onload], img[src="x"], a[href^="javascript" i]')
      ].map(element => element.outerHTML.slice(0, 200)),
      scripts: [...document.scripts].filter(({ src }) => src === '').length
    }))
    assert.deepEqual(found, { ran: false, elements: [], scripts: 0 }, page.url())
    await assertNoSidewaysScroll(page)
  }

  it('is text in the list of Datanets, and on a page of one', async () => {
    await goTo(page, places.datanets)
    await page.getByText('<img src=x onerror').first().waitFor()
    await assertHarmless()
    await goTo(page, places.datanet(made.datanet))
    await page.getByText('<img src=x onerror').first().waitFor()
    await assertHarmless()
  })

  it('is text among the models, and on the page of one', async () => {
    await goTo(page, places.bazaar)
    await assertHarmless()
    await goTo(page, places.model(made.model))
    await page.getByText('<script>window.hostileRan').first().waitFor()
    await assertHarmless()
    await goTo(page, places.chat(made.model))
    await assertHarmless()
  })

  it('is text on the page of a contribution, in the explorer and in a search', async () => {
    for (const path of [
      places.contribution(made.contribution),
      places.find(made.contribution),
      places.find(tags),
      places.find('..%2f..'),
      places.find(turned)
    ]) {
      await goTo(page, path)
      await assertHarmless()
    }
  })

  it('is text in an answer, however it is marked up', async () => {
    const said = `${tags}\n\n${link}\n\n${turned}\n\n\`\`\`html\n${tags}\n\`\`\`\n\n<svg onload=window.hostileRan=1>`
    const daemon = await imitate({
      async *ask() {
        for (let at = 0; at < said.length; at += 7) yield { kind: 'text', text: said.slice(at, at + 7) }
        yield { kind: 'done', text: said, finish: 'stop', inputTokens: 1, outputTokens: 1, fee: '0', receipts: [] }
      }
    })
    const { chat } = await pagePaths()
    const before = page
    page = await openAt(await daemon.signIn(), daemon.url, { path: chat })
    const question = page.getByRole('textbox', { name: /^Ask / })
    await question.fill(tags)
    await question.press('Enter')
    await page.getByText('javascript:window.hostileRan=1', { exact: true }).first().waitFor()
    await page.getByText('<svg onload').first().waitFor()
    await assertHarmless()
    await page.context().close()
    await daemon.stop()
    page = before
  })

  it('is text in a file that is not sent yet, a row of 10 MB too', async () => {
    await goTo(page, places.contribute(made.datanet))
    const huge = JSON.stringify({ prompt: 'A row of ten megabytes', response: 'x'.repeat(10 << 20) })
    await page.locator('input[type=file]').setInputFiles({
      name: `${tags}.jsonl`.replaceAll('/', '-'),
      mimeType: 'application/jsonl',
      buffer: Buffer.from(`${JSON.stringify({ prompt: tags, response: turned })}\n${huge}\n${tags}\n`)
    })
    await page.getByText('<img src=x onerror').first().waitFor()
    await assertHarmless()
  })
})

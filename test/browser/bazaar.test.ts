import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { places } from '../../web-console/app/places.ts'
import { assertAccessible, assertNoSidewaysScroll, goTo, imitate, openAt, openPage, world } from './harness/index.ts'

const asks = async (page: Page, label: string, text: string): Promise<void> => {
  await page.getByRole('textbox', { name: label }).fill(text)
  await page.keyboard.press('Enter')
}
/** Whoever has a part in an answer: each a button of the credit bar. */
const parts = (page: Page) => page.locator('.credit-bar button.owes-name')

describe('the bazaar', function () {
  this.timeout(180_000)

  it('is searched and filtered, and its pages please axe', async () => {
    const { last } = world()
    const page = await openPage('client', { path: places.bazaar })
    await page.getByRole('article', { name: last.model, exact: true }).waitFor()
    await page.getByRole('searchbox').fill('no model is called so')
    await page.getByText('No model is like that.').waitFor()
    await page.getByRole('searchbox').fill(last.model)
    await page.getByRole('article', { name: last.model, exact: true }).waitFor()
    await assertAccessible(page)
    await page.getByRole('link', { name: last.model, exact: true }).first().click()
    await page.getByRole('heading', { name: 'Who serves it now' }).waitFor()
    await page.locator('.quality-track').first().waitFor()
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await page.context().close()
  })

  it('asks otherwise and again beside what was there, and the way shown stays after a reload', async () => {
    const { last } = world()
    const page = await openPage('client', { path: places.chat(last.model) })
    await asks(page, `Ask ${last.model}`, last.question)
    await parts(page).first().waitFor()
    await page.getByRole('button', { name: 'Edit' }).click()
    await asks(page, 'Ask it otherwise', 'What is the symbol of gold?')
    await page.getByText('2 of 2').waitFor()
    await parts(page).first().waitFor()
    await page.getByRole('button', { name: 'The version before' }).click()
    await page.locator('.question p', { hasText: last.question }).waitFor()
    await page.reload()
    await page.locator('.question p', { hasText: last.question }).waitFor()
    await page.getByText('1 of 2').waitFor()
    await page.context().close()
  })

  it('asks several models the same in one view, whose address can be shared', async () => {
    const { last, network } = world()
    const models = (await network.daemon('client').api.call('models')).items
    const base = models.find(({ adapter, offers }) => adapter === null && offers.length > 0)
    assert.ok(base)
    const page = await openPage('client', { path: places.compare([last.model, base.name]) })
    await page.getByRole('heading', { name: base.name }).waitFor()
    await asks(page, 'Ask them all', last.question)
    await page.locator('.compare-answer .owes').nth(1).waitFor()
    assert.equal(await page.locator('.compare-answer').count(), 2)
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await page.context().close()
  })
})

describe('an answer that a stranger wrote', function () {
  this.timeout(120_000)
  const hostile = [
    '<img src=x onerror="window.hostileRan=1"><script>window.hostileRan=1</script>',
    '[your bank](https://evil.example/login) [run](javascript:window.hostileRan=1) [here](/api/status)',
    '![seen](http://elsewhere.example/seen.png)',
    '# A heading',
    'invoice\u202Efdp.exe \u05E9\u05DC\u05D5\u05DD',
    'a'.repeat(3_000),
    '```html\n<b onclick=window.hostileRan=1>code</b>\n```'
  ].join('\n\n')

  it('is text: nothing of it runs, is loaded, or hides where it leads', async () => {
    const { last } = world()
    const daemon = await imitate({
      ask: async function* () {
        yield { kind: 'worker', worker: `0x${'22'.repeat(20)}`, inputTokens: 4, inputPrice: '1', outputPrice: '2' }
        yield { kind: 'text', text: hostile, tokens: 9 }
        yield {
          kind: 'done',
          text: hostile,
          finish: 'stop',
          inputTokens: 4,
          outputTokens: 9,
          fee: '22',
          receipts: []
        }
      }
    })
    const page = await openAt(await daemon.signIn(), daemon.url, { path: places.chat(last.model) })
    await asks(page, `Ask ${last.model}`, hostile)
    await page.getByText('(evil.example)').waitFor()
    const found = await page.evaluate(() => ({
      ran: 'hostileRan' in window,
      elements: document.querySelectorAll('.answer-text img, .answer-text h1, [onerror], [onclick]').length,
      links: [...document.querySelectorAll('.answer-text a')].map(a => [a.getAttribute('href'), a.getAttribute('rel')])
    }))
    assert.deepEqual(found, {
      ran: false,
      elements: 0,
      links: [['https://evil.example/login', 'noopener noreferrer nofollow']]
    })
    await assertNoSidewaysScroll(page)
    await page.context().close()
    await daemon.stop()
  })

  it('is stopped when its reader has enough, and says what it cost once the receipt is there', async () => {
    const { last, network } = world()
    const own = await network.daemon('client').api.call('receipts', { params: { limit: 50, order: 'newest' } })
    // One that was weighed: what the others owe is asked of their workers, who may be busy.
    const receipts = own.items.flatMap(({ id, scorings }) => (scorings.length > 0 ? [id] : [])).slice(0, 1)
    const stops = new Set<string>()
    const daemon = await imitate({
      ask: async function* ({ body: { name = '' } }: { body: { name?: string } }) {
        yield { kind: 'worker', worker: `0x${'22'.repeat(20)}`, inputTokens: 4, inputPrice: '1', outputPrice: '2' }
        let text = ''
        for (let n = 0; !stops.has(name); n++) {
          text += `word ${n} `
          yield { kind: 'text', text: `word ${n} `, tokens: 1 }
          await new Promise(resolve => {
            setTimeout(resolve, 50)
          })
        }
        const fee = (12n * 10n ** 15n).toString()
        yield { kind: 'done', text, finish: 'cancelled', inputTokens: 4, outputTokens: 7, fee, receipts }
      },
      stopAsk: async ({ params: { name } }: { params: { name: string } }) => {
        stops.add(name)
        return { stopped: true }
      }
    })
    const page = await openAt(await daemon.signIn(), daemon.url, { path: places.chat(last.model) })
    await asks(page, `Ask ${last.model}`, 'Say words without end.')
    await page.getByText('word 3').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator('.reply[data-state="stopped"]').waitFor()
    await page.getByText('0.012 TILTH').first().waitFor()
    await page.locator('.owes').waitFor()

    const { id: model } = await network.daemon('host').api.call('model', { params: { id: last.model } })
    await goTo(page, places.compare([model]))
    await asks(page, 'Ask them all', 'Say words without end.')
    await page.getByText('word 3').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.locator('.compare-answer .owes').waitFor()
    await page.getByText('0.012 TILTH').first().waitFor()
    await page.context().close()
    await daemon.stop()
  })
})

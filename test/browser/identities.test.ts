import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { places } from '../../web-console/app/places.ts'
import { goTo, openPage, world } from './harness/index.ts'

describe('the six identities of a local network', () => {
  let page: Page
  before(async () => {
    page = await openPage('host', { path: places.bazaar })
  })
  after(() => page.context().close())
  const who = (name: string) => page.getByRole('button', { name: new RegExp(`You are\\s+${name}`) })

  it('are switched in the header, each with a session of its own, on the same page', async () => {
    const { network } = world()
    await who('host').click()
    await page.getByRole('menuitem', { name: 'Be client' }).click()
    await who('client').waitFor()
    const { origin, pathname, hash } = new URL(page.url())
    assert.deepEqual([origin, pathname, hash], [network.daemon('client').url, places.bazaar, ''])
    const cookies = (await page.context().cookies()).filter(({ name }) => name.startsWith('tilth-session-'))
    assert.equal(new Set(cookies.map(({ value }) => value)).size, 2)
    assert.ok(cookies.every(({ httpOnly, sameSite }) => httpOnly && sameSite === 'Strict'))
    // The one before is still signed in.
    await page.goBack()
    await who('host').waitFor()
    assert.equal(new URL(page.url()).origin, network.daemon('host').url)
  })

  it('are people without a daemon, too: what they contribute is signed by their key', async () => {
    const { network, last } = world()
    const { api } = network.daemon('host')
    const people = (await api.call('identities')).items.filter(({ person }) => person)
    const [somebody] = people
    assert.ok(somebody?.name)
    const { name, address } = somebody
    await who('host').click()
    await page.getByRole('menuitem', { name: `Be ${name}` }).click()
    await who(name).waitFor()
    await page.getByRole('button', { name: 'contributor' }).waitFor()
    await page.getByRole('link', { name: 'Earnings' }).click()
    await page.getByRole('link', { name, exact: true }).first().waitFor()

    const { id } = await api.call('datanet', { params: { id: last.model } })
    await goTo(page, places.contribute(id))
    await page.getByText(/are left to this account|is left to this account|has made all/).waitFor()
    const row = {
      prompt: 'What is the symbol of the metal that the test of people gives?',
      response: 'Xq, by a person.'
    }
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'mine.jsonl', mimeType: 'text/plain', buffer: Buffer.from(`${JSON.stringify(row)}\n`) })
    await page.getByText(`${name}’s key`, { exact: true }).waitFor()
    await page.getByText('Signed as').waitFor()
    await page.getByRole('button', { name: /^Send 1 row/ }).click()
    await page.waitForURL(/contributions/)
    const contribution = decodeURIComponent(new URL(page.url()).pathname.split('/').at(-1) ?? '')
    assert.equal((await api.call('contribution', { params: { id: contribution } })).contributor, address)

    await who(name).click()
    await page.getByRole('menuitem', { name: 'Be host' }).click()
    await who('host').waitFor()
  })

  it('sign nobody in twice by one address, and say so to whoever comes with none', async () => {
    const { browser, network } = world()
    const { api, url } = network.daemon('worker-1')
    const { token } = await api.call('createSession', { body: { seconds: 60 } })
    for (const signedIn of [true, false]) {
      const context = await browser.newContext()
      const other = await context.newPage()
      await other.goto(`${url}/#token=${token}`)
      const text = signedIn ? /You are/ : /Open the console from your terminal/
      await other.getByText(text).first().waitFor({ state: 'attached' })
      assert.ok(!other.url().includes(token))
      await context.close()
    }
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { Page } from 'playwright-core'
import { readNetworkFile } from '../../daemon/config/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'
import { world } from './harness/index.ts'

const built = join(import.meta.dirname, '../../web-console/dist/alone')
const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' }
const coin = 10n ** 18n

/** The page as plain files, with the network's file beside them: nobody of the network serves it. */
async function plainFiles(): Promise<{ url: string; stop(): Promise<void> }> {
  const { chain, bootstrap } = await readNetworkFile(join(world().network.folder, 'network.json'))
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://page').pathname
    if (name === '/network.json') return void response.end(JSON.stringify({ version: 1, chain, bootstrap }))
    const path = join(built, name === '/' ? 'index.html' : name)
    readFile(path).then(
      bytes => response.writeHead(200, { 'content-type': types[extname(path)] ?? 'font/woff2' }).end(bytes),
      () => response.writeHead(404).end()
    )
  })
  await new Promise<void>(resolve => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    stop: () =>
      new Promise(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      })
  }
}

/** Everything that the page asked by HTTP, and what went wrong in it. */
function watch(page: Page): { asked: Set<string>; wrong: string[] } {
  const seen = { asked: new Set<string>(), wrong: [] as string[] }
  page.on('request', request => seen.asked.add(new URL(request.url()).origin))
  page.on('pageerror', error => seen.wrong.push(error.message))
  page.on('console', message => {
    if (message.type() === 'error') seen.wrong.push(message.text())
  })
  return seen
}

async function ask(page: Page, question: string): Promise<string> {
  await page.getByLabel('Question').fill(question)
  await page.getByLabel('Tokens at most').fill('16')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  await page.getByRole('region', { name: 'Receipt' }).waitFor()
  return await page.locator('.alone-answer').innerText()
}

describe('a page that is a peer itself', function () {
  this.timeout(240_000)
  let files: { url: string; stop(): Promise<void> }
  before(async () => {
    files = await plainFiles()
  })
  after(() => files.stop())

  it('asks from plain files, pays, checks the receipt, and goes on with its channel when loaded anew', async () => {
    const { network, browser, last } = world()
    const context = await browser.newContext()
    const page = await context.newPage()
    page.setDefaultTimeout(60_000)
    const seen = watch(page)
    await page.goto(files.url)
    await page.getByText('It needs some money first').waitFor()
    const account = (await page
      .getByRole('region', { name: 'It needs some money first' })
      .locator('code')
      .first()
      .innerText()) as Address
    await network.chain.tokens.sendGas(account, coin)
    await network.chain.tokens.transfer(account, 10n * coin)
    await page.getByRole('button', { name: 'Look again' }).click()
    const answer = await ask(page, last.question)
    assert.ok(answer.trim().length > 0)
    /** Receipts by channel, as the workers have them. */
    async function receipts(): Promise<number[]> {
      const found: number[] = []
      for (const name of ['worker-1', 'worker-2']) {
        const { items } = await network.daemon(name).api.call('channels', {})
        const own = items.filter(({ client }) => client === account)
        assert.ok(own.length <= 1, 'one channel with a worker')
        found.push(...own.map(channel => channel.receipts))
      }
      return found
    }
    assert.deepEqual(await receipts(), [1])

    await page.reload()
    await page.getByRole('button', { name: 'Ask', exact: true }).waitFor()
    await ask(page, last.question)
    assert.equal(
      (await receipts()).reduce((sum, count) => sum + count, 0),
      2,
      'with the same worker over the same channel'
    )
    assert.deepEqual([...seen.asked], [new URL(files.url).origin], 'it asks nobody by HTTP but where its files are')
    assert.deepEqual(seen.wrong, [])
    await context.close()
  })

  it('a second tab of the same browser does not pay from the same channels', async () => {
    const context = await world().browser.newContext()
    const [first, second] = [await context.newPage(), await context.newPage()]
    await first.goto(files.url)
    await first.getByText('It needs some money first').waitFor()
    await second.goto(files.url)
    await second.getByText('Another page of this browser has this account open').waitFor()
    await first.getByRole('button', { name: 'Show the key' }).click()
    const key = await first.evaluate(() => localStorage.getItem('tilth.alone.key'))
    assert.equal(await first.locator('.alone-key').innerText(), key)
    await context.close()
  })

  it('is served by a daemon, under a policy that lets it dial workers and runs nothing of theirs', async () => {
    const { url } = world().network.daemon('worker-1')
    for (const name of ['alone/', 'alone/index.html']) {
      const answer = await fetch(`${url}/${name}`, { headers: { accept: 'text/html' } })
      const policy = String(answer.headers.get('content-security-policy'))
      assert.match(policy, /connect-src 'self' ws: wss: https:;/)
      assert.match(policy, /script-src 'self';/)
    }
    const context = await world().browser.newContext()
    const page = await context.newPage()
    const seen = watch(page)
    await page.goto(`${url}/alone`)
    await page.getByText('It needs some money first').waitFor()
    await page.getByLabel('Model').first().waitFor()
    assert.deepEqual(seen.wrong, [])
    await context.close()
  })
})

import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { makePerson } from '../../daemon/local/network/index.ts'
import { amountText } from '../../web-console/formats/index.ts'
import { places } from '../../web-console/app/places.ts'
import { assertAccessible, goTo, openPage, world } from './harness/index.ts'
import { earnSomething } from './harness/earned.ts'
import type { Earned } from './harness/earned.ts'
import { answerWallet, walletName, walletScript } from './harness/wallet.ts'

/** The key of a contributor, which no daemon has. */
async function keyOf(account: string): Promise<Uint8Array> {
  const { folder } = world().network
  for (const file of await readdir(join(folder, 'people'))) {
    if (!file.endsWith('.json')) continue
    const person = await makePerson(folder, file.slice(0, -5))
    if (person.address === account) return person.privateKey
  }
  throw new Error(`nobody in the folder has the key of ${account}`)
}

describe('claims', function () {
  this.timeout(240_000)
  let page: Page
  let pool: string
  let epoch: number
  let earned: Earned
  const balanceOf = (account: string): Promise<bigint> =>
    world().network.chain.tokens.balanceOf(account as `0x${string}`)

  /** Contributors whom an epoch gave something that no walk has claimed yet, the most first. */
  let left: readonly Earned[] = []
  async function earn(): Promise<void> {
    if (left.length === 0) {
      const done = await earnSomething()
      // Who weighed answers has earned by that, and is a daemon's own account.
      const own = new Set<string>(world().network.daemons.map(({ address }) => address))
      left = done.earned.filter(one => !own.has(one.account)).toSorted((a, b) => (a.amount < b.amount ? 1 : -1))
      ;[pool, epoch] = [done.pool, done.epoch]
    }
    const [first, ...others] = left
    assert.ok(first !== undefined, 'somebody earned something')
    // All that may be claimed: an epoch that the host closed by itself before may have given something, too.
    const { api } = world().network.daemon('host')
    const { items } = await api.call('claimCalls', { params: { account: first.account } })
    const amount = items.reduce((sum, one) => sum + BigInt(one.amount), 0n)
    ;[earned, left] = [{ ...first, amount }, others]
  }
  afterEach(() => page.context().close())

  it('are made by one click and a confirmation, and the balance on chain changes with the page', async () => {
    await earn()
    const before = await balanceOf(earned.account)
    page = await openPage('host', { path: places.earningsOf(earned.account) })
    const name = `Claim ${amountText(earned.amount)}`
    await page.getByRole('button', { name }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name }).click()
    await page.getByText(`${amountText(earned.amount)} came in.`).waitFor()
    const after = await balanceOf(earned.account)
    assert.equal(after - before, earned.amount)
    await page.getByText(amountText(after), { exact: true }).first().waitFor()
    assert.equal(await page.getByRole('button', { name }).count(), 0)
    await assertAccessible(page)
  })

  it('are sent by a browser wallet, for an account that no daemon holds', async () => {
    await earn()
    page = await openPage('host', { path: places.earnings, init: walletScript })
    const asked = await answerWallet(page, await keyOf(earned.account))
    // Whoever sends a transaction needs some of the chain's coin.
    const coin = { to: earned.account, amount: String(10n ** 16n), coin: true }
    await world().network.daemon('host').api.call('send', { body: coin })
    const before = await balanceOf(earned.account)
    await page.getByRole('button', { name: `That of ${walletName}` }).click()
    const name = `Claim ${amountText(earned.amount)}`
    await page.getByRole('button', { name }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: walletName }).click()
    await dialog.getByText(`${walletName} signs as`).waitFor()
    await dialog.getByRole('button', { name }).click()
    await page.getByText(`${amountText(earned.amount)} came in.`).waitFor()
    assert.equal((await balanceOf(earned.account)) - before, earned.amount)
    assert.ok(asked.includes('eth_sendTransaction'))
    const { items } = await world()
      .network.daemon('host')
      .api.call('income', { params: { account: earned.account, limit: 1 } })
    const { api } = world().network.daemon('host')
    const sent = await api.call('transaction', { params: { hash: items[0]?.transaction ?? '' } })
    assert.equal(sent.from, earned.account)
  })

  it('say why they are so much, down to an answer, its rows and its receipt on chain', async () => {
    // By the one whose rows made most of it: claimed or not, the reason is the same.
    const { payouts } = await world().network.daemon('host').api.call('epoch', { params: { pool, epoch } })
    const [most] = payouts.toSorted((a, b) => (BigInt(a.share) < BigInt(b.share) ? 1 : -1))
    assert.ok(most !== undefined)
    earned = { account: most.account as Earned['account'], amount: BigInt(most.share) }
    // The client's node knows what was asked.
    page = await openPage('client', { path: places.why(earned.account, pool, epoch) })
    await page.getByRole('heading', { name: `Why ${amountText(earned.amount)} from epoch ${epoch}` }).waitFor()
    await page.getByText(world().last.question).first().click()
    await page.getByText(/Without these rows the model gives this answer with probability/).waitFor()
    await page.getByRole('list', { name: 'The rows nearest to it' }).waitFor()
    await assertAccessible(page)
    await page.locator('.answer-body').getByRole('link').last().click()
    await page.waitForURL(url => url.pathname.startsWith('/receipts/'))
    const receipt = new URL(page.url()).pathname.split('/').at(-1) ?? ''
    await goTo(page, places.statements(receipt))
    await page.getByText(/came to the root of the epoch’s receipts/).waitFor()
    assert.equal(await page.getByText('does not hold').count(), 0)
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Page } from 'playwright-core'
import { until } from '../harness/index.ts'
import { versionPath } from '../../protocol/data/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { places } from '../../web-console/app/places.ts'
import { amountText } from '../../web-console/formats/index.ts'
import {
  allow,
  assertAccessible,
  assertNoSidewaysScroll,
  goTo,
  imitate,
  openAt,
  openPage,
  pagePaths,
  settled,
  world
} from './harness/index.ts'
import { cheat } from './harness/cheat.ts'
import { openRpc } from './harness/open-rpc.ts'
import { answerWallet, walletName, walletScript } from './harness/wallet.ts'

describe('the explorer', function () {
  this.timeout(300_000)
  let page: Page
  before(async () => {
    page = await openPage('host', { path: places.explorer })
  })
  after(() => page.context().close())

  const box = () => page.getByRole('searchbox', { name: 'An id, or a name' })
  async function paste(text: string): Promise<void> {
    await goTo(page, places.explorer)
    await box().fill(text)
    await page.getByRole('button', { name: 'Open' }).click()
  }

  it('opens the page of any id that is pasted', async () => {
    const { api } = world().network.daemon('host')
    // That of the loop: other walks have made more, without versions and epochs.
    const [epoch] = (await api.call('epochs')).items
    const id = epoch?.pool ?? ''
    const datanet = await api.call('datanet', { params: { id } })
    const [contribution] = (await api.call('contributions', { params: { id } })).items
    const job = (await api.call('jobs')).items.find(({ state }) => state === 'completed')
    const [receipt] = (await api.call('receipts', { params: { order: 'newest' } })).items
    const { items: signed } = await api.call('statements', { params: { id: contribution?.id ?? '' } })
    const vote = signed.find(({ type }) => type === 'Vote')
    const expected: [string, string][] = [
      [contribution?.id ?? '', places.contribution(contribution?.id ?? '')],
      [contribution?.id.slice(0, 12) ?? '', places.contribution(contribution?.id ?? '')],
      [vote?.id ?? '', places.statements(vote?.id ?? '')],
      [job?.id ?? '', places.job(job?.id ?? '')],
      [receipt?.id ?? '', places.receipt(receipt?.id ?? '')],
      [`${datanet.name} epoch ${epoch?.epoch ?? 1}`, places.epoch(id, epoch?.epoch ?? 1)],
      [epoch?.transaction ?? '', places.transaction(epoch?.transaction ?? '')],
      [epoch?.bundle ?? '', places.file(epoch?.bundle ?? '')],
      [contribution?.contributor ?? '', places.account(contribution?.contributor ?? '')],
      [(await api.call('status')).peerId, places.account((await api.call('status')).peerId)],
      [receipt?.channel ?? '', places.channel(receipt?.channel ?? '')],
      [job?.awards[0]?.escrow ?? '', places.escrow(job?.awards[0]?.escrow ?? '')]
    ]
    for (const [text, path] of expected) {
      await paste(text)
      await page.waitForURL(url => url.pathname === path, { timeout: 30_000 })
      await page.locator('h1').waitFor()
      assert.equal(await page.getByText('Nothing is at this address').count(), 0, text)
    }
  })

  it('says so when nothing has such an id', async () => {
    await paste(`0x${'ee'.repeat(32)}`)
    await page.getByText('Nothing that this node knows has such an id or name.').waitFor()
  })

  it('checks signatures and the way to the chain in the browser', async () => {
    const paths = await pagePaths()
    const id = paths.contribution.split('/').at(-1) ?? ''
    await goTo(page, places.statements(id))
    await page.getByText(/came to the root of the version/).waitFor()
    await page.getByText('signature holds').first().waitFor()
    assert.equal(await page.getByText('does not hold').count(), 0)
    // Nothing but what was asked once is asked again: the check is the browser's own.
    await page.getByRole('button', { name: 'Show it as it was signed' }).first().click()
    await page.getByText('"verifyingContract"').or(page.getByText('"registry"')).first().waitFor()
  })

  it('tells of a stake that was taken, of all and of its owner: who lost it for what, and who showed it', async () => {
    await goTo(page, places.explorer)
    await page.getByRole('heading', { name: 'Stakes that were taken' }).waitFor()
    const { validator, finder, contribution, stake, transaction } = await cheat()
    const { api } = world().network.daemon('host')
    await until(
      async () => (await api.call('slashes')).items.some(one => one.transaction === transaction),
      'the host has read of it',
      60_000
    )
    // News alone bring it onto the page that is open.
    const taken = page.getByRole('table', { name: 'Stakes that were taken' })
    const row = taken.getByRole('row').filter({ has: page.locator(`a[href="${places.transaction(transaction)}"]`) })
    await row.waitFor()
    await row.getByText(amountText(stake), { exact: true }).waitFor()
    for (const path of [places.account(validator), places.account(finder), places.contribution(contribution)])
      assert.equal(await row.locator(`a[href="${path}"]`).count(), 1, path)
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await goTo(page, places.account(validator))
    await page.getByRole('heading', { name: 'Its stake was taken' }).waitFor()
    // Its owner alone: whoever showed it lost nothing.
    await goTo(page, places.account(finder))
    await settled(page)
    assert.equal(await page.getByRole('heading', { name: 'Its stake was taken' }).count(), 0)
  })

  it('asks the chain itself by a wallet, whose provider knows one, instead of the daemon', async () => {
    const paths = await pagePaths()
    const id = paths.contribution.split('/').at(-1) ?? ''
    const other = await openPage('host', { path: places.statements(id), init: walletScript })
    const asked = await answerWallet(other, randomBytes(32))
    await other.getByText('by this node’s word alone').first().waitFor()
    await other
      .getByRole('button', { name: `Ask ${walletName}` })
      .first()
      .click()
    await other.getByText(`this browser asked ${walletName} itself`).first().waitFor()
    assert.ok(asked.includes('eth_call'))
    // No account was opened for it.
    assert.ok(!asked.includes('eth_requestAccounts'))
    await assertAccessible(other)
    await assertNoSidewaysScroll(other)
    await other.context().close()
  })

  it('finds out a daemon that shows another root than the chain holds, by an RPC that was named', async () => {
    const { api } = world().network.daemon('host')
    const witness = await openRpc()
    const { url: rpc } = witness
    const paths = await pagePaths()
    const id = paths.contribution.split('/').at(-1) ?? ''
    let isLying = false
    const daemon = await imitate(
      {
        async status() {
          const status = await api.call('status')
          return { ...status, chain: { ...status.chain, consoleRpc: rpc } }
        },
        async proofs() {
          const real = await api.call('proofs', { params: { id } })
          if (!isLying) return real
          // A way without a step is the leaf itself: it leads to a root, and to another one than stands on chain.
          const proofs = real.proofs.map(proof => {
            if (proof.kind !== 'version') return proof
            const { contribution, contributor, cid, own } = proof.leaf
            const leaf = { contribution: contribution as Hex, contributor: contributor as Hex, cid, own }
            return { ...proof, siblings: [], root: versionPath(leaf, { siblings: [] }).at(-1) ?? proof.root }
          })
          return { ...real, proofs }
        }
      },
      { consoleRpc: rpc }
    )
    for (const lie of [false, true]) {
      isLying = lie
      const other = await openAt(await daemon.signIn(), daemon.url)
      allow(other, new RegExp(`asks somebody else: ${rpc}`))
      await goTo(other, places.statements(id))
      const text = lie ? 'The chain holds another root for' : `this browser asked the RPC ${new URL(rpc).host} itself`
      await other.getByText(text).first().waitFor()
      // The way itself holds all the same: only the chain says whose root it is.
      await other
        .getByText(/came to the root of the version/)
        .first()
        .waitFor()
      await assertAccessible(other)
      await other.context().close()
    }
    await daemon.stop()
    await witness.stop()
  })

  it('shows each kind of thing so that axe and narrow windows are content', async () => {
    const { api } = world().network.daemon('host')
    const [epoch] = (await api.call('epochs')).items
    const [receipt] = (await api.call('receipts', { params: { order: 'newest' } })).items
    const job = (await api.call('jobs')).items.find(({ state }) => state === 'completed')
    const account = epoch?.payouts[0]?.account ?? ''
    const pool = epoch?.pool ?? ''
    const number = epoch?.epoch ?? 1
    const paths = [
      places.account(account),
      places.earningsOf(account),
      places.why(account, pool, number),
      places.payout(account, pool, number),
      places.epoch(pool, number),
      places.receipt(receipt?.id ?? ''),
      places.transaction(epoch?.transaction ?? ''),
      places.file(epoch?.bundle ?? ''),
      places.version(pool, 1),
      places.channel(receipt?.channel ?? ''),
      places.escrow(job?.awards[0]?.escrow ?? ''),
      places.statements(job?.id ?? '')
    ]
    for (const path of paths) {
      await goTo(page, path)
      await settled(page)
      assert.equal(await page.getByText(/This page stumbled|Nothing is at this address/).count(), 0, path)
      await assertAccessible(page)
      await assertNoSidewaysScroll(page)
    }
  })
})

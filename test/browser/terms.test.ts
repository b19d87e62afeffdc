import assert from 'node:assert/strict'
import { until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, openPage, world } from './harness/index.ts'

const api = (name: string) => world().network.daemon(name).api
const accountOf = async (name: string): Promise<`0x${string}`> =>
  (await api(name).call('status')).address as `0x${string}`

describe('the console: rules and hosts that follow others', function () {
  this.timeout(300_000)
  let id: string

  before(async () => {
    const validators = await Promise.all(
      ['host', 'validator-1'].map(async name => ({ address: await accountOf(name), weight: 1 }))
    )
    const rules = {
      name: `shells ${Date.now()}`,
      description: 'What lies on beaches',
      licence: 'CC0-1.0',
      maxRows: 1000,
      maxBytes: 1 << 20,
      uploadsPerContributor: 9,
      nearDuplicate: 500,
      minOwnShare: 500,
      validators,
      revealSeconds: 60,
      voteSeconds: 120
    }
    const heldOut = JSON.stringify({ prompt: 'How old is a shell?', response: 'Very' })
    ;({ id } = await api('host').call('createDatanet', { body: { rules, heldOut } }))
    const knows = (): Promise<boolean> =>
      api('validator-1')
        .call('datanet', { params: { id } })
        .then(() => true)
        .catch(() => false)
    await until(knows, 'the validator knows it', 60_000)
  })

  it('are put forward in the console, shown with what changes, and signed by each validator in its own', async () => {
    const page = await openPage('host', { path: `/datanets/${id}` })
    page.setDefaultTimeout(120_000)
    await page.getByText('These are its first rules').waitFor()
    await page.getByRole('button', { name: 'Propose other rules' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Purpose').fill('What lies on beaches and <b>in</b> the sea')
    await form.getByLabel('Percent of a file’s rows that must be good').fill('many')
    await form.getByText('It must be a number from 0 to 100.').waitFor()
    assert.ok(await form.getByRole('button', { name: 'Put them forward on chain' }).isDisabled())
    await form.getByLabel('Percent of a file’s rows that must be good').fill('70')
    await form.getByRole('button', { name: 'Put them forward on chain' }).click()
    await page.getByRole('heading', { name: 'Rules 2 were put forward' }).waitFor()
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)
    await page.getByRole('button', { name: 'Agree to them' }).click()
    await page.getByRole('button', { name: 'Sign them on chain' }).click()
    await page.getByText('This node has said its word.').waitFor()

    const other = await openPage('validator-1', { path: `/datanets/${id}` })
    other.setDefaultTimeout(120_000)
    await other.getByText('What lies on beaches and <b>in</b> the sea').waitFor()
    await other.getByRole('button', { name: 'Agree to them' }).click()
    await other.getByRole('button', { name: 'Sign them on chain' }).click()
    await other.getByRole('heading', { name: 'Rules 2, in force' }).waitFor()
    await other
      .getByText('70 % must be good ones')
      .or(other.getByText(/at least 70/))
      .first()
      .waitFor()
    await assertAccessible(other)
    const { number } = await api('host').call('terms', { params: { id } })
    assert.equal(number, 2)
    await other.context().close()
    await page.context().close()
  })

  it('a host asks another to host, who accepts in its own console', async () => {
    const next = await accountOf('validator-1')
    const page = await openPage('host', { path: `/datanets/${id}` })
    page.setDefaultTimeout(120_000)
    await page.getByLabel('Hand over to').fill('0x12')
    await page.getByText('It is no account, 0x and 40 digits').waitFor()
    await page.getByLabel('Hand over to').fill(next)
    await page.getByRole('button', { name: 'Ask it to host' }).click()
    await page.getByRole('button', { name: 'Ask on chain' }).click()
    await page.getByRole('button', { name: 'Ask nobody any more' }).waitFor()
    const other = await openPage('validator-1', { path: `/datanets/${id}` })
    other.setDefaultTimeout(120_000)
    await other.getByRole('button', { name: 'Host it from now on' }).click()
    await other.getByLabel('Hand over to').waitFor()
    await until(
      async () => (await api('host').call('datanet', { params: { id } })).host === next,
      'the old host knows',
      60_000
    )
    await assertAccessible(other)
    await other.context().close()
    await page.context().close()
  })
})

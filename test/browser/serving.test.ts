import assert from 'node:assert/strict'
import { places } from '../../web-console/app/places.ts'
import { until } from '../harness/index.ts'
import { assertAccessible, assertNoSidewaysScroll, openPage, settled, world } from './harness/index.ts'

const name = 'offered by its base'

describe('a base of which every model is offered, in the console', function () {
  this.timeout(120_000)

  it('is offered by one offer, which pages say, the page alone too, and is offered no more', async () => {
    const { network, last, browser } = world()
    const host = network.daemon('host').api
    const tuned = await host.call('model', { params: { id: last.model } })
    const { items } = await host.call('jobs')
    const job = items.find(({ result }) => result === tuned.result)
    assert.ok(job)
    const { id, worker } = await host.call('registerModel', { body: { name, job: job.id } })
    // Whoever trained it would offer it by itself: that one does not, and the other offers all over the base.
    const workers = ['worker-1', 'worker-2'].map(one => network.daemon(one))
    const trainer = workers.find(({ address }) => address === worker)
    const other = workers.find(one => one !== trainer)
    assert.ok(trainer !== undefined && other !== undefined)
    const known = async (api: typeof host): Promise<boolean> =>
      api.call('model', { params: { id } }).then(Boolean, () => false)
    await until(async () => (await known(trainer.api)) && (await known(other.api)), 'the workers know it')
    await trainer.api.call('unserve', { params: { id } })

    const page = await openPage(other === workers[0] ? 'worker-1' : 'worker-2', { path: places.model(id) })
    await page.getByText('It is not served here.').waitFor()
    await page.getByText(/^All models over its base by one offer/).click()
    await page.getByRole('button', { name: 'Serve them all here at this price' }).click()
    await page.getByText('It is offered with every model over its base, by one offer').waitFor()
    await page.getByText('The models over its base are served here now.').waitFor()
    await page.getByRole('table', { name: 'Workers' }).getByText('with all over its base').waitFor()
    await assertAccessible(page)
    await assertNoSidewaysScroll(page)

    const client = network.daemon('client')
    await until(async () => {
      const { offers } = await client.api.call('model', { params: { id } })
      return offers.some(({ all }) => all === true)
    }, 'the client hears the offer')
    const bazaar = await openPage('client', { path: places.bazaar })
    await bazaar.getByRole('article', { name, exact: true }).getByText('with all over its base').waitFor()
    await assertAccessible(bazaar)
    await bazaar.context().close()

    // A page that follows no chain is told which models those are, and finds one by its name.
    const context = await browser.newContext()
    const alone = await context.newPage()
    alone.setDefaultTimeout(60_000)
    await alone.goto(`${other.url}/alone/`)
    await alone.getByLabel('A model by its name').fill(name)
    await alone.getByRole('button', { name: 'Look for it' }).click()
    await alone.getByRole('heading', { name: `Models that are called ${name}` }).waitFor()
    await alone.getByRole('button', { name: new RegExp(`^${name}`) }).waitFor()
    await alone.getByRole('button', { name: 'Show all again' }).click()
    await alone.getByRole('heading', { name: 'Models that are offered now' }).waitFor()
    await context.close()

    await page.getByRole('button', { name: 'Serve the models over its base no more' }).click()
    await page.getByText('It is not served here.').waitFor()
    await page.getByText('The models over its base are served here now.').waitFor({ state: 'hidden' })
    await settled(page)
    await page.context().close()
    await host.call('retireModel', { params: { id } })
  })
})

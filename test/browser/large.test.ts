import assert from 'node:assert/strict'
import { places } from '../../web-console/app/places.ts'
import { pause } from '../harness/index.ts'
import { framesOf, imitate, openAt, pagePaths, settled, tell } from './harness/index.ts'

const manyRows = 100_000
const manyPoints = 50_000
const account = `0x${'11'.repeat(20)}` as const
const id = (n: number): `0x${string}` => `0x${n.toString(16).padStart(64, '0')}`

/** Rows of a Datanet as a version of so many has them. */
const rowsFrom = (from: number, limit: number) =>
  Array.from({ length: Math.min(limit, manyRows - from) }, (_, i) => ({
    contribution: id(Math.floor((from + i) / 100)),
    contributor: account,
    row: (from + i) % 100,
    line: ((from + i) % 100) + 1,
    messages: [
      { role: 'user' as const, content: `Which bird has number ${from + i + 1} in the garden list?` },
      { role: 'assistant' as const, content: `Bird ${from + i + 1}${' of the hedge'.repeat((from + i) % 7)}.` }
    ]
  }))

describe('more than a screen holds', function () {
  this.timeout(120_000)

  it(`${manyRows} rows are scrolled through, of which the page holds those in sight`, async () => {
    const daemon = await imitate({
      acceptedRows: async ({ params: { from = 0, limit } }) => ({
        items: rowsFrom(from, limit),
        next: null,
        version: 1,
        total: manyRows
      })
    })
    const { datanet } = await pagePaths()
    const page = await openAt(await daemon.signIn(), daemon.url, { path: `${datanet}?view=rows` })
    const list = page.getByRole('list', { name: 'Accepted rows' })
    await list.getByText('Which bird has number 1 in').waitFor()
    const held = (): Promise<number> => list.getByRole('listitem').count()
    let most = await held()
    const frames = await framesOf(page, async () => {
      for (let turn = 0; turn < 40; turn++) {
        await page.mouse.wheel(0, 2_000)
        await pause(50)
        most = Math.max(most, await held())
      }
    })
    // The height of a row is known once it was shown: the end is reached in a few steps.
    const last = list.getByText(`Which bird has number ${manyRows} in`)
    for (let turn = 0; turn < 60 && !(await last.isVisible()); turn++) {
      await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight))
      await pause(100)
    }
    await last.waitFor()
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight / 2))
    await settled(page)
    tell(`${manyRows} rows`, { ...frames, 'rows in the page': most })
    assert.ok(most < 100, `${most} rows in the page`)
    assert.equal(await list.getByRole('listitem').first().getAttribute('aria-setsize'), String(manyRows))
    await page.context().close()
    await daemon.stop()
  })

  it(`${manyPoints} points are drawn, and the page goes on`, async () => {
    const daemon = await imitate({
      curves: async () => ({
        awards: [
          { award: id(1), worker: account, curve: { steps: 2, losses: [{ step: 1, loss: 4 }], heldOut: [], pace: [] } }
        ]
      })
    })
    const { job } = await pagePaths()
    const page = await openAt(await daemon.signIn(), daemon.url, { path: job })
    const chart = page.getByRole('img', { name: /^Training loss/ })
    await chart.waitFor()
    await settled(page)
    const jobId = decodeURIComponent(job.split('/').at(-1) ?? '') as `0x${string}`
    const began = performance.now()
    const frames = await framesOf(page, async () => {
      daemon.events.emit('jobs.progress', {
        job: jobId,
        award: id(1),
        worker: account,
        lot: { kind: 'adapter' },
        progress: { step: manyPoints, steps: manyPoints, tokensPerSecond: 900, loss: 0.02, secondsLeft: 0, lr: 0.001 },
        losses: Array.from({ length: manyPoints }, (_, i) => 4 * Math.exp(-i / 9_000) + Math.sin(i / 11) / 9),
        heldOut: []
      })
      await page.getByRole('img', { name: /over 50,000 steps/ }).waitFor()
      await page.keyboard.press('Control+k')
      await page.getByRole('dialog', { name: 'Search and commands' }).waitFor()
    })
    tell(`${manyPoints} points`, { ...frames, 'ms until drawn': Math.round(performance.now() - began) })
    const isDrawn = await chart
      .locator('canvas')
      .first()
      .evaluate((canvas: HTMLCanvasElement) =>
        (canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []).some(value => value !== 0)
      )
    assert.ok(isDrawn)
    await page.context().close()
    await daemon.stop()
  })
})

describe('the first page', () => {
  it('is there soon after it is asked for', async () => {
    const daemon = await imitate({})
    const page = await openAt(await daemon.signIn(), daemon.url, { path: places.now })
    await page.getByRole('heading', { level: 1 }).waitFor()
    const [first = 0] = await page.evaluate(() =>
      performance.getEntriesByName('first-contentful-paint').map(({ startTime }) => Math.round(startTime))
    )
    const usable = await page.evaluate(() => Math.round(performance.now()))
    tell('first page', { 'ms to its first paint': first, 'ms until its title stands': usable })
    assert.ok(usable > 0)
    await page.context().close()
    await daemon.stop()
  })
})

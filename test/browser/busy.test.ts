import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { pause } from '../harness/index.ts'
import { framesOf, imitate, openAt, settled, tell } from './harness/index.ts'
import type { Imitation } from './harness/index.ts'

const perSecond = 200
const seconds = 8

describe('a page under 200 news a second', function () {
  this.timeout(90_000)
  let daemon: Imitation
  let page: Page
  before(async () => {
    daemon = await imitate({})
    page = await openAt(await daemon.signIn(), daemon.url)
  })
  after(async () => {
    await page.context().close()
    await daemon.stop()
  })

  it('gets every one of them, asks for little, and does what a hand wants', async () => {
    await settled(page)
    await page.evaluate(`window.heard = 0
      new EventSource('/api/events').onmessage = ({ data }) => {
        if (JSON.parse(data).name === 'payouts.scored') window.heard++
      }`)
    await pause(500)
    const asked = daemon.calls.length
    let sent = 0
    let isPressed = false
    const frames = await framesOf(page, async () => {
      const began = performance.now()
      while (sent < perSecond * seconds) {
        const due = Math.min(perSecond * seconds, Math.floor(((performance.now() - began) / 1000) * perSecond))
        for (; sent < due; sent++)
          daemon.events.emit('payouts.scored', {
            receipt: `0x${sent.toString(16).padStart(64, '0')}`,
            scorer: `0x${'11'.repeat(20)}`,
            agrees: true,
            exact: true
          })
        if (!isPressed && sent > perSecond * 2) {
          isPressed = true
          await page.keyboard.press('Control+k')
        }
        await pause(10)
      }
    })
    await page.getByRole('dialog', { name: 'Search and commands' }).waitFor()
    await page.keyboard.press('Escape')
    await page.waitForFunction(`window.heard >= ${sent}`)
    assert.equal(await page.evaluate('window.heard'), sent)
    const calls = daemon.calls.length - asked
    tell(`${perSecond} news a second for ${seconds} s`, { ...frames, calls })
    // Gathered, not one by one.
    assert.ok(calls < sent / 4, `${calls} calls`)
  })
})

import assert from 'node:assert/strict'
import { logLineView } from '../../daemon/api/contract/index.ts'
import { logHandlers } from '../../daemon/api/handlers/log.ts'
import type { NodeEvents } from '../../node/node.ts'
import { createEvents, createLog, createRecentLog, silentLog } from '../../node/runtime/index.ts'
import { until } from '../harness/index.ts'

const signal = new AbortController().signal

describe("the log's last lines over the API", () => {
  it('come by pages, the newest first, of a level and what is more urgent; secrets are not in them', async () => {
    const recent = createRecentLog()
    const stderr: string[] = []
    const log = createLog({ level: 'warn', destination: { write: line => stderr.push(line) }, recent })
    const events = createEvents<NodeEvents>(silentLog)
    let told = 0
    events.on('node.logged', ({ lines }) => void (told += lines))
    const { log: page } = logHandlers({ events }, recent)
    log.child({ phase: 'data' }).info('anchored', { apiToken: 'abc', prompt: 'a question', datanet: '0x01' })
    log.warn('the chain is slow', { error: new TypeError('no answer') })
    for (let n = 0; n < 5; n++) log.info(`step ${n}`)
    log.debug('not at this level')

    const first = await page({ params: { limit: 3, level: 'info' }, body: undefined, signal })
    assert.deepEqual(
      first.items.map(({ message }) => message),
      ['step 4', 'step 3', 'step 2']
    )
    const rest = await page({ params: { limit: 50, level: 'info', cursor: first.next! }, body: undefined, signal })
    assert.equal(rest.next, null)
    assert.equal(rest.items.length, 4)
    for (const line of rest.items) logLineView.parse(line)
    const anchored = rest.items.at(-1)
    assert.deepEqual(anchored?.fields, {
      phase: 'data',
      apiToken: '[redacted]',
      prompt: '[redacted]',
      datanet: '0x01'
    })
    const urgent = await page({ params: { limit: 50, level: 'warn' }, body: undefined, signal })
    assert.deepEqual(
      urgent.items.map(({ level, message }) => [level, message]),
      [['warn', 'the chain is slow']]
    )
    // What is kept for the page does not make the log file longer.
    assert.equal(stderr.length, 1)
    await until(() => told === 7, 'the news of seven lines')
    await assert.rejects(page({ params: { limit: 5, level: 'info', cursor: 'x' }, body: undefined, signal }), {
      code: 'page.cursor'
    })
  })

  it('are bounded, by number and by bytes', async () => {
    const recent = createRecentLog()
    const log = createLog({ level: 'silent', destination: { write: () => undefined }, recent })
    for (let n = 0; n < 3_000; n++) log.info('x'.repeat(4_000))
    assert.ok(recent.page({ level: 'info', limit: 10_000 }).length <= 1_100)
    log.info('y'.repeat(100_000))
    const [newest] = recent.page({ level: 'info', limit: 1 })
    assert.match(newest?.message ?? '', /too long/)
  })
})

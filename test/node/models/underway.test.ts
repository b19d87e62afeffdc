import assert from 'node:assert/strict'
import type { ModelEvents } from '../../../node/models/index.ts'
import { createUnderway, watched } from '../../../node/models/underway.ts'
import { createEvents, manualClock, silentLog } from '../../../node/runtime/index.ts'
import { until } from '../../harness/index.ts'

const model = `0x${'03'.repeat(32)}` as const
const worker = `0x${'04'.repeat(20)}` as const

describe('answers that are coming', () => {
  it('say how far they are, at their begin, twice a second, and at their end; and no word of them', async () => {
    const clock = manualClock()
    const events = createEvents<ModelEvents>(silentLog)
    const news: ModelEvents['models.answering'][] = []
    events.on('models.answering', value => {
      news.push(value)
    })
    const underway = createUnderway({ clock, events })
    const coming = underway.begin({ role: 'client', model, wanted: 64 })
    const emit = watched(coming, () => undefined)
    emit({ kind: 'worker', worker, inputTokens: 1, inputPrice: 1n, outputPrice: 1n })
    for (let n = 0; n < 100; n++) {
      await clock.advance(20)
      emit({ kind: 'text', text: 'secret', ids: [n] })
    }
    assert.deepEqual(
      underway.list().map(({ tokens, peer, wanted }) => ({ tokens, peer, wanted })),
      [{ tokens: 100, peer: worker, wanted: 64 }]
    )
    coming.over()
    coming.grew(101)
    await until(() => news.some(({ over }) => over), 'the end')
    assert.deepEqual(underway.list(), [])
    assert.equal(news.length, 6)
    assert.ok(!JSON.stringify(news).includes('secret'))
  })
})

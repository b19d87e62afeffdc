import assert from 'node:assert/strict'
import { automationText } from '../../daemon/cli/automation.ts'
import { eventNames } from '../../daemon/api/contract/index.ts'
import type { EventName, EventView } from '../../daemon/api/contract/index.ts'
import { eventHandlers } from '../../daemon/api/handlers/events.ts'
import type { NodeEvents } from '../../node/node.ts'
import { createEvents, silentLog } from '../../node/runtime/index.ts'
import { until } from '../harness/index.ts'

/** Everything on the bus is in the contract, and nothing else: this does not compile where a name is missing. */
const same: [keyof NodeEvents, EventName] extends [EventName, keyof NodeEvents] ? true : never = true

const step = (n: number): NodeEvents['automation.step'] => ({
  automation: 'anchor',
  about: '0x12',
  what: `step ${n}`,
  at: n,
  failed: null
})

describe('news of a node over the API', () => {
  it('come in their order, wide integers as text, and the listeners go with the reader', async () => {
    assert.ok(same && eventNames.length > 30)
    const events = createEvents<NodeEvents>(silentLog)
    const leave = new AbortController()
    const stream = eventHandlers({ events }).events({ params: {}, body: undefined, signal: leave.signal })
    const got: EventView[] = []
    const reading = (async () => {
      for await (const one of stream) got.push(one)
    })()
    await until(() => {
      events.emit('automation.step', step(got.length))
      return got.length > 0
    }, 'the first news')
    events.emit('payouts.finalized', { pool: '0x01', epoch: 3, payoutsTotal: 10n ** 30n })
    await until(() => got.at(-1)?.name === 'payouts.finalized', 'the last news')
    assert.deepEqual(got.at(-1)?.data, { pool: '0x01', epoch: 3, payoutsTotal: `1${'0'.repeat(30)}` })
    leave.abort()
    await reading
    const before = got.length
    events.emit('automation.step', step(99))
    assert.equal(got.length, before)
  })

  it('that come faster than they are read are left out, the oldest first, and counted', async () => {
    const events = createEvents<NodeEvents>(silentLog)
    const leave = new AbortController()
    const stream = eventHandlers({ events }).events({ params: {}, body: undefined, signal: leave.signal })
    const first = stream.next()
    events.emit('automation.step', step(0))
    await first
    for (let n = 1; n <= 1_200; n++) events.emit('automation.step', step(n))
    await new Promise(resolve => {
      setTimeout(resolve, 50)
    })
    const names: string[] = []
    let missed = 0
    for (let one = await stream.next(); one.done !== true; one = await stream.next()) {
      if (one.value.name === 'missed') missed = Number(one.value.data['count'])
      else names.push(String(one.value.data['what']))
      if (names.at(-1) === 'step 1200') break
    }
    leave.abort()
    assert.equal(names.length, 1_000)
    assert.equal(names[0], 'step 201')
    assert.ok(missed === 200 || missed === 0) // told with the next news where the reader was in the middle of a list
  })
})

describe('what a node does by itself, for people', () => {
  const now = 1_000_000
  const view = (more: object) => ({ name: 'anchor', on: true, next: [], last: null, ...more })

  it('says that it is switched off, has nothing to do, waits, and what it did last', () => {
    assert.match(automationText(view({ on: false }), now), /switched off: by hand only/)
    assert.match(automationText(view({}), now), /nothing to do/)
    const text = automationText(
      view({
        next: [{ about: 'x', what: 'anchor version 2 of birds', why: '3 of 10 wait for it', at: now + 720_000 }],
        last: { about: 'x', what: 'anchored version 1 of birds', at: now - 30_000, failed: null }
      }),
      now
    )
    assert.match(text, /anchor version 2 of birds in 12 min: 3 of 10 wait for it/)
    assert.match(text, /30 s ago: anchored version 1 of birds/)
  })

  it('shows a failure with its reason, and nothing of it moves the terminal', () => {
    const text = automationText(
      view({ last: { about: 'x', what: 'anchor \u001b[2Jbirds', at: now, failed: 'no chain. Check --rpc.' } }),
      now
    )
    assert.match(text, /which failed: no chain\. Check --rpc\./)
    assert.ok(!text.includes('\u001b[2J'))
  })
})

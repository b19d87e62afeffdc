import assert from 'node:assert/strict'
import { automationText } from '../../daemon/cli/automation.ts'
import { eventNames } from '../../daemon/api/contract/index.ts'
import type { EventName, EventView } from '../../daemon/api/contract/index.ts'
import { eventHandlers } from '../../daemon/api/handlers/events.ts'
import type { NodeEvents } from '../../node/node.ts'
import { createEvents, silentLog } from '../../node/runtime/index.ts'
import { pause } from '../harness/index.ts'

/** Everything on the bus is in the contract, and nothing else: this does not compile where a name is missing. */
const same: [keyof NodeEvents, EventName] extends [EventName, keyof NodeEvents] ? true : never = true

const step = (n: number): NodeEvents['automation.step'] => ({
  automation: 'anchor',
  about: '0x12',
  what: `step ${n}`,
  at: n,
  failed: null
})

/** Reads what a reader of the API gets. */
function reader(handlers: ReturnType<typeof eventHandlers>, after?: string) {
  const leave = new AbortController()
  const params = after === undefined ? {} : { after }
  const stream = handlers.events({ params, body: undefined, signal: leave.signal })
  const next = async (): Promise<EventView> => {
    const { value, done } = await stream.next()
    assert.ok(done !== true)
    return value
  }
  return {
    next,
    /** Up to the news of that step. */
    async upTo(what: string): Promise<EventView[]> {
      const got = [await next()]
      while (got.at(-1)?.data['what'] !== what) got.push(await next())
      return got
    },
    async leave() {
      leave.abort()
      await stream.return(undefined)
    }
  }
}

describe('news of a node over the API', () => {
  it('come in their order with their ids, wide integers as text, to every reader alike', async () => {
    assert.ok(same && eventNames.length > 30)
    const events = createEvents<NodeEvents>(silentLog)
    const handlers = eventHandlers({ events })
    const readers = [reader(handlers), reader(handlers)]
    for (const one of readers) assert.equal((await one.next()).name, 'alive')
    events.emit('automation.step', step(1))
    events.emit('payouts.finalized', { pool: '0x01', epoch: 3, payoutsTotal: 10n ** 30n })
    const [first, second] = await Promise.all(readers.map(async one => [await one.next(), await one.next()]))
    assert.deepEqual(first, second)
    assert.deepEqual(first?.[1]?.data, { pool: '0x01', epoch: 3, payoutsTotal: `1${'0'.repeat(30)}` })
    assert.notEqual(first?.[0]?.id, first?.[1]?.id)
    for (const one of readers) await one.leave()
  })

  it('go on for a reader that comes back, where it was, with nothing lost and nothing twice', async () => {
    const events = createEvents<NodeEvents>(silentLog)
    const handlers = eventHandlers({ events })
    const before = reader(handlers)
    const standing = await before.next()
    await before.leave()
    for (let n = 1; n <= 5; n++) events.emit('automation.step', step(n))
    const again = reader(handlers, standing.id)
    assert.equal((await again.next()).name, 'alive')
    const got = await again.upTo('step 5')
    assert.deepEqual(
      got.map(({ data }) => data['what']),
      [1, 2, 3, 4, 5].map(n => `step ${n}`)
    )
    const last = reader(handlers, got[2]?.id)
    await last.next()
    assert.equal((await last.upTo('step 5')).length, 2)
    await again.leave()
    await last.leave()
  })

  it('say that some are missed where they are gone, or where the daemon is another process', async () => {
    const events = createEvents<NodeEvents>(silentLog)
    const handlers = eventHandlers({ events })
    const before = reader(handlers)
    const { id } = await before.next()
    await before.leave()
    for (let n = 1; n <= 2_300; n++) events.emit('automation.step', step(n))
    await pause(20) // each listener has a turn of its own
    const late = reader(handlers, id)
    const got = await late.upTo('step 2300')
    await late.leave()
    const missed = got.find(({ name }) => name === 'missed')
    assert.equal(missed?.data['count'], 300)
    assert.equal(got.filter(({ name }) => name === 'automation.step').length, 2_000)
    const other = eventHandlers({ events: createEvents<NodeEvents>(silentLog) })
    for (const strange of [id, 'abc-1', '', '-', `${id}9999`, '../..']) {
      const stranger = reader(other, strange)
      const [told, ...rest] = [await stranger.next()]
      assert.deepEqual([told.name, told.data, rest], ['missed', { count: null }, []], strange)
      await stranger.leave()
    }
  })

  it('that come faster than they are read are left out, the oldest first, and counted', async () => {
    const events = createEvents<NodeEvents>(silentLog)
    const slow = reader(eventHandlers({ events }))
    await slow.next()
    events.emit('automation.step', step(0))
    await slow.next()
    for (let n = 1; n <= 2_200; n++) events.emit('automation.step', step(n))
    await pause(20)
    const got = await slow.upTo('step 2200')
    assert.equal(got[0]?.name, 'missed')
    assert.equal(got[0]?.data['count'], 200)
    assert.equal(got[1]?.data['what'], 'step 201')
    await slow.leave()
  })

  it('keep no more than so many bytes, and so many readers', async () => {
    const events = createEvents<NodeEvents>(silentLog)
    const handlers = eventHandlers({ events })
    const before = reader(handlers)
    const { id } = await before.next()
    const large = 'x'.repeat(1 << 20)
    for (let n = 1; n <= 20; n++) events.emit('automation.step', { ...step(n), about: large })
    await pause(20) // each listener has a turn of its own
    const late = reader(handlers, id)
    const got = await late.upTo('step 20')
    assert.ok(Number(got.find(({ name }) => name === 'missed')?.data['count']) >= 12)
    await late.leave()
    const readers = Array.from({ length: 127 }, () => reader(handlers))
    for (const one of readers) await one.next()
    await assert.rejects(reader(handlers).next(), { code: 'limit.readers' })
    await readers[0]?.leave()
    const room = reader(handlers)
    assert.equal((await room.next()).name, 'alive')
    for (const one of [room, before, ...readers]) await one.leave()
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

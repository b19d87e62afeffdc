import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import type { FromWorker } from '../../node/engine/host/messages.ts'
import { createOutbox } from '../../node/engine/host/outbox.ts'
import { TokenQueue } from '../../node/engine/host/token-queue.ts'

describe('what goes from the thread of sessions', () => {
  it('is one message for all calls of a step, and nothing of a call is behind its result', async () => {
    const posted: FromWorker[][] = []
    const outbox = createOutbox(messages => posted.push([...messages]))
    for (const [id, event] of [
      [1, 'a'],
      [2, 'b'],
      [1, 'c']
    ] as const)
      outbox.later(id, event)
    assert.deepEqual(posted, [])
    // Somebody waits for the first of each call: it goes after the step.
    while (posted.length === 0) await turn()
    assert.deepEqual(posted, [
      [
        { kind: 'events', id: 1, events: ['a', 'c'] },
        { kind: 'events', id: 2, events: ['b'] }
      ]
    ])
    outbox.later(1, 'd')
    outbox.later(2, 'e')
    outbox.now({ kind: 'result', id: 1, result: 'over' })
    const last = posted.splice(1).flat()
    assert.deepEqual(last, [
      { kind: 'events', id: 1, events: ['d'] },
      { kind: 'events', id: 2, events: ['e'] },
      { kind: 'result', id: 1, result: 'over' }
    ])
  })

  it('is read one by one or as it came, from its beginning, and an error stands behind the last', async () => {
    const queue = new TokenQueue()
    const [a, b, c] = ['a', 'b', 'c'].map((text, id) => ({ id, text })) as [never, never, never]
    queue.push([a, b])
    const groups: unknown[] = []
    const reading = (async () => {
      for await (const group of queue.groups()) groups.push(group)
    })()
    while (groups.length === 0) await turn()
    queue.push([c])
    queue.end(new Error('gone'))
    await assert.rejects(reading, /gone/)
    assert.deepEqual(groups, [[a, b], [c]])
    const tokens: unknown[] = []
    await assert.rejects(async () => {
      for await (const token of queue.tokens()) tokens.push(token)
    }, /gone/)
    assert.deepEqual(tokens, [a, b, c])
  })
})

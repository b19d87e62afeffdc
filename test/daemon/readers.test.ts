import assert from 'node:assert/strict'
import { eventHandlers } from '../../daemon/api/handlers/events.ts'
import type { NodeEvents } from '../../node/node.ts'
import { createEvents, silentLog } from '../../node/runtime/index.ts'

describe('readers of the news', () => {
  it('by keys leave places to the owner’s own pages, and give theirs back', async () => {
    const { events } = eventHandlers({ events: createEvents<NodeEvents>(silentLog) })
    const over = new AbortController()
    const read = (key?: string) => {
      const given = { params: {}, body: undefined, signal: over.signal, ...(key === undefined ? {} : { key }) }
      return events(given as Parameters<typeof events>[0])
    }
    const begun: AsyncGenerator[] = []
    const begin = async (key?: string): Promise<void> => {
      const reader = read(key)
      await reader.next()
      begun.push(reader)
    }
    for (let i = 0; i < 96; i++) await begin('reader')
    await assert.rejects(begin('another'), { code: 'limit.readers' })
    for (let i = 0; i < 32; i++) await begin()
    await assert.rejects(begin(), { code: 'limit.readers' })
    await begun[0]?.return(undefined)
    await begin('another')
    over.abort()
    for (const reader of begun) await reader.return(undefined)
  })
})

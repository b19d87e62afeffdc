import assert from 'node:assert/strict'
import { openTables } from '../../client/storage/tables.ts'
import { withNotes } from '../../client/openings.ts'
import { logTo } from '../../client/log.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { memoryRows } from './rows.ts'

const id: Hex = `0x${'ab'.repeat(32)}`
type Args = Parameters<typeof withNotes>
type Wallet = Parameters<ReturnType<typeof withNotes>['catchUp']>[0]

describe('channels that were being opened', () => {
  it('are looked for at each start, until the chain is so far that none can come any more', async () => {
    const rows = memoryRows()
    let head = 100n
    let mined = -1n
    const asked: (readonly [bigint, bigint])[] = []
    const chain = {
      head: async () => ({ block: head, timestamp: 0n }),
      openedWithin: async (from: bigint, to: bigint) => {
        asked.push([from, to])
        return from <= mined && mined <= to ? [id] : []
      },
      channels: {
        open: () => Promise.reject(new Error('killed while the transaction waits')),
        channel: async () => ({ id, closed: false })
      }
    } as unknown as Args[0]
    /** @returns what a start finds */
    async function start(): Promise<Hex[]> {
      const found: Hex[] = []
      const wallet = {
        find: async () => undefined,
        adopt: async (channel: { id: Hex }) => found.push(channel.id),
        async *open() {}
      } as unknown as Wallet
      await withNotes(chain, await openTables(rows), logTo()).catchUp(wallet)
      return found
    }
    const { channels } = withNotes(chain, await openTables(rows), logTo())
    await assert.rejects(channels.open({} as never))
    head = 101n
    await assert.rejects(channels.open({} as never))

    assert.deepEqual(await start(), [])
    head = 120n
    mined = 118n
    assert.deepEqual(await start(), [id])
    head = 5_200n
    assert.deepEqual(await start(), [id])
    asked.length = 0
    assert.deepEqual(await start(), [])
    assert.deepEqual(asked, [], 'by then no note is left')
  })
})

import assert from 'node:assert/strict'
import { defaultPolicy, defaultTiming } from '../../../node/jobs/deps.ts'
import { createWorker } from '../../../node/jobs/worker/index.ts'
import { manualClock, silentLog } from '../../../node/runtime/index.ts'
import { assignment, clockSkewSeconds, close, giveUp, longestJobSeconds } from '../../../protocol/jobs/index.ts'
import type { Assignment } from '../../../protocol/jobs/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { award, network, now, worker, workerKey } from '../../protocol/jobs/documents.ts'
import { memoryStore } from '../data/in-memory.ts'

const hexOf = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`

describe('awards of a worker that are over', () => {
  /** A worker whose disk holds these, at a time; of what it sees of its network nothing is there. */
  async function workerWith(assignments: readonly Assignment[]) {
    const store = memoryStore()
    const table = store.collection('jobs/assignments', assignment)
    for (const [i, at] of assignments.entries()) await table.put(hexOf(i + 1), at)
    const clock = manualClock(Number(now) * 1000)
    const deps = {
      store,
      clock,
      network,
      log: silentLog,
      self: worker,
      key: workerKey,
      folder: '/nowhere',
      chain: { escrows: { idOf: () => hexOf(1) }, ledger: { head: () => undefined } }
    } as unknown as Parameters<typeof createWorker>[0]
    const book = { get: () => undefined, all: () => new Map().entries() } as unknown as Parameters<
      typeof createWorker
    >[3]
    const made = createWorker(deps, defaultPolicy, defaultTiming, book, async () => undefined)
    await made.start()
    const onDisk = async (): Promise<string[]> => {
      const found: string[] = []
      for await (const { state } of table.values()) found.push(state)
      return found
    }
    /** One round of what is said again, and all that it began. */
    const round = async (seconds: number): Promise<void> => {
      await clock.advance(seconds * 1000)
      made.announcements()
      for (let i = 0; i < 300; i++)
        await new Promise(resolve => {
          setImmediate(resolve)
        })
    }
    return { made, onDisk, round }
  }

  const queued: Assignment = { state: 'queued', award: award(), escrow: hexOf(1) }

  it('leave memory at their deadline, whether they were trained or given up', async () => {
    const { made, onDisk, round } = await workerWith([queued, giveUp({ ...queued, escrow: hexOf(2) }, 'superseded')])
    await round(1)
    assert.deepEqual([made.assignment(hexOf(1))?.state, made.assignment(hexOf(2))?.state], ['queued', 'given-up'])
    await round(600)
    assert.deepEqual([made.assignment(hexOf(1)), made.assignment(hexOf(2))], [undefined, undefined])
    assert.deepEqual(await onDisk(), ['closed', 'closed'])
    await made.stop()
  })

  it('are read into memory by no later start, and leave the disk once their job cannot be said again', async () => {
    const over = Array.from({ length: 50 }, (_, i) => close(giveUp({ ...queued, escrow: hexOf(i) }, 'closed'), false))
    const { made, onDisk, round } = await workerWith(over)
    assert.deepEqual(
      over.map((_, i) => made.assignment(hexOf(i + 1))),
      over.map(() => undefined)
    )
    await round(600)
    assert.equal((await onDisk()).length, over.length)
    await round(Number(longestJobSeconds + clockSkewSeconds))
    assert.deepEqual(await onDisk(), [])
    await made.stop()
  })
})

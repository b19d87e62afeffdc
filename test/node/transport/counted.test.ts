import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { countedReads } from '../../../node/transport/blocks/counted.ts'
import { whole } from '../../../node/transport/blocks/pins.ts'
import type { Reads } from '../../../node/transport/blocks/reads.ts'
import { rawBlock } from './dag.ts'

describe('transport: reads of a fetch are counted', () => {
  const { cid } = rawBlock(Uint8Array.of(1))
  let came = 0
  const blocks = {
    async *get() {
      came++
      yield Uint8Array.of(1)
    }
  } as unknown as Reads
  const counted = (signal = new AbortController().signal, over = new AbortController().signal) =>
    countedReads(blocks, 'file', { signal, over })
  const readAll = async (reads: Reads, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await whole(reads.get(cid))
  }
  beforeEach(() => {
    came = 0
  })

  it('so many are free, more are earned by content that was taken', async () => {
    const reads = counted()
    await readAll(reads, 4_096)
    await assert.rejects(readAll(reads, 1), { code: 'files.too-large' })
    const more = counted()
    more.earn(10 * 1_024)
    await readAll(more, 4_106)
    await assert.rejects(readAll(more, 1), { code: 'files.too-large' })
  })

  it('the loop turns between them', async () => {
    let turns = 0
    const done = new AbortController()
    const turning = (async () => {
      for (; !done.signal.aborted; turns++) await setImmediate()
    })()
    await readAll(counted(), 4_000)
    done.abort()
    await turning
    assert.ok(turns > 8, `${turns} turns`)
  })

  it('none is made once the fetch has given up, and nothing is told once it is over', async () => {
    const gaveUp = new AbortController()
    const reads = counted(gaveUp.signal)
    gaveUp.abort(new Error('enough'))
    await assert.rejects(readAll(reads, 1), { message: 'enough' })
    const over = new AbortController()
    const late = counted(undefined, over.signal)
    over.abort()
    let told = false
    const tell = (): void => {
      told = true
    }
    void readAll(late, 1).then(tell, tell)
    for (let i = 0; i < 5; i++) await setImmediate()
    assert.equal(told, false)
    assert.equal(came, 0)
  })
})

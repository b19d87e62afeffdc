import assert from 'node:assert/strict'
import { Key } from 'interface-datastore'
import { Level } from 'level'
import { createAnew } from '../../../node/store/index.ts'
import { Records } from '../../../node/transport/host/datastore.ts'
import { scratch } from '../../harness/index.ts'

/** Stands in for a disk: the real database, whose next write fails as on one that is full. */
async function opened(): Promise<{ level: Level<string, Uint8Array>; folder: string; fail: () => void }> {
  const folder = await scratch('anew')
  const level = new Level<string, Uint8Array>(`${folder}/db`, { keyEncoding: 'utf8', valueEncoding: 'view' })
  await level.open()
  const put = level.put.bind(level)
  let fails = false
  level.put = (async (key: string, value: Uint8Array) => {
    if (fails) {
      fails = false
      throw new Error('no space left on device')
    }
    await put(key, value)
  }) as typeof level.put
  return {
    level,
    folder,
    fail() {
      fails = true
    }
  }
}
const value = Uint8Array.of(1)

describe('a database that is opened anew', () => {
  it('stays closed when it was closed while room was looked for', async () => {
    const { level, folder, fail } = await opened()
    const anew = createAnew(level, folder)
    fail()
    await assert.rejects(anew.write(() => level.put('a', value)))
    const late = anew.write(() => level.put('b', value))
    late.catch(() => undefined)
    await anew.end()
    await assert.rejects(late)
    await new Promise(resolve => setImmediate(resolve))
    assert.equal(level.status, 'closed')
    await level.open() // nobody holds its lock
    await level.close()
  })

  it('is walked on, and read, while it is opened; a call with a bad value is no sign of a full disk', async () => {
    const { level, folder, fail } = await opened()
    let times = 0
    const records = new Records(level, folder, () => times++)
    for (let i = 0; i < 20; i++) await records.put(new Key(`/pin/${i + 10}`), value)
    const seen: string[] = []
    for await (const key of records.queryKeys({ prefix: '/pin/' })) {
      seen.push(key.toString())
      if (seen.length !== 5) continue
      fail()
      await assert.rejects(records.put(new Key('/pin/zz'), value))
      const written = records.put(new Key('/pin/zz'), value)
      const read: boolean[] = []
      const over = new AbortController()
      void written.finally(() => {
        over.abort()
      })
      while (!over.signal.aborted) {
        read.push(await records.has(new Key('/pin/12')))
        await new Promise(resolve => setImmediate(resolve))
      }
      await written
      assert.ok(read.length > 0 && read.every(found => found))
    }
    assert.equal(times, 1)
    assert.deepEqual(seen, [...Array.from({ length: 20 }, (_, i) => `/pin/${i + 10}`), '/pin/zz'])
    await assert.rejects(records.put(new Key('/pin/a'), undefined as never), { code: 'LEVEL_INVALID_VALUE' })
    await records.put(new Key('/pin/a'), value)
    assert.equal(times, 1, 'it was not opened anew for that')
    await records.close()
  })
})

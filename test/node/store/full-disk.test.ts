import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Key } from 'interface-datastore'
import { Level } from 'level'
import { z } from 'zod'
import { openStore } from '../../../node/store/index.ts'
import { Records } from '../../../node/transport/host/datastore.ts'
import { scratch, smallDisk, until } from '../../harness/index.ts'
import type { SmallDisk } from '../../harness/index.ts'

/** LevelDB itself loses all that it acknowledges after a write that failed, at its next start. */
describe('a database on a disk that was full', () => {
  let disk: SmallDisk
  before(async function () {
    const found = smallDisk(await scratch('full'), 24)
    if ('missing' in found) {
      console.log(`    left out: ${found.missing}`)
      this.skip()
    }
    disk = found
  })
  after(() => disk?.remove())
  afterEach(() => {
    disk.empty()
  })
  const text = 'x'.repeat(3000)
  const folder = (name: string): string => {
    const path = join(disk.folder, name)
    mkdirSync(path)
    return path
  }

  it('keeps what it acknowledges once there is room, over a restart', async () => {
    const told: unknown[] = []
    const directory = folder('store')
    const log = { warn: (...said: unknown[]) => void told.push(said) }
    let store = await openStore(directory, { log })
    const table = store.collection('t', z.string())
    const acknowledged: string[] = []
    const write = async (key: string): Promise<void> => {
      await table.put(key, text)
      acknowledged.push(key)
    }
    for (let i = 0; i < 20; i++) await write(`before-${i}`)
    disk.fillBut(12_000)
    // Some still fit; from the first that does not on nothing is written, small as it may be.
    await assert.rejects(
      async () => {
        for (let i = 0; ; i++) await write(`during-${i}`)
      },
      { code: 'store.disk-full', help: /Free some space/ }
    )
    await assert.rejects(table.put('small', ''), { code: 'store.disk-full' })
    assert.equal(await table.get('before-3'), text)

    // Whoever was reading goes on reading where it was, though the database is opened anew in between.
    const seen: string[] = []
    for await (const key of table.keys({ prefix: 'before-' })) {
      seen.push(key)
      if (seen.length !== 5) continue
      disk.empty()
      await until(
        () =>
          write('after-0').then(
            () => true,
            () => false
          ),
        'it goes on once there is room'
      )
    }
    assert.deepEqual(seen, acknowledged.filter(key => key.startsWith('before-')).sort())
    const reversed: string[] = []
    for await (const key of table.keys({ prefix: 'before-', reverse: true, limit: 7 })) reversed.push(key)
    assert.deepEqual(reversed, [...seen].reverse().slice(0, 7))
    assert.equal(told.length, 1)
    await Promise.all(Array.from({ length: 20 }, (_, i) => write(`after-${i + 1}`)))

    await store.close()
    store = await openStore(directory)
    const again = store.collection('t', z.string())
    for (const key of acknowledged) assert.equal(await again.get(key), text, key)
    assert.equal(await again.get('small'), undefined)
    await store.close()
  })

  it('keeps what libp2p and Helia note, too', async () => {
    const directory = folder('records')
    const open = async (): Promise<Records> => {
      const level = new Level<string, Uint8Array>(join(directory, 'db'), { keyEncoding: 'utf8', valueEncoding: 'view' })
      await level.open()
      return new Records(level, directory)
    }
    let records = await open()
    const value = new TextEncoder().encode(text)
    const acknowledged: Key[] = []
    const write = async (name: string): Promise<void> => {
      const key = new Key(`/pin/${name}`)
      await records.put(key, value)
      acknowledged.push(key)
    }
    await write('before')
    disk.fillBut(12_000)
    await assert.rejects(async () => {
      for (let i = 0; ; i++) await write(`during-${i}`)
    })
    disk.empty()
    await until(
      () =>
        write('after').then(
          () => true,
          () => false
        ),
      'it goes on once there is room'
    )
    const batch = records.batch()
    batch.put(new Key('/pin/batch'), value)
    await batch.commit()
    await records.close()
    records = await open()
    for (const key of [...acknowledged, new Key('/pin/batch')])
      assert.deepEqual(Uint8Array.from(await records.get(key)), value)
    await records.close()
  })
})

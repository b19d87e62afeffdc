import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { cp, readFile, readdir, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { Level } from 'level'
import { z } from 'zod'
import { checkStore, mendLevel, openStore, requireHead } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'

const schema = z.object({ n: z.int(), text: z.string() })
const schemas = new Map([['jobs/speeds', schema]])
const tableCount = 1_500
const count = 2_000
/** Hashes, which no block of them packs any shorter, among what does. */
const valueOf = (n: number): z.infer<typeof schema> => ({
  n,
  text:
    n % 300 < 80
      ? createHash('sha512')
          .update(String(n))
          .digest('base64')
          .repeat(n % 7)
      : 'abc'.repeat(n % 20)
})

describe('a damaged database', function () {
  this.timeout(120_000)
  let good: string
  let files: string[]

  /** One table of what was written twice and partly deleted, and a log of what came after it. */
  before(async () => {
    good = await scratch('mend')
    const store = await openStore(good)
    const table = store.collection('jobs/speeds', schema)
    for (const round of [0, 1]) {
      for (let n = 0; n < tableCount; n++)
        await table.put(`k${n}`, round === 0 ? { n: -1, text: 'old' } : valueOf(n), { sync: false })
      await store.scrub([table])
    }
    for (let n = tableCount; n < count; n++) await table.put(`k${n}`, valueOf(n), { sync: false })
    await table.put('gone', valueOf(1))
    await table.delete('gone')
    await store.close()
    files = await readdir(join(good, 'db'))
  })
  const named = (end: RegExp): string => files.find(name => end.test(name)) ?? assert.fail(`no ${end}`)

  async function damaged(change: (db: string) => Promise<unknown>): Promise<string> {
    const folder = await scratch('mend-copy')
    await cp(good, folder, { recursive: true })
    await change(join(folder, 'db'))
    return folder
  }
  const flip = (name: string, at: (length: number) => number) => async (db: string) => {
    const bytes = await readFile(join(db, name))
    const place = at(bytes.length)
    bytes.writeUInt8(bytes.readUInt8(place) ^ 0x55, place)
    await writeFile(join(db, name), bytes)
  }

  /** Opened anew: how many are there, each as it was written last. */
  async function readable(folder: string): Promise<number> {
    const store = await openStore(folder)
    try {
      let found = 0
      for await (const [key, value] of store.collection('jobs/speeds', schema).entries()) {
        assert.deepEqual(value, valueOf(value.n), 'what is there is the newest of it')
        assert.equal(key, `k${value.n}`)
        found++
      }
      return found
    } finally {
      await store.close()
    }
  }

  const stops = async (folder: string): Promise<void> => {
    await assert.rejects(readable(folder), { code: 'store.corrupt', help: /tilth doctor --repair --data / })
  }

  it('is given back whole where only what says which files it has is damaged', async () => {
    const manifest = named(/^MANIFEST/)
    const changes: ((db: string) => Promise<unknown>)[] = [
      db => rm(join(db, 'CURRENT')),
      db => writeFile(join(db, 'CURRENT'), 'MANIFEST-000099\n'),
      db => writeFile(join(db, 'CURRENT'), Buffer.alloc(16)),
      db => truncate(join(db, 'CURRENT'), 0),
      db => rm(join(db, manifest)),
      db => truncate(join(db, manifest), 20)
    ]
    for (const change of changes) {
      const folder = await damaged(change)
      await stops(folder)
      const { files: found, entries } = await checkStore(folder, schemas)
      assert.equal(entries, count)
      assert.equal(found.aside, join(folder, 'db.damaged'))
      assert.equal(await readable(folder), count)
      assert.equal((await checkStore(folder, schemas)).files.aside, undefined, 'a second look finds nothing')
    }
  })

  it('gives back what stands before the cut of a table, and what was written since', async () => {
    const table = named(/\.ldb$/)
    let last = 0
    for (const part of [0, 0.3, 0.7, 0.99]) {
      const folder = await damaged(async db => {
        const { size } = await stat(join(db, table))
        await truncate(join(db, table), Math.floor(size * part))
      })
      await stops(folder)
      const { files: found } = await checkStore(folder, schemas)
      assert.deepEqual(found.faults, [{ file: table, why: 'it does not end as a table' }])
      const there = await readable(folder)
      assert.ok(there >= count - tableCount && there >= last, `${there} of ${count}`)
      last = there
    }
    assert.ok(last > count - tableCount + tableCount * 0.8)
  })

  it('loses of a table with a wrong byte no more than the block around it, wherever that is', async () => {
    const table = named(/\.ldb$/)
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async where => {
        const folder = await damaged(flip(table, length => Math.floor(where * length)))
        const { files: found } = await checkStore(folder, schemas)
        const there = await readable(folder)
        assert.ok(there > count - 200, `${there} of ${count}`)
        assert.equal((await checkStore(folder, schemas)).files.faults.length, 0)
        assert.ok(there === count || found.faults.length > 0, 'nothing goes without a word')
      }),
      { numRuns: 12 }
    )
  })

  it('names a log that holds something else than was written', async () => {
    const log = named(/\.log$/)
    const folder = await damaged(flip(log, () => 20_000))
    const { files: found } = await checkStore(folder, schemas)
    assert.deepEqual(
      found.faults.map(({ file }) => file),
      [log]
    )
    assert.ok((await readable(folder)) > tableCount)
    // What was being written when a process was killed is no damage.
    const killed = await damaged(async db => {
      const { size } = await stat(join(db, log))
      await truncate(join(db, log), size - 10)
    })
    assert.equal((await checkStore(killed, schemas)).files.aside, undefined)
  })

  it('is not replaced by an empty one where its mending was cut short between two names', async () => {
    const folder = await damaged(async db => {
      await rename(db, `${db}.mended`)
    })
    await stops(folder)
    assert.equal((await checkStore(folder, schemas)).entries, count)
    assert.equal(await readable(folder), count)
  })

  it('holds other bytes than text, too', async () => {
    const path = join(await scratch('mend-bytes'), 'peers')
    const db = new Level<string, Uint8Array>(path, { keyEncoding: 'utf8', valueEncoding: 'view' })
    const value = Uint8Array.from({ length: 3_000 }, (_, i) => i & 0xff)
    await db.put('/pin/ä', value)
    await db.close()
    await rm(join(path, 'CURRENT'))
    // One that is young has no table yet: all of it is read from its log.
    await assert.rejects(requireHead(path, path), { code: 'store.corrupt' })
    await mendLevel(path, path)
    await db.open()
    assert.deepEqual(new Uint8Array((await db.get('/pin/ä')) ?? []), value)
    await db.close()
  })
})

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { z } from 'zod'
import { amount } from '../../../protocol/primitives/index.ts'
import { openStore, sequenceKey, storeError } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'

const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = []
  for await (const item of source) out.push(item)
  return out
}

describe('store', () => {
  let directory: string
  let store: Store
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tilth-store-'))
    store = await openStore(directory)
  })
  afterEach(async () => {
    await store.close()
    await rm(directory, { recursive: true, force: true })
  })

  it('keeps typed values over a restart, bigints too', async () => {
    const schema = z.strictObject({ fee: amount, who: z.string() })
    await store.collection('models/vouchers', schema).put('c1', { fee: (1n << 256n) - 1n, who: 'ä' })
    await store.close()
    store = await openStore(directory)
    const vouchers = store.collection('models/vouchers', schema)
    assert.deepEqual(await vouchers.get('c1'), { fee: (1n << 256n) - 1n, who: 'ä' })
    assert.equal(await vouchers.get('c2'), undefined)
    assert.deepEqual([await vouchers.has('c1'), await vouchers.has('c2')], [true, false])
    await vouchers.delete('c1')
    assert.equal(await vouchers.get('c1'), undefined)
  })

  it('ranges are those of an ordered map, and tables do not see each other', async () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '0', 'é', '/'), minLength: 1, maxLength: 4 })
    let run = 0
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(key, { maxLength: 15 }),
        key,
        key,
        fc.boolean(),
        async (keys, from, to, reverse) => {
          const name = `t${run++}`
          const table = store.collection(name, z.string())
          const neighbour = store.collection(`${name}x`, z.string())
          await store.batch(batch => {
            for (const item of keys) batch.put(table, item, item).put(neighbour, item, 'other')
          })
          const order = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
          const sorted = [...keys].sort(order)
          const inRange = sorted.filter(item => order(item, from) >= 0 && order(item, to) < 0)
          if (order(from, to) <= 0)
            assert.deepEqual(await all(table.keys({ from, to, reverse })), reverse ? inRange.toReversed() : inRange)
          assert.deepEqual(await all(table.values()), sorted)
          assert.deepEqual(
            await all(table.keys({ prefix: from })),
            sorted.filter(item => item.startsWith(from))
          )
          assert.deepEqual(await all(table.keys({ limit: 2 })), sorted.slice(0, 2))
        }
      ),
      { numRuns: 40 }
    )
  })

  it('sequence keys sort as their numbers', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (a, b) => {
        assert.equal(sequenceKey(a) < sequenceKey(b), a < b)
      })
    )
  })

  it('writes at the same time keep the order of their calls, and all are there after a restart', async () => {
    const key = fc.constantFrom('a', 'b', 'c')
    const write = fc.oneof(
      fc.record({ kind: fc.constant('put' as const), key, value: fc.nat(), sync: fc.boolean() }),
      fc.record({ kind: fc.constant('delete' as const), key, sync: fc.boolean() }),
      fc.record({ kind: fc.constant('batch' as const), puts: fc.array(fc.tuple(key, fc.nat()), { maxLength: 3 }) })
    )
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(write, { maxLength: 30 }), async writes => {
        const name = `order${run++}`
        const table = store.collection(name, z.int())
        const wanted = new Map<string, number>()
        await Promise.all(
          writes.map(one => {
            if (one.kind === 'batch') {
              for (const [at, value] of one.puts) wanted.set(at, value)
              return store.batch(batch => {
                for (const [at, value] of one.puts) batch.put(table, at, value)
              })
            }
            if (one.kind === 'delete') wanted.delete(one.key)
            else wanted.set(one.key, one.value)
            return one.kind === 'delete'
              ? table.delete(one.key, { sync: one.sync })
              : table.put(one.key, one.value, { sync: one.sync })
          })
        )
        assert.deepEqual(new Map(await all(table.entries())), wanted)
      }),
      { numRuns: 40 }
    )
    const last = store.collection('order-last', z.int())
    await Promise.all(Array.from({ length: 50 }, (_, i) => last.put(sequenceKey(i), i)))
    await store.close()
    store = await openStore(directory)
    assert.deepEqual(
      await all(store.collection('order-last', z.int()).values()),
      Array.from({ length: 50 }, (_, i) => i)
    )
  })

  it('a batch that cannot be written leaves nothing behind', async () => {
    const table = store.collection('t', z.json())
    assert.throws(
      () =>
        store.batch(batch => {
          batch.put(table, 'a', 1).put(table, 'bad', Number.NaN)
        }),
      { code: 'canonical.number' }
    )
    assert.throws(
      () =>
        store.batch(batch => {
          batch.put(table, 'a', 1).put(table, 'x\u0000y', 1)
        }),
      { code: 'store.key' }
    )
    assert.equal(await table.get('a'), undefined)
  })

  it('an entry that cannot be read is set aside with one warning, and everything else is there', async () => {
    const wide = store.collection('models/names', z.strictObject({ name: z.string() }))
    for (const [key, length] of Object.entries({ a: 3, b: 81, c: 4, d: 99 }))
      await wide.put(key, { name: 'x'.repeat(length) })
    await store.close()
    const warned: unknown[] = []
    store = await openStore(directory, { log: { warn: (message, fields) => warned.push({ message, ...fields }) } })
    const narrow = store.collection('models/names', z.strictObject({ name: z.string().max(80) }))
    assert.equal(await narrow.get('b'), undefined)
    assert.deepEqual(
      (await all(narrow.entries())).map(([key, { name }]) => [key, name.length]),
      [
        ['a', 3],
        ['c', 4]
      ]
    )
    assert.equal(warned.length, 1)
    assert.match(JSON.stringify(warned), /models\/names.*"b".*80/)
    const aside = store.collection('quarantine', z.object({ table: z.string(), key: z.string(), text: z.string() }))
    assert.deepEqual(
      (await all(aside.values())).map(({ table, key, text }) => [table, key, text.length > 81]),
      [
        ['models/names', 'b', true],
        ['models/names', 'd', true]
      ]
    )
    await narrow.put('b', { name: 'short' })
    assert.deepEqual(await narrow.get('b'), { name: 'short' })
    assert.deepEqual(await all(narrow.keys()), ['a', 'b', 'c'])
  })

  it('what was deleted or overwritten is off the disk once its tables are scrubbed, however old it is', async () => {
    const [table, other] = [store.collection('secrets/table', z.string()), store.collection('other', z.string())]
    const onDisk = async (text: string): Promise<boolean> => {
      const files = await readdir(join(directory, 'db'))
      const contents = await Promise.all(files.map(file => readFile(join(directory, 'db', file))))
      return contents.some(bytes => bytes.includes(text))
    }
    // Again and again, so that it lies at every depth: in memory, freshly written, and under what came later.
    for (let round = 0; round < 4; round++) {
      await table.put('a', `deleted in round ${round}`)
      await table.put('b', `overwritten in round ${round}`)
      await other.put(`kept ${round}`, `of another table ${round}`)
      assert.ok(await onDisk(`deleted in round ${round}`))
      await table.delete('a')
      await table.put('b', 'what took its place')
      await store.scrub([table])
      for (const gone of ['deleted in round', 'overwritten in round']) assert.ok(!(await onDisk(gone)), gone)
    }
    assert.deepEqual(await all(table.entries()), [['b', 'what took its place']])
    assert.equal((await all(other.entries())).length, 4)
  })

  it('a folder in use, of another version, that is a file, or closed says so', async () => {
    await assert.rejects(openStore(directory), { code: 'store.locked', help: /Stop the other node/ })
    await store.close()
    await assert.rejects(store.collection('t', z.string()).put('a', 'b'), { code: 'store.closed' })
    await writeFile(join(directory, 'format'), '99\n')
    await assert.rejects(openStore(directory), {
      code: 'store.version',
      message: /format 99/,
      help: /move the folder away/
    })
    await writeFile(join(directory, 'file'), '')
    await assert.rejects(openStore(join(directory, 'file')), { code: 'store.failed' })
  })

  it('a damaged database says so, and says what to do', async () => {
    await store.collection('t', z.string()).put('a', 'b')
    await store.close()
    await writeFile(join(directory, 'db', 'CURRENT'), 'MANIFEST-garbage')
    await assert.rejects(openStore(directory), { code: 'store.corrupt', help: /backup/ })
  })

  it('a full disk is told from other failures', () => {
    const level = new Error('Database failed', { cause: new Error('IO error: /x/000005.log: No space left on device') })
    assert.equal(storeError(level, '/x').code, 'store.disk-full')
    assert.equal(storeError(Object.assign(new Error('write'), { code: 'ENOSPC' }), '/x').code, 'store.disk-full')
    assert.equal(storeError(new Error('what'), '/x').code, 'store.failed')
  })

  it('what was acknowledged is there after kill -9, again and again', async () => {
    await store.close()
    let acknowledged = -1
    for (let round = 0; round < 5; round++) {
      const child = spawn(process.execPath, [fileURLToPath(new URL('writer.ts', import.meta.url)), directory], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      let text = ''
      let seen = 0
      const wanted = 20 + round * 13
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
        seen = text.split('\n').length - 1
        if (seen >= wanted) child.kill('SIGKILL')
      })
      await once(child, 'close')
      const lines = text.split('\n').slice(0, -1).map(Number)
      assert.ok(lines.length >= wanted)
      acknowledged = Math.max(acknowledged, ...lines)

      store = await openStore(directory)
      const rows = store.collection('test/rows', z.strictObject({ n: z.int(), text: z.string() }))
      for (let n = 0; n <= acknowledged; n++)
        assert.deepEqual(await rows.get(`row-${n}`), { n, text: 'x'.repeat((n * 37) % 3000) })
      const entries = await all(store.collection('test/log', z.int()).entries())
      assert.deepEqual(
        entries,
        entries.map((_, i) => [sequenceKey(i), i]),
        'the log has a gap'
      )
      assert.ok(entries.length > acknowledged)
      const odd = await store.collection('test/total', z.int()).get('odd')
      assert.equal(
        odd,
        entries.map(([, n]) => n).findLast(n => n % 2 === 1),
        'a batch was torn'
      )
      await store.close()
    }
    store = await openStore(directory)
  })
})

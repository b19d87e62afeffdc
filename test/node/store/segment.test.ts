import assert from 'node:assert/strict'
import { mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { openSegment, writeSegment } from '../../../node/store/index.ts'

const all = async <T>(source: AsyncIterable<T>): Promise<T[]> => {
  const out: T[] = []
  for await (const item of source) out.push(item)
  return out
}

describe('a segment', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tilth-segment-'))
  })
  after(() => rm(folder, { recursive: true, force: true }))

  const words = fc.string({ unit: fc.constantFrom('a', 'b', '0', '-', 'z'), minLength: 1, maxLength: 6 })
  const maps = fc.dictionary(words, fc.string({ maxLength: 3000 }), { maxKeys: 60, noNullPrototype: true })

  it('is a sorted map in a file', async () => {
    await fc.assert(
      fc.asyncProperty(maps, words, async (map, some) => {
        const sorted = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1))
        const path = join(folder, 'one')
        assert.deepEqual(await writeSegment(path, sorted), { count: sorted.length })
        const segment = await openSegment(path)
        assert.equal(segment.count, sorted.length)
        for (const [key, value] of sorted) assert.equal(await segment.get(key), value)
        assert.equal(await segment.get(some), Object.hasOwn(map, some) ? map[some] : undefined)
        assert.deepEqual(await all(segment.entries()), sorted)
        assert.deepEqual(
          await all(segment.entries(some)),
          sorted.filter(([key]) => key >= some)
        )
        await segment.close()
      }),
      { numRuns: 60 }
    )
  })

  it('with one byte changed or its end cut off it says so, and never tells what was not written', async () => {
    const entries = Array.from({ length: 300 }, (_, i): [string, string] => [
      String(i).padStart(5, '0'),
      `value ${i} `.repeat(i % 40)
    ])
    const path = join(folder, 'two')
    await writeSegment(path, entries)
    const bytes = await readFile(path)
    const broken = join(folder, 'broken')
    const look = async (content: Buffer): Promise<boolean> => {
      await writeFile(broken, content)
      try {
        const segment = await openSegment(broken)
        try {
          assert.deepEqual(await all(segment.entries()), entries)
        } finally {
          await segment.close()
        }
        return false
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'store.corrupt')
        return true
      }
    }
    assert.equal(await look(bytes), false)
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const content = Buffer.from(bytes)
        content[at] = (content[at] ?? 0) ^ change
        // The mark at the beginning is for people; everything behind it is checked.
        assert.equal(await look(content), at >= 8)
      }),
      { numRuns: 200 }
    )
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), async length => {
        assert.equal(await look(bytes.subarray(0, length)), true)
      }),
      { numRuns: 60 }
    )
  })

  it('reads one block for one entry', async () => {
    const path = join(folder, 'three')
    const entries = Array.from({ length: 20_000 }, (_, i): [string, string] => [
      String(i).padStart(8, '0'),
      `${i}`.repeat(40)
    ])
    await writeSegment(path, entries)
    const probe = await open(path, 'r')
    const prototype = Object.getPrototypeOf(probe) as { read: (...args: unknown[]) => Promise<unknown> }
    await probe.close()
    const read = prototype.read
    const lengths: number[] = []
    prototype.read = function (...args) {
      lengths.push(args[2] as number)
      return read.apply(this, args)
    }
    try {
      const segment = await openSegment(path)
      const before = lengths.length
      assert.equal(await segment.get('00012345'), '12345'.repeat(40))
      assert.equal(lengths.length - before, 1)
      assert.ok((lengths.at(-1) ?? 0) < 32 * 1024)
      await segment.close()
    } finally {
      prototype.read = read
    }
  })

  it('that cannot be finished leaves nothing behind', async () => {
    const path = join(folder, 'four')
    await assert.rejects(
      writeSegment(path, [
        ['b', ''],
        ['a', '']
      ]),
      { code: 'segment.order' }
    )
    assert.deepEqual(
      (await readdir(folder)).filter(name => name.startsWith('four')),
      []
    )
    await assert.rejects(openSegment(path), { code: 'store.corrupt' })
  })
})

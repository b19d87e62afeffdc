import assert from 'node:assert/strict'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createShelf } from '../../../node/shelf/index.ts'
import type { Lease, Shelf, ShelfDeps, TakeOptions } from '../../../node/shelf/index.ts'
import { manualClock, silentLog, systemClock } from '../../../node/runtime/index.ts'
import { cidOf, fakeFiles, folderWith } from './fakes.ts'
import type { FakeFiles } from './fakes.ts'

const wanted: TakeOptions = { kind: 'base', from: [], cause: 'stranger' }

describe('the shelf', () => {
  let root: string, fake: FakeFiles, shelf: Shelf
  const open = async (options: Partial<ShelfDeps> = {}): Promise<Shelf> => {
    const made = createShelf({
      files: fake.files,
      folder: join(root, 'shelf'),
      clock: systemClock,
      log: silentLog,
      quota: 100,
      free: async () => 1e15,
      ...options
    })
    await made.start()
    return made
  }
  const model = async (name: string, size: number): Promise<string> => {
    const cid = await cidOf(name)
    fake.had.set(cid, size)
    return cid
  }
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tilth-shelf-'))
    fake = fakeFiles()
    shelf = await open()
  })
  afterEach(async () => {
    await shelf.stop()
    await rm(root, { recursive: true, force: true })
  })

  it('gives a folder that is fetched once, however many ask while it comes', async () => {
    const cid = await model('a', 40)
    const leases = await Promise.all([1, 2, 3].map(() => shelf.take(cid, wanted)))
    assert.deepEqual(fake.fetched, [cid])
    assert.equal((await stat(join(leases[0]!.folder, 'model'))).size, 40)
    assert.deepEqual(new Set(leases.map(({ folder }) => folder)).size, 1)
    await shelf.take(cid, wanted)
    assert.deepEqual(fake.fetched, [cid])
  })

  it('refuses by declared size before a byte is fetched: over its row, its asker, or the quota', async () => {
    const huge = await model('huge', 300 * 2 ** 30)
    await assert.rejects(shelf.take(huge, wanted), { code: 'shelf.too-large' })
    const mid = await model('mid', 60)
    await assert.rejects(shelf.take(mid, { ...wanted, maxBytes: 59 }), { code: 'shelf.too-large' })
    const over = await model('over', 101)
    await assert.rejects(shelf.take(over, wanted), { code: 'shelf.full', consequence: 'retry' })
    assert.deepEqual(fake.fetched, [])
    await shelf.stop()
    shelf = await open({ free: async () => 2 ** 29 + 100 })
    await assert.rejects(shelf.take(mid, wanted), { code: 'shelf.disk' })
    assert.deepEqual(fake.fetched, [])
  })

  it('throws out what nobody holds, the longest unused first, and what it made itself last', async () => {
    const [a, b, c, d] = await Promise.all([model('a', 40), model('b', 40), model('c', 40), model('d', 90)])
    const mine = await shelf.put(await folderWith(root, 'mine', 10), 'adapter')
    mine.release()
    const leaseA = await shelf.take(a, wanted)
    const leaseB = await shelf.take(b, wanted)
    leaseA.release()
    leaseB.release()
    const again = await shelf.take(a, wanted)
    const leaseC = await shelf.take(c, wanted)
    assert.deepEqual([shelf.has(a), shelf.has(b), shelf.has(c), shelf.has(mine.cid)], [true, false, true, true])
    await assert.rejects(shelf.take(d, wanted), { code: 'shelf.full' })
    again.release()
    leaseC.release()
    leaseC.release()
    await shelf.take(d, wanted)
    assert.deepEqual([shelf.has(a), shelf.has(c), shelf.has(mine.cid), shelf.has(d)], [false, false, true, true])
  })

  it('gives questions of others a half, never in the place of its own, and takes it back when needed', async () => {
    const question: TakeOptions = { ...wanted, kind: 'adapter', cause: 'question' }
    const owner: TakeOptions = { ...wanted, cause: 'owner' }
    const [a, b, c, d, e] = await Promise.all([
      model('a', 20),
      model('b', 20),
      model('c', 20),
      model('d', 70),
      model('e', 40)
    ])
    const mine = await shelf.put(await folderWith(root, 'mine', 40), 'adapter')
    mine.release()
    const held = [await shelf.take(a, question), await shelf.take(b, question)]
    await assert.rejects(shelf.take(c, question), { code: 'shelf.full', consequence: 'retry' })
    held[0]?.release()
    const third = await shelf.take(c, question)
    assert.deepEqual([shelf.has(a), shelf.has(b), shelf.has(c), shelf.has(mine.cid)], [false, true, true, true])
    const off = shelf.onNeed(() => {
      const [lease] = held.splice(1, 1)
      lease?.release()
      return lease !== undefined
    })
    const wantedNow = await shelf.take(d, owner)
    assert.deepEqual([shelf.has(b), shelf.has(c), shelf.has(mine.cid)], [false, true, false])
    await assert.rejects(shelf.take(e, owner), { code: 'shelf.full' })
    off()
    third.release()
    wantedNow.release()
    // What is its owner's is outside of the share, and what was put here outlasts a start.
    await shelf.stop()
    shelf = await open()
    const again = await shelf.put(await folderWith(root, 'mine', 40), 'adapter')
    again.release()
    await assert.rejects(shelf.take(d, question), { code: 'shelf.full' })
    assert.equal(shelf.has(mine.cid), true)
  })

  it('forgets in memory what nobody holds any more', async () => {
    const forgotten: string[] = []
    await shelf.stop()
    shelf = await open({
      engine: {
        async unload(folder) {
          forgotten.push(folder)
        }
      }
    })
    const cid = await model('a', 40)
    const [one, two] = [await shelf.take(cid, wanted), await shelf.take(cid, wanted)]
    one.release()
    assert.deepEqual(forgotten, [])
    two.release()
    assert.deepEqual(forgotten, [two.folder])
  })

  it('a fetch ends when the last asker has gone, and not before', async () => {
    const cid = await model('a', 40)
    let open = (): void => undefined
    fake.gate = () =>
      new Promise(resolve => {
        open = resolve
      })
    const [first, second] = [new AbortController(), new AbortController()]
    const one = shelf.take(cid, { ...wanted, signal: first.signal })
    const two = shelf.take(cid, { ...wanted, signal: second.signal })
    while (fake.fetched.length === 0) await new Promise(setImmediate)
    first.abort(new Error('no more'))
    await assert.rejects(one, /no more/)
    assert.equal(shelf.status().fetching, 1)
    second.abort(new Error('nor I'))
    await assert.rejects(two, /nor I/)
    while (shelf.status().fetching > 0) await new Promise(setImmediate)
    assert.equal(shelf.status().bytes, 0)
    fake.gate = async () => undefined
    open()
    await shelf.take(cid, wanted)
  })

  it('holds what strangers cause to a bandwidth, and not what its owner wants', async () => {
    const clock = manualClock()
    await shelf.stop()
    shelf = await open({ clock, pace: 10 })
    const [a, b, c] = await Promise.all([model('a', 40), model('b', 20), model('c', 20)])
    await shelf.take(a, wanted)
    const waiting = shelf.take(b, wanted)
    const owners = await shelf.take(c, { ...wanted, cause: 'owner' })
    owners.release()
    assert.equal(shelf.has(b), false)
    for (let i = 0; !shelf.has(b) && i < 10; i++) {
      await clock.advance(1000)
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    }
    await waiting
    assert.ok(clock.now() - 1_700_000_000_000 >= 2000, 'two of forty bytes were over the burst')
  })

  it('after a kill, what is on disk is whole or gone', async () => {
    const cid = await model('a', 40)
    await shelf.take(cid, wanted)
    const folder = join(root, 'shelf')
    // What a killed process may leave: a folder half written, one half removed, one without its note, a foreign file.
    await mkdir(join(folder, 'new.1-1/files'), { recursive: true })
    await mkdir(join(folder, 'old.1-1/files'), { recursive: true })
    await mkdir(join(folder, await cidOf('b'), 'files'), { recursive: true })
    await mkdir(join(folder, await cidOf('c')), { recursive: true })
    await writeFile(join(folder, await cidOf('c'), 'note.json'), '{"kind":"base","bytes":1,"own":false}')
    await writeFile(join(folder, 'stray'), '')
    shelf = await open()
    assert.deepEqual(readdirSync(folder), [cid])
    assert.deepEqual(
      shelf.status().entries.map(entry => entry.cid),
      [cid]
    )
    const lease = await shelf.take(cid, wanted)
    assert.equal((await readFile(join(lease.folder, 'model'))).length, 40)
    assert.deepEqual(fake.fetched, [cid])
  })

  it('what may be the only copy of a model does not go for what its note has become', async () => {
    const cid = await model('a', 40)
    await shelf.take(cid, wanted)
    await shelf.stop()
    await writeFile(join(root, 'shelf', cid, 'note.json'), '{"kind":"ba')
    shelf = await open()
    assert.deepEqual(
      shelf.status().entries.map(entry => entry.cid),
      [cid]
    )
    assert.equal((await readFile(join((await shelf.take(cid, wanted)).folder, 'model'))).length, 40)
    assert.deepEqual(fake.fetched, [cid])
  })

  it('whatever is taken, released, put and lost, the quota holds and what is held stays whole', async function () {
    this.timeout(120_000)
    const step = fc.record({
      what: fc.constantFrom('take', 'take', 'take', 'put', 'release', 'restart', 'abort'),
      name: fc.integer({ min: 0, max: 9 }),
      at: fc.nat()
    })
    const sources = new Map<number, string>()
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
        await shelf.stop()
        await rm(join(root, 'shelf'), { recursive: true, force: true })
        fake = fakeFiles()
        shelf = await open()
        const sizes = [5, 10, 20, 30, 40, 50, 60, 80, 100, 120]
        const held: Lease[] = []
        const check = (): void => {
          const { bytes, entries } = shelf.status()
          assert.ok(bytes <= 100, `${bytes} bytes are on the shelf`)
          assert.ok(entries.reduce((sum, entry) => sum + entry.bytes, 0) <= 100)
          for (const lease of held) assert.ok(existsSync(lease.folder), `${lease.cid} is held and gone`)
        }
        const pending: Promise<unknown>[] = []
        for (const { what, name, at } of steps) {
          const size = sizes[name]!
          if (what === 'take' || what === 'abort') {
            const cid = await model(`m${name}`, size)
            const signal = what === 'abort' ? AbortSignal.timeout(at % 3) : undefined
            pending.push(
              shelf.take(cid, { ...wanted, signal }).then(
                lease => held.push(lease),
                (error: unknown) => assert.match(String((error as { code: unknown }).code ?? error), /shelf|Timeout|23/)
              )
            )
            if (at % 2 === 0) await Promise.all(pending.splice(0))
          }
          if (what === 'put') {
            // Written once: what is being put does not change.
            const from = sources.get(name) ?? (await folderWith(root, `p${name}`, size))
            sources.set(name, from)
            pending.push(
              shelf.put(from, 'adapter').then(
                lease => held.push(lease),
                (error: unknown) => assert.equal((error as { code: unknown }).code, 'shelf.full')
              )
            )
          }
          if (what === 'release' && held.length > 0) held.splice(at % held.length, 1)[0]!.release()
          if (what === 'restart') {
            await Promise.all(pending.splice(0))
            held.splice(0)
            await shelf.stop()
            shelf = await open()
          }
          check()
        }
        await Promise.all(pending)
        check()
        for (const lease of held) assert.ok((await stat(lease.folder)).isDirectory())
        for (const { cid, bytes } of shelf.status().entries) {
          const folder = join(root, 'shelf', cid, 'files')
          // At once: what makes room for somebody who left may still go on.
          const [file] = readdirSync(folder)
          assert.equal(statSync(join(folder, file!)).size, bytes)
        }
      }),
      { numRuns: 60 }
    )
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createShelf } from '../../../node/shelf/index.ts'
import type { Shelf } from '../../../node/shelf/index.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { scratch, startNode, stopNodes } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

const weights = Uint8Array.from(randomBytes(5_300_000))
const slow = { limits: { fetch: { silenceMs: 20_000, briefMs: 5_000 } } }

async function bytesUnder(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).size
  return bytes
}

describe('shelves of a network', () => {
  let author: TestNode, reader: TestNode, other: TestNode, root: string, model: string
  const shelves: Shelf[] = []
  const shelfOf = async (node: TestNode, quota = 20e6): Promise<Shelf> => {
    const { files, directory } = node
    const shelf = createShelf({ files, folder: join(directory, 'shelf'), clock: systemClock, log: silentLog, quota })
    await shelf.start()
    shelves.push(shelf)
    return shelf
  }
  before(async () => {
    root = await scratch('shelf')
    model = join(root, 'model')
    await mkdir(join(model, 'deep'), { recursive: true })
    await writeFile(join(model, 'model.safetensors'), weights)
    await writeFile(join(model, 'config.json'), '{"a":1}')
    await writeFile(join(model, 'deep/again.json'), '{"a":1}')
    await writeFile(join(model, 'empty'), '')
    author = await startNode({}, slow)
    reader = await startNode({ join: [author] }, slow)
    other = await startNode({ join: [author, reader] }, slow)
    await other.peers.ready(2, 20_000)
  })
  after(async () => {
    for (const shelf of shelves) await shelf.stop()
    await stopNodes()
    await rm(root, { recursive: true, force: true })
  })

  it('a model is on each disk once, fetched once for all who ask, and goes on from hand to hand', async function () {
    this.timeout(60_000)
    const [mine, theirs] = [await shelfOf(author), await shelfOf(reader)]
    const { cid, folder } = await mine.put(model, 'base')
    assert.equal(cid, await author.files.addDirectory(model, { pin: false }), 'the folder has one CID, shelf or not')
    assert.deepEqual(Uint8Array.from(await readFile(join(folder, 'model.safetensors'))), weights)

    let bytes = 0
    const ask = { kind: 'base', from: [author.peers.self.address], cause: 'stranger' } as const
    const leases = await Promise.all(
      [1, 2, 3].map(() =>
        theirs.take(cid, {
          ...ask,
          onProgress: done => {
            bytes = done
          }
        })
      )
    )
    const size = leases[0]!.bytes
    assert.equal(bytes, size, 'three askers, one fetch')
    assert.deepEqual(Uint8Array.from(await readFile(join(leases[0]!.folder, 'model.safetensors'))), weights)
    assert.equal(await readFile(join(leases[0]!.folder, 'deep/again.json'), 'utf8'), '{"a":1}')
    assert.ok((await bytesUnder(reader.directory)) < 1.2 * size, 'its blocks are not kept beside the folder')

    await author.stop()
    const third = await shelfOf(other)
    const { folder: got } = await third.take(cid, { ...ask, from: [reader.peers.self.address] })
    assert.deepEqual(Uint8Array.from(await readFile(join(got, 'model.safetensors'))), weights)

    // What makes room for others is given to nobody any more.
    for (const lease of leases) lease.release()
    await writeFile(join(model, 'model.safetensors'), randomBytes(15_500_000))
    const { cid: next } = await theirs.put(model, 'base')
    assert.deepEqual([theirs.has(cid), theirs.has(next)], [false, true])
    await assert.rejects(reader.files.fetchBytes(cid, { maxBytes: 1e6, signal: AbortSignal.timeout(500) }))
    assert.equal(await reader.files.has(cid), false)
  })

  it('what something else has pinned stays when its folder goes', async function () {
    this.timeout(60_000)
    const shelf = shelves[1]!
    const path = join(root, 'shared')
    await mkdir(path)
    const shared = randomBytes(2_200_000)
    await writeFile(join(path, 'shared'), shared)
    const lease = await shelf.put(path, 'adapter')
    const { cid } = lease
    // Its blocks are read from the folder now; the same bytes pinned by themselves want them for good.
    const pinned = await reader.files.addBytes(shared)
    lease.release()
    await writeFile(join(model, 'model.safetensors'), randomBytes(19_000_000))
    for (const entry of shelf.status().entries) assert.equal(entry.leases > 0 && entry.cid === cid, false)
    await shelf.stop()
    const small = await shelfOf(reader, 1_000_000)
    assert.equal(small.has(cid), false)
    assert.deepEqual(Buffer.from(await reader.files.fetchBytes(pinned, { maxBytes: 1e7 })), shared)
  })

  it('a model larger than the quota is refused before it is fetched', async () => {
    const shelf = shelves.at(-1)!
    const large = join(root, 'large')
    await mkdir(large)
    await writeFile(join(large, 'model.safetensors'), randomBytes(1_500_000))
    await writeFile(join(large, 'config.json'), '{"large":1}')
    const cid = await other.files.addDirectory(large)
    const before = await bytesUnder(reader.directory)
    await assert.rejects(shelf.take(cid, { kind: 'base', from: [other.peers.self.address], cause: 'stranger' }), {
      code: 'shelf.full'
    })
    assert.ok((await bytesUnder(reader.directory)) - before < 100_000)
  })

  it('a dead CID costs one short search, and the next asker nothing until somebody comes with it', async () => {
    const dead = `bafybeig${'a'.repeat(51)}`
    const shelf = shelves.at(-1)!
    const ask = { kind: 'base', from: [`0x${'12'.repeat(20)}`], cause: 'stranger' } as const
    await assert.rejects(shelf.take(dead, ask), { code: 'files.unavailable', message: /in time/ })
    await assert.rejects(shelf.take(dead, ask), { code: 'files.unavailable', message: /a moment ago/ })
    const own = shelf.take(dead, { ...ask, cause: 'owner', signal: AbortSignal.timeout(300) })
    await assert.rejects(own, { name: 'TimeoutError' })
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, readFile, readdir, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileHandle } from 'node:fs/promises'
import { LimitError } from '../../../protocol/primitives/index.ts'
import { startNode, stopNodes } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

// What of a folder that is fetched and not pinned goes to the disk: its files, and nothing as blocks besides.

/** Paths of what is flushed while something is done, by Linux's own list of open files. */
async function flushed(work: () => Promise<unknown>): Promise<string[]> {
  const some = await open(tmpdir(), 'r')
  const kind = Object.getPrototypeOf(some) as FileHandle
  await some.close()
  const sync = Reflect.get(kind, 'sync') as (this: FileHandle) => Promise<void>
  const paths: string[] = []
  kind.sync = async function (this: FileHandle) {
    paths.push(await readlink(`/proc/self/fd/${this.fd}`))
    await sync.call(this)
  }
  try {
    await work()
  } finally {
    kind.sync = sync
  }
  return paths
}

describe('transport: folders that pass', function () {
  this.timeout(60_000)
  let author: TestNode, reader: TestNode, scratch: string
  let weights: Uint8Array // of the folder that was added last
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'tilth-passing-'))
    author = await startNode()
    reader = await startNode({ join: [author] })
    await reader.peers.ready(1, 20_000)
  })
  after(async () => {
    await stopNodes()
    await rm(scratch, { recursive: true, force: true })
  })

  async function add(name: string): Promise<string> {
    const path = join(scratch, name)
    await mkdir(path)
    weights = Uint8Array.from(randomBytes(600_000))
    await writeFile(join(path, 'adapter_config.json'), JSON.stringify({ name }))
    await writeFile(join(path, 'adapter_model.safetensors'), weights)
    return author.files.addDirectory(path)
  }
  const fetch = (cid: string, to: string, more: object = {}): Promise<void> =>
    reader.files.fetchDirectory(cid, join(scratch, to), {
      maxBytes: 10_000_000,
      providers: [author.peers.self.address],
      pin: false,
      ...more
    })
  const blocksOf = async (node: TestNode): Promise<string[]> =>
    (await readdir(join(node.directory, 'blocks'), { recursive: true })).filter(path => path.endsWith('.data'))

  it('are on the disk once, as files, until somebody pins them', async function () {
    if (process.platform !== 'linux') this.skip() // the list of open files is Linux's
    const cid = await add('first')
    const paths = await flushed(() => fetch(cid, 'got'))
    assert.ok(paths.some(path => path.endsWith('adapter_model.safetensors')))
    assert.deepEqual(
      paths.filter(path => path.includes(join(reader.directory, 'blocks'))),
      []
    )
    assert.deepEqual(await blocksOf(reader), [])
    assert.deepEqual(Uint8Array.from(await readFile(join(scratch, 'got/adapter_model.safetensors'))), weights)
    // Lent, others have it from here.
    await reader.files.lend(cid, join(scratch, 'got'))
    await author.stop()
    const third = await startNode({ join: [reader] })
    await third.files.fetchDirectory(cid, join(scratch, 'third'), {
      maxBytes: 10_000_000,
      providers: [reader.peers.self.address]
    })
    assert.deepEqual(Uint8Array.from(await readFile(join(scratch, 'third/adapter_model.safetensors'))), weights)
    assert.equal((await blocksOf(third)).length, 3, 'what is pinned is there as blocks')
    author = third
  })

  it('nothing that is kept relies on what passes: pinned meanwhile, all of it is there as blocks', async () => {
    const cid = await add('second')
    const pinned = (): Promise<void> =>
      reader.files.fetchDirectory(cid, join(scratch, 'pinned'), {
        maxBytes: 10_000_000,
        providers: [author.peers.self.address]
      })
    await Promise.all([fetch(cid, 'passing'), pinned(), fetch(cid, 'passing too')])
    await author.stop()
    author = await startNode({ join: [reader] })
    await author.files.fetchDirectory(cid, join(scratch, 'from reader'), {
      maxBytes: 10_000_000,
      providers: [reader.peers.self.address]
    })
    assert.equal((await blocksOf(reader)).length, 3)
    assert.equal(await reader.files.has(cid), true)
  })

  it('pass in memory as far as 2 MiB, though all of a large file is asked for at once', async () => {
    const path = join(scratch, 'large')
    await mkdir(path)
    weights = Uint8Array.from(randomBytes(8 << 20))
    await writeFile(join(path, 'adapter_model.safetensors'), weights)
    const before = (await blocksOf(reader)).length
    await fetch(await author.files.addDirectory(path), 'large got')
    assert.deepEqual(Uint8Array.from(await readFile(join(scratch, 'large got/adapter_model.safetensors'))), weights)
    // Eight leaves of a mebibyte; beside two nodes, one of them fits.
    assert.equal((await blocksOf(reader)).length - before, 7)
  })

  it('are told by names and sizes before they are written, and not written where that is too much', async () => {
    const cid = await add('third folder')
    let told: unknown
    await assert.rejects(
      fetch(cid, 'never', {
        admit: async (files: unknown) => {
          told = files
          throw new LimitError('shelf.full', 'no room')
        }
      }),
      { code: 'shelf.full' }
    )
    assert.deepEqual(told, [
      { path: 'adapter_config.json', size: JSON.stringify({ name: 'third folder' }).length },
      { path: 'adapter_model.safetensors', size: weights.length }
    ])
    assert.equal((await readdir(scratch)).filter(name => name.startsWith('never')).length, 0)
  })
})

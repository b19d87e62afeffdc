import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { z } from 'zod'
import { archiveOf, checkArchive, restoreFolder } from '../../daemon/backup/index.ts'
import { manifestJson, manifestPath, manifestText } from '../../daemon/backup/manifest.ts'
import type { Manifest } from '../../daemon/backup/manifest.ts'
import { readTar, writeTar } from '../../daemon/backup/tar.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { backupParts, isPartPath } from '../../node/backup/index.ts'
import { firstFormat, openStore, storeFormat } from '../../node/store/index.ts'
import { scratch } from '../harness/index.ts'

const run = promisify(execFile)
const textTable = z.string()

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
async function joined(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}
/** Every file below a folder, with its mode and bytes. */
async function filesIn(folder: string): Promise<Map<string, { mode: number; bytes: Buffer }>> {
  const found = new Map<string, { mode: number; bytes: Buffer }>()
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const { mode } = await stat(path)
    if (entry.isFile()) found.set(path.slice(folder.length + 1), { mode, bytes: await readFile(path) })
    else assert.equal(mode & 0o077, 0, path)
  }
  return found
}

describe('a copy of a data folder', () => {
  it('is an archive that tar reads, whatever its files are called and however it is cut', async () => {
    const name = fc.oneof(
      fc.constantFrom('key.json', `shelf/${'a'.repeat(120)}/files/${'b'.repeat(150)}.safetensors`, 'shelf/ä/文'),
      fc.string({ minLength: 1, maxLength: 20, unit: fc.constantFrom('a', 'B', '-', '.', ' ', 'é') })
    )
    const members = fc.uniqueArray(fc.record({ path: name, bytes: fc.uint8Array({ maxLength: 1500 }) }), {
      selector: ({ path }) => path,
      maxLength: 6
    })
    await fc.assert(
      fc.asyncProperty(members, fc.integer({ min: 1, max: 700 }), async (files, size) => {
        async function* all() {
          for (const { path, bytes } of files) yield { path, size: bytes.length, bytes: pieces(bytes, size) }
        }
        const archive = await joined(writeTar(all(), 1_000_000))
        const found: { path: string; bytes: Uint8Array }[] = []
        for await (const { path, bytes } of readTar(pieces(archive, size)))
          found.push({ path, bytes: new Uint8Array(await joined(bytes)) })
        assert.deepEqual(
          found,
          files.map(({ path, bytes }) => ({ path, bytes }))
        )
      }),
      { numRuns: 60 }
    )
    async function* long() {
      yield { path: `shelf/${'a'.repeat(120)}/x`, size: 3, bytes: [Buffer.from('abc')] }
      yield { path: 'key.json', size: 2, bytes: [Buffer.from('{}')] }
    }
    const path = join(await scratch('tar'), 'a.tar')
    await writeFile(path, await joined(writeTar(long(), 1_000_000)))
    const { stdout } = await run('tar', ['-tf', path])
    assert.deepEqual(stdout.trim().split('\n'), [`shelf/${'a'.repeat(120)}/x`, 'key.json'])
  })

  it('takes no file that leads out of the folder', () => {
    for (const good of [
      'entries/store/00000001.jsonl',
      'ipfs/blocks/AB/XYZ.data',
      'shelf/bafy/files/a.json',
      'payouts/x'
    ])
      assert.ok(isPartPath(good), good)
    const bad = [
      '../x',
      '/etc/passwd',
      'shelf/../../x',
      'shelf//x',
      'shelf',
      'key.json',
      'store/db/x',
      'shelf/a\\b',
      'shelf/a\0'
    ]
    for (const path of bad) assert.ok(!isPartPath(path), path)
    fc.assert(
      fc.property(fc.array(fc.constantFrom('..', '.', '', 'shelf', 'x', 'payouts'), { maxLength: 6 }), parts => {
        const path = parts.join('/')
        if (isPartPath(path)) assert.ok(parts.length > 1 && parts.every(part => part !== '' && !part.startsWith('.')))
      })
    )
  })

  /** A folder as a node has it, its store still open, and an archive that is made while it is written to. */
  async function copied(whole: boolean) {
    const root = await scratch('backup')
    const directory = join(root, 'node')
    const store = await openStore(join(directory, 'store'))
    const table = store.collection('test/words', textTable)
    for (let n = 0; n < 400; n++) await table.put(`k${n}`, 'v'.repeat(5_000) + n, { sync: false })
    for (const [path, text] of [
      ['payouts/receipts/a.receipts.txt', 'receipts'],
      ['ipfs/blocks/AB/half.data.123.new', 'not whole'],
      ['shelf/bafy/files/config.json', '{"a":1}']
    ] as const) {
      await mkdir(join(directory, path, '..'), { recursive: true })
      await writeFile(join(directory, path), text)
    }
    const { address } = await createKeystore(join(root, 'elsewhere.json'), 'correct horse', { strength: 'light' })
    await writeFile(join(directory, 'api-token'), 'a-token-that-stays\n')
    const held = async function* (): AsyncGenerator<[string, Uint8Array]> {
      yield ['/pin/x', new Uint8Array([1, 2])]
      const note = { folder: join(directory, 'shelf/bafy/files'), blocks: [] }
      yield ['/lent/folder/y', new TextEncoder().encode(JSON.stringify(note))]
    }
    const kept = {
      directory,
      key: join(root, 'elsewhere.json'),
      settings: { data: directory, key: 'elsewhere', roles: ['worker'], worker: { inputPrice: 5n } },
      address,
      version: '9'
    }
    const parts = backupParts({ store, transport: { heldRecords: held } }, directory, { whole })
    const archive = join(root, 'copy.tar')
    let bytes = 0
    async function* busy(): AsyncGenerator<Uint8Array> {
      for await (const piece of archiveOf(kept, parts, { whole })) {
        yield piece
        // What comes after the copy began is not in it.
        bytes += piece.length
        if (bytes > 100_000) await table.put('k99', 'later')
      }
    }
    await writeFile(archive, await joined(busy()))
    await store.close()
    return { root, directory, archive, address, passphrase: 'correct horse' }
  }

  it('is as the folder was at one moment, and comes back to a new one, its owner’s alone', async () => {
    const before = process.umask(0o077)
    try {
      const { root, directory, archive, address } = await copied(true)
      const to = join(root, 'new', 'place')
      const { manifest, entries, findings } = await restoreFolder(archive, to)
      assert.deepEqual([manifest.address, manifest.whole, entries.held], [address, true, 2])
      assert.ok(findings.every(({ part, damaged }) => part === 'models' || damaged.length === 0))
      const files = await filesIn(to)
      for (const [name, { mode }] of files) assert.equal(mode & 0o077, 0, name)
      assert.equal(files.get('payouts/receipts/a.receipts.txt')?.bytes.toString(), 'receipts')
      for (const none of ['api-token', 'ipfs/blocks/AB/half.data.123.new']) assert.ok(!files.has(none), none)
      // Folder and key are where this one stands.
      assert.deepEqual(JSON.parse(files.get('config.json')?.bytes.toString() ?? ''), {
        roles: ['worker'],
        worker: { inputPrice: '5' }
      })
      assert.deepEqual(files.get('key.json')?.bytes, await readFile(join(root, 'elsewhere.json')))
      const store = await openStore(join(to, 'store'))
      const table = store.collection('test/words', textTable)
      let count = 0
      for await (const [name, text] of table.entries()) {
        assert.equal(text, 'v'.repeat(5_000) + name.slice(1))
        count++
      }
      assert.equal(count, 400)
      assert.equal(entries.store, 400)
      await store.close()
      // Nothing is written over: neither the folder that was copied nor the one that was just made.
      for (const there of [to, directory])
        await assert.rejects(restoreFolder(archive, there), { code: 'backup.folder' })
    } finally {
      process.umask(before)
    }
  })

  it('of an older version comes back as it was there, and is brought to this one when it is opened', async () => {
    const { archive, root } = await copied(false)
    const older = join(root, 'older.tar')
    async function* members(store: number | undefined) {
      for await (const { path, bytes } of readTar(pieces(await readFile(archive), 10_000))) {
        const content = await joined(bytes)
        const { store: _, ...said } = path === manifestPath ? JSON.parse(manifestJson(content.toString()) ?? '') : {}
        const text = manifestText(store === undefined ? said : { ...said, store })
        const written = path === manifestPath ? Buffer.from(text) : content
        yield { path, size: written.length, bytes: [written] }
      }
    }
    for (const [store, format] of [
      [storeFormat, storeFormat],
      [undefined, firstFormat]
    ]) {
      await writeFile(older, await joined(writeTar(members(store), 0)))
      const to = join(root, `as-${format}`)
      await restoreFolder(older, to)
      assert.equal(await readFile(join(to, 'store', 'format'), 'utf8'), `${format}\n`)
    }
    await writeFile(older, await joined(writeTar(members(storeFormat + 1), 0)))
    await assert.rejects(checkArchive(older), { code: 'backup.version' })
  })

  it('of another account than its key is that of, or that is a folder, is refused by name', async () => {
    const { archive, root, address } = await copied(false)
    const other = join(root, 'other.tar')
    async function* members() {
      for await (const { path, bytes } of readTar(pieces(await readFile(archive), 10_000))) {
        const content = await joined(bytes)
        const said = path === manifestPath ? manifestJson(content.toString()) : undefined
        const text =
          said === undefined ? content : manifestText({ ...JSON.parse(said), address: `0x${'11'.repeat(20)}` })
        const written = Buffer.from(text)
        yield { path, size: written.length, bytes: [written] }
      }
    }
    await writeFile(other, await joined(writeTar(members(), 0)))
    await assert.rejects(restoreFolder(other, join(root, 'of-other')), {
      code: 'backup.damaged',
      message: new RegExp(address)
    })
    await assert.rejects(restoreFolder(root, join(root, 'of-folder')), { code: 'backup.none', message: /is a folder/ })
    assert.deepEqual(
      (await readdir(root)).filter(name => name.startsWith('of-')),
      []
    )
  })

  it('leaves blocks and models away where that is asked for', async () => {
    const { archive } = await copied(false)
    const { files, whole } = await checkArchive(archive)
    assert.equal(whole, false)
    assert.ok(files.every(({ path }) => !/^(ipfs|shelf|entries\/held)/.test(path)))
  })

  it('is refused when a bit of it is another, wherever, or its end is missing, and leaves nothing behind', async () => {
    const { root, archive } = await copied(true)
    const good = await readFile(archive)
    const path = join(root, 'damaged.tar')
    const refused = async (bytes: Uint8Array): Promise<void> => {
      await writeFile(path, bytes)
      await assert.rejects(restoreFolder(path, join(root, 'of-damaged')))
      assert.deepEqual(
        (await readdir(root)).filter(name => name.startsWith('of-damaged')),
        []
      )
    }
    // Padding between files says nothing, so a bit of it may be another.
    const known = (await checkArchive(archive)).files.length
    assert.ok(known > 4)
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 2_000_000 }), fc.nat({ max: 7 }), async (at, bit) => {
        const bytes = Uint8Array.from(good)
        if (at >= bytes.length || bytes[at] === 0) return
        bytes[at]! ^= 1 << bit
        await refused(bytes)
      }),
      { numRuns: 25 }
    )
    for (const share of [0, 0.2, 0.5, 0.99]) await refused(good.subarray(0, Math.floor(good.length * share)))
    await refused(Buffer.concat([good.subarray(0, good.length - 1024), good]))
  })

  it('of a newer version is refused by name', async () => {
    const path = join(await scratch('newer'), 'newer.tar')
    const text = Buffer.from(manifestText({ format: 2 } as Manifest))
    async function* one() {
      yield { path: 'manifest.json', size: text.length, bytes: [text] }
    }
    await writeFile(path, await joined(writeTar(one(), 0)))
    await assert.rejects(checkArchive(path), { code: 'backup.version', message: /format 2/ })
  })
})

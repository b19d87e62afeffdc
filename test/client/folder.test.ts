import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { folderStorage } from '../../client/storage/folder.ts'
import { openTables } from '../../client/storage/tables.ts'
import { scratch } from '../harness/index.ts'
import { allOf } from './network.ts'
import { memoryRows } from './rows.ts'

const inUse = { code: 'client.in-use' }
const locks = async (folder: string): Promise<string[]> =>
  (await readdir(folder)).filter(name => name.includes('.lock'))

/** A process that has an account open; resolves when it has. */
async function holder(folder: string) {
  const module = join(import.meta.dirname, '../../client/storage/folder.ts')
  const code = `
    const { folderStorage } = await import(${JSON.stringify(module)})
    const said = await folderStorage(${JSON.stringify(folder)}).open('one').then(() => 'open', error => error.code)
    process.stdout.write(said)
    setInterval(() => undefined, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = (await once(child.stdout, 'data')) as [Buffer]
  return {
    said: String(said),
    async kill() {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
}

describe('the folder of a light peer', function () {
  this.timeout(60_000)

  it('is open once at a time in a process, however it is called and whoever comes at the same moment', async () => {
    const folder = await scratch('folder')
    const spellings = [folder, `${folder}/.`, relative(process.cwd(), folder)]
    const opened = await Promise.allSettled(spellings.map(path => folderStorage(path).open('one')))
    const got = opened.filter(one => one.status === 'fulfilled')
    assert.equal(got.length, 1)
    assert.equal((await locks(folder)).length, 1)
    await got[0]?.value.close()
    await (await folderStorage(folder).open('one')).close()
    assert.deepEqual(await locks(folder), [])
  })

  it('is open in one process at a time, and again after that one was killed', async () => {
    const folder = await scratch('folder')
    const first = await holder(folder)
    assert.equal(first.said, 'open')
    try {
      await assert.rejects(folderStorage(folder).open('one'), inUse)
    } finally {
      await first.kill()
    }
    await (await folderStorage(folder).open('one')).close()
  })

  it('knows a process by when it began, not by its number alone', async () => {
    const folder = await scratch('folder')
    const note = (born?: string): Promise<void> =>
      writeFile(join(folder, `one.jsonl.lock.${'0'.repeat(16)}`), JSON.stringify({ pid: process.pid, born }))
    await note()
    await assert.rejects(folderStorage(folder).open('one'), inUse)
    await note('before the machine was started anew')
    await (await folderStorage(folder).open('one')).close()
    assert.deepEqual(await locks(folder), [])
  })

  it('keeps no more than four times what stands in it, and a mebibyte', async () => {
    const folder = await scratch('folder')
    const storage = folderStorage(folder)
    const rows = await storage.open('one')
    const long = 'x'.repeat(100_000)
    for (let i = 0; i < 40; i++)
      await rows.write([
        ['same', `${i} ${long}`],
        [`gone ${i}`, '1'],
        [`gone ${i - 1}`, null]
      ])
    const { size } = await stat(join(folder, 'one.jsonl'))
    assert.ok(size < 5 * long.length + (1 << 20), `${size} bytes`)
    await rows.write([['last', '2']])
    await rows.close()
    const again = await storage.open('one')
    assert.deepEqual(
      new Map(await again.all()),
      new Map([
        ['same', `39 ${long}`],
        ['gone 39', '1'],
        ['last', '2']
      ])
    )
    await again.close()
  })

  it('says so where a record cannot be read, and does not pass over it', async () => {
    const kept = new Map([
      ['client/spending\u0000own', '{"day":"yesterday"}'],
      ['client/spending\u0000half', '{"day']
    ])
    const table = (await openTables(memoryRows(kept))).collection('client/spending', z.object({ day: z.int() }))
    for (const key of ['own', 'half']) await assert.rejects(table.get(key), { code: 'client.storage' })
    await assert.rejects(allOf(table.values()), { code: 'client.storage' })
    assert.equal(await table.get('another'), undefined)
  })
})

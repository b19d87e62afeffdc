import assert from 'node:assert/strict'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireFree, requireFreeFile } from '../../daemon/cli/free.ts'
import { makeFolder } from '../../daemon/make-folder.ts'
import { scratch } from '../harness/index.ts'

describe('folders that somebody names', () => {
  it('are made with those they stand in, and may be there', async () => {
    const folder = join(await scratch('folders'), 'a', 'b')
    await Promise.all([makeFolder(folder, { mode: 0o700 }), makeFolder(folder)])
    await makeFolder(folder)
    assert.ok((await stat(folder)).isDirectory())
  })

  it('are refused at once where none can be: in a file, or where the system takes none', async () => {
    const file = join(await scratch('folders'), 'file')
    await writeFile(file, '')
    await assert.rejects(makeFolder(file), { code: 'ENOTDIR' })
    await assert.rejects(makeFolder(join(file, 'a', 'b')), { code: 'ENOTDIR' })
    if (process.platform === 'linux') await assert.rejects(makeFolder('/proc/tilth/data'))
  })

  it('that hold something are written over only where that is said', async () => {
    const named = (force?: boolean | null) => ({ flag: '--output', force })
    const folder = await scratch('folders')
    await mkdir(join(folder, 'empty'))
    for (const free of ['new', 'empty']) requireFree(join(folder, free), named())
    assert.throws(() => requireFree(folder, named()), { code: 'output.exists', help: /--force/ })
    requireFree(folder, named(true))
    await writeFile(join(folder, 'file'), '')
    assert.throws(() => requireFree(join(folder, 'file'), named(true)), { code: 'output.exists' })
    requireFreeFile(join(folder, 'new'), named())
    requireFreeFile(join(folder, 'file'), named(true))
    for (const [name, force, help] of [
      ['file', false, /--force/],
      ['file', null, /^Choose another --output\.$/],
      ['empty', true, /^Choose another --output\.$/]
    ] as const)
      assert.throws(() => requireFreeFile(join(folder, name), named(force)), { code: 'output.exists', help })
  })
})

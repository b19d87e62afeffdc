import assert from 'node:assert/strict'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { requireFree, requireFreeFile } from '../../daemon/cli/free.ts'
import { folderFor } from '../../daemon/cli/written.ts'
import { prepareFolder } from '../../daemon/local/network/folder.ts'
import { logTail } from '../../daemon/log-tail.ts'
import { makeFolder } from '../../daemon/make-folder.ts'
import { scratch } from '../harness/index.ts'

describe('the log of a process in the background', () => {
  it('is quoted from where it began: what another wrote before it is not its word', async () => {
    const file = join(await scratch('folders'), 'daemon.log')
    await writeFile(file, 'it is up as client\nerror: a daemon runs already\n')
    assert.equal(await logTail(file, 19), '; it said last:\nerror: a daemon runs already')
    assert.match(await logTail(file), /up as client/)
  })
})

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

  it('of a local network are folders', async () => {
    const file = join(await scratch('folders'), 'file')
    await writeFile(file, '')
    await assert.rejects(prepareFolder(file, false), { code: 'network.folder', message: /no folder/ })
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
    await assert.rejects(folderFor(join(folder, 'file', 'new'), '--gguf'), { code: 'flag-invalid', help: /--gguf/ })
    await folderFor(join(folder, 'made', 'new'), '--gguf')
    await writeFile(join(folder, 'made', 'new'), '')
  })
})

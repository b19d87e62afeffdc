import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { programEntry } from '../../bin/bundle.js'
import { startServing } from '../bench/serving/network.ts'
import { isUpToDate } from '../../scripts/fresh.ts'
import { scratch } from '../harness/index.ts'

const root = resolve(import.meta.dirname, '../..')
const run = promisify(execFile)

describe('the bundle', () => {
  it('is run until a source was changed, added or removed', async () => {
    const folder = await scratch('bundle')
    const write = async (path: string, at: number): Promise<void> => {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), '')
      await utimes(join(folder, path), at, at)
    }
    await mkdir(join(folder, 'bin'))
    await cp(join(root, 'bin/bundle.js'), join(folder, 'bin/bundle.js'))
    const { programEntry } = (await import(pathToFileURL(join(folder, 'bin/bundle.js')).href)) as {
      programEntry: () => string
    }
    const [old, now] = [1_000_000, 2_000_000]
    const folders = ['protocol', 'node', 'node/jobs', 'daemon', 'daemon/cli']
    for (const name of folders) await mkdir(join(folder, name))
    await write('daemon/cli/main.ts', old)
    await write('node/jobs/bid.ts', old)
    await write('bin/memory.js', old)
    const settle = async (): Promise<void> => {
      for (const name of folders) await utimes(join(folder, name), old, old)
    }
    await settle()
    const isBundled = (): boolean => programEntry() === join(folder, 'dist/daemon/cli/main.js')
    assert.equal(programEntry(), join(folder, 'daemon/cli/main.ts'), 'none was made')
    await write('dist/daemon/cli/main.js', now)
    assert.ok(isBundled())
    await write('node/jobs/bid.ts', now + 1)
    await settle()
    assert.ok(!isBundled(), 'one was changed')
    await write('node/jobs/bid.ts', old)
    await settle()
    assert.ok(isBundled())
    await utimes(join(folder, 'node/jobs'), now + 1, now + 1)
    assert.ok(!isBundled(), 'one was added or removed')
    await settle()
    await write('bin/memory.js', now + 1)
    assert.ok(!isBundled(), 'what its children are started with was changed')
    await write('bin/memory.js', old)
    assert.ok(isBundled())
  })

  it('is up to date until anything it is made of is changed; what is made beside that counts not', async () => {
    const folder = await scratch('fresh')
    const at = async (path: string, time: number): Promise<void> => {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), '')
      for (let part = path; part !== '.'; part = dirname(part)) await utimes(join(folder, part), time, time)
    }
    const sources = ['source', 'lock.json'].map(path => join(folder, path))
    const isFresh = (): boolean => isUpToDate(join(folder, 'built.js'), sources)
    await at('source/deep/one.ts', 1_000_000)
    await at('lock.json', 1_000_000)
    assert.ok(!isFresh(), 'none was made')
    await at('built.js', 2_000_000)
    assert.ok(isFresh())
    await at('source/dist/made.js', 3_000_000)
    await at('source/.cache/made.js', 3_000_000)
    assert.ok(isFresh())
    await at('source/deep/one.ts', 3_000_000)
    assert.ok(!isFresh())
    await at('source/deep/one.ts', 1_000_000)
    await at('lock.json', 3_000_000)
    assert.ok(!isFresh())
  })

  it('stays as it is while it is up to date, when npm asks for it again beside what runs', async () => {
    if (programEntry().endsWith('.ts')) await run(process.execPath, [join(root, 'scripts/bundle.ts')])
    const before = await stat(join(root, 'dist'))
    await run(process.execPath, [join(root, 'scripts/bundle.ts'), '--if-possible'])
    assert.equal((await stat(join(root, 'dist'))).ino, before.ino)
  })

  it('serves and asks as the sources do', async () => {
    if (programEntry().endsWith('.ts')) await run(process.execPath, [join(root, 'scripts/bundle.ts')])
    assert.equal(programEntry(), join(root, 'dist/daemon/cli/main.js'))
    const model = join(root, 'daemon/assets/seedling')
    const network = await startServing({ model, threads: 2, quantize: 'int8', maxTokens: 8, temperature: 0 })
    try {
      for (const { pid } of [network.worker, network.client])
        assert.match(await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => 'dist'), /dist/)
      let begun = false
      const tokens = await network.ask('Tell me about thing 1.', 1, () => {
        begun = true
      })
      assert.ok(begun && tokens > 0)
    } finally {
      await network.stop()
    }
  })
})

import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { archiveOf } from '../../daemon/backup/index.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { scratch, until } from '../harness/index.ts'
import { main, runCommand, startCommandLine } from './command-line.ts'

/** The number of a process that is no more. */
async function gone(): Promise<number> {
  const child = spawn('true')
  await once(child, 'close')
  return child.pid ?? 0
}

describe('tilth backup, ended in the middle', function () {
  this.timeout(120_000)

  it('leaves no half of a copy behind', async () => {
    const ended = new AbortController()
    const line = await startCommandLine({
      async backup() {
        async function* bytes(): AsyncGenerator<Uint8Array> {
          yield new Uint8Array(100_000)
          if (!ended.signal.aborted) await once(ended.signal, 'abort')
        }
        return { name: 'node.tar', type: 'application/x-tar', bytes: bytes() }
      }
    })
    try {
      const folder = join(line.folder, 'copies')
      await mkdir(folder)
      // What one left that was killed goes with the next try; what is of a process that lives stays.
      const left = join(folder, `node.tar.${await gone()}-00000000.part`)
      await writeFile(left, 'half')
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129]
      ] as const) {
        const child = spawn(process.execPath, [main, 'backup', '--output', join(folder, 'node.tar'), ...line.flags])
        const closed = once(child, 'close')
        await until(
          async () => {
            const names = await readdir(folder)
            return names.length === 1 && names[0] === `node.tar.${child.pid}-${names[0]?.slice(-13, -5)}.part`
          },
          'a part of it is there, and nothing else',
          60_000
        )
        child.kill(signal)
        assert.deepEqual((await closed)[0], code)
        assert.deepEqual(await readdir(folder), [])
      }
    } finally {
      ended.abort()
      await line.stop()
    }
  })
})

describe('tilth restore, ended in the middle', function () {
  this.timeout(240_000)

  it('leaves nothing at Ctrl-C; what it leaves when it is killed is gone with the next try, which works', async () => {
    const root = await scratch('restore-interrupted')
    const [key, archive, pipe] = [join(root, 'key.json'), join(root, 'copy.tar'), join(root, 'pipe')]
    const [places, to] = [join(root, 'places'), join(root, 'places', 'node')]
    await mkdir(places)
    const { address } = await createKeystore(key, 'correct horse', { strength: 'light' })
    const kept = { directory: root, key, settings: {}, address, version: '1' }
    async function* parts() {
      yield { path: 'shelf/some/words', size: 5, bytes: [Buffer.from('words')] }
    }
    await writeFile(archive, archiveOf(kept, parts(), { whole: true }))
    // A copy that does not go on, half-way through.
    await promisify(execFile)('mkfifo', [pipe])
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const child = spawn(process.execPath, [main, 'restore', pipe, '--data', to])
      const closed = once(child, 'close')
      const copy = createWriteStream(pipe)
      copy.write((await readFile(archive)).subarray(0, 3_000))
      await until(
        async () => (await readdir(places, { recursive: true })).some(name => name.endsWith('key.json')),
        'a part of it stands beside its place',
        60_000
      )
      child.kill(signal)
      // It reads the pipe to its last: the half goes before that ends.
      if (signal === 'SIGINT') await until(async () => (await readdir(places)).length === 0, 'nothing of it is left')
      copy.destroy()
      await closed
      const left = (await readdir(places)).map(name => name.replace(/[0-9]+-[0-9a-f]{8}/, 'it'))
      assert.deepEqual(left, signal === 'SIGINT' ? [] : ['node.it.restoring'])
    }
    const next = await runCommand(['restore', archive, '--data', to])
    assert.deepEqual([next.code, await readdir(places)], [0, ['node']], next.stderr)
    assert.match(next.stderr, /^removed .*node\..*\.restoring, which a try had left that was killed$/m)
    assert.equal(await readFile(join(to, 'shelf', 'some', 'words'), 'utf8'), 'words')
    const nowhere = await runCommand(['restore', archive, '--data', '/proc/none/node'])
    assert.match(nowhere.stderr, /\/proc\/none\/node cannot be written.*\n.*folder that you may write to/)
  })
})

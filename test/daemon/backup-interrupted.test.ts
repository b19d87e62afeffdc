import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../harness/index.ts'
import { main, startCommandLine } from './command-line.ts'

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
      for (const [signal, code] of [
        ['SIGINT', 130],
        ['SIGTERM', 143],
        ['SIGHUP', 129]
      ] as const) {
        const child = spawn(process.execPath, [main, 'backup', '--output', join(folder, 'node.tar'), ...line.flags])
        const closed = once(child, 'close')
        await until(async () => (await readdir(folder)).length === 1, 'a part of it is there', 60_000)
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

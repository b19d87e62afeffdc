import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createShelf } from '../../../node/shelf/index.ts'
import { silentLog, systemClock } from '../../../node/runtime/index.ts'
import { pause, scratch } from '../../harness/index.ts'
import { fakeFiles } from './fakes.ts'

describe('a shelf whose process is killed', function () {
  this.timeout(240_000)

  it('has each folder whole or not at all, and nothing else, whenever that was', async () => {
    const folder = await scratch('killed')
    for (let round = 1; round <= 4; round++) {
      const child = spawn(process.execPath, [join(import.meta.dirname, 'process.ts'), folder, String(round * 7919)], {
        stdio: ['ignore', 'pipe', 'inherit']
      })
      await new Promise(resolve => child.stdout.once('data', resolve))
      await pause(40 + 37 * round)
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill('SIGKILL')
      await ended

      const shelf = createShelf({
        files: fakeFiles().files,
        folder,
        clock: systemClock,
        log: silentLog,
        quota: 300_000,
        free: async () => 1e15
      })
      await shelf.start()
      const { entries, bytes } = shelf.status()
      assert.deepEqual(readdirSync(folder).sort(), entries.map(({ cid }) => cid).sort())
      assert.ok(bytes <= 300_000)
      for (const { cid, bytes: size } of entries) {
        const files = join(folder, cid, 'files')
        const held = readdirSync(files).reduce((sum, name) => sum + statSync(join(files, name)).size, 0)
        assert.equal(held, size)
      }
      await shelf.stop()
    }
  })
})

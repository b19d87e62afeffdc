import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { scratch } from '../harness/index.ts'

const main = join(import.meta.dirname, '../../daemon/cli/main.ts')

describe('the command line', () => {
  it('says what failed as JSON on standard output, in commands of a group too', async () => {
    const folder = await scratch('cli')
    for (const words of ['status', 'datanet list', 'datanet show birds', 'epoch list', 'receipts --limit 3']) {
      const { status, stdout } = spawnSync(process.execPath, [main, ...words.split(' '), '--json', '--data', folder], {
        encoding: 'utf8'
      })
      assert.equal(status, 1, words)
      assert.equal((JSON.parse(stdout) as { error: { code: string } }).error.code, 'daemon.none', words)
    }
  }).timeout(60_000)
})

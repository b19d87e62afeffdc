import assert from 'node:assert/strict'
import { join } from 'node:path'
import { keyHandlers } from '../../daemon/api/handlers/keys.ts'
import { nameHandlers } from '../../daemon/api/handlers/names.ts'
import { openPins } from '../../daemon/names/index.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import { scratch } from '../harness/index.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { modelView } from './views.ts'

describe('keys and names on the command line', function () {
  this.timeout(120_000)
  let line: CommandLine
  before(async () => {
    const folder = await scratch('key-commands')
    const pins = await openPins(join(folder, 'pins.json'))
    const which = { asked: async () => modelView } as unknown as Parameters<typeof nameHandlers>[1]
    line = await startCommandLine({
      ...keyHandlers(await openSpending(join(folder, 'api-keys.json'))),
      ...nameHandlers(pins, which)
    })
  })
  after(() => line.stop())

  it('a key is shown once, then only by its name, its budget and what it spent', async () => {
    const made = await line.run('keys', 'add', 'notebook', '--per-day', '5', '--per-request', '0.1', '--json')
    assert.equal(made.code, 0, made.stderr)
    const { key } = JSON.parse(made.stdout) as { key: string }
    assert.match(key, /^sk-tilth-[\w-]{43}$/)
    const listed = await line.run('keys', 'list')
    assert.match(listed.stdout, /notebook +0\.100000 +5\.000000 +0\.000000/)
    assert.ok(!listed.stdout.includes(key))
    const again = await line.run('keys', 'add', 'notebook')
    assert.deepEqual([again.code, /there is a key notebook already/.test(again.stderr)], [1, true])
    const wrong = await line.run('keys', 'add', 'other', '--per-day', 'much')
    assert.deepEqual([wrong.code, /--per-day must be an amount of tokens/.test(wrong.stderr)], [1, true])
    const scoped = await line.run('keys', 'add', 'prometheus', '--scope', 'read', '--scope', 'everything')
    assert.deepEqual([scoped.code, /--scope must be one of read, ask, operate, money/.test(scoped.stderr)], [1, true])
    assert.match((await line.run('keys', 'revoke', 'notebook')).stdout, /notebook is ended/)
    assert.deepEqual(JSON.parse((await line.run('keys', 'list', '--json')).stdout), [])
  })

  it('a name is pinned, shown and let go', async () => {
    assert.match((await line.run('models', 'pin', 'elements', '0xab')).stdout, /elements asks 0x(ab){32} from now on/)
    assert.match((await line.run('models', 'pins')).stdout, /elements +0x(ab){32}/)
    assert.equal((await line.run('models', 'unpin', 'elements')).code, 0)
    const gone = await line.run('models', 'unpin', 'elements')
    assert.deepEqual([gone.code, /elements is not pinned/.test(gone.stderr)], [1, true])
  })
})

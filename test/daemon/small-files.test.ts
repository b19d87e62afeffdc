import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../daemon/cli/context.ts'
import { repairFiles } from '../../daemon/cli/repair-files.ts'
import { atHome, readEnvironment } from '../../daemon/home.ts'
import { createKeystore } from '../../daemon/keys/index.ts'
import { openPins } from '../../daemon/names/index.ts'
import { apiNote, leaveFolder, takeFolder } from '../../daemon/running.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import { scratch } from '../harness/index.ts'
import { main } from './command-line.ts'

describe("a daemon's small files", () => {
  async function folderOf(): Promise<string> {
    const folder = await scratch('small-files')
    await createKeystore(join(folder, 'key.json'), 'a passphrase of many letters', { strength: 'light' })
    await (await openPins(join(folder, 'pins.json'))).set({ name: 'birds', model: `0x${'ab'.repeat(32)}` })
    await writeFile(join(folder, 'config.json'), '{"log":"info"}')
    await writeFile(join(folder, 'sessions.json'), '{"version":1,"sessions":[]}')
    await writeFile(join(folder, apiNote), '{"url":"http://127.0.0.1:4180"}')
    return folder
  }

  it('that are whole are left alone', async () => {
    const folder = await folderOf()
    assert.deepEqual(await repairFiles(folder), { part: 'files', checked: 5, damaged: [], left: [] })
  })

  it('that are cut off or garbled keep no daemon from its start, but for those that only their owner has', async () => {
    const folder = await folderOf()
    await writeFile(join(folder, 'api-keys.json'), '{"version":1,')
    for (const name of await readdir(folder)) {
      const bytes = await readFile(join(folder, name))
      await writeFile(join(folder, name), bytes.subarray(0, bytes.length / 2))
    }
    await assert.rejects(openPins(join(folder, 'pins.json')), { code: 'pin.file' })
    const { damaged, left } = await repairFiles(folder)
    assert.deepEqual(left, ['config.json', 'key.json'])
    assert.deepEqual(damaged.map(({ name }) => name).sort(), [
      'api-keys.json',
      apiNote,
      'config.json',
      'key.json',
      'pins.json',
      'sessions.json'
    ])
    assert.deepEqual((await readdir(folder)).sort(), [
      'api-keys.json.damaged',
      'config.json',
      'key.json',
      'pins.json.damaged'
    ])
    assert.deepEqual((await openPins(join(folder, 'pins.json'))).list(), [])
    assert.deepEqual((await openSpending(join(folder, 'api-keys.json'))).keys(), [])
  })

  it('whatever stands in them, what is asked of a daemon fails in words', async () => {
    const folder = await folderOf()
    await writeFile(join(folder, 'api-token'), 'token')
    for (const text of ['', '{', 'null', '[]', '{"url":3}', '\u0000\u0000']) {
      await writeFile(join(folder, apiNote), text)
      await assert.rejects(connect({ data: folder }), { code: 'daemon.stopped', help: /tilth daemon/ })
    }
  })

  it('are looked for where a variable says, and not here where it says nothing', async () => {
    const folder = await folderOf()
    const said = (data: string): string =>
      spawnSync(process.execPath, [main, 'status'], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, HOME: '/nowhere', TILTH_DATA: data }
      }).stderr
    assert.match(said(''), /no daemon has run in \/nowhere\/\.tilth/)
    assert.match(said('/elsewhere'), /no daemon has run in \/elsewhere/)
    // What a script names by a variable that is empty is nothing that runs here.
    for (const words of [
      ['down', '--data', ''],
      ['status', '--data='],
      ['up', '--folder', '']
    ])
      assert.match(
        spawnSync(process.execPath, [main, ...words], { cwd: folder, encoding: 'utf8' }).stderr,
        /names nothing: what follows it is empty/
      )
  })

  it('are in the home folder where ~ stands for it, which no shell puts in for every form of a flag', async () => {
    const folder = await scratch('home')
    const home = join(folder, 'home')
    await mkdir(home)
    await writeFile(join(home, 'passphrase'), 'a passphrase of many letters')
    const run = (words: readonly string[], env: NodeJS.ProcessEnv = {}) =>
      spawnSync(process.execPath, [main, ...words], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, HOME: home, ...env }
      })
    const made = run(['key', 'create', '--key=~/keys/key.json', '--passphrase-file', '~/passphrase'])
    assert.equal(made.status, 0, made.stderr)
    assert.ok(existsSync(join(home, 'keys/key.json')))
    assert.ok(made.stdout.includes(join(home, 'keys/key.json')), made.stdout)
    const key = ['key', 'show', '--key', '~/keys/key.json']
    assert.equal(run(key).stdout.slice(0, 42), made.stdout.slice(0, 42))
    assert.match(run(['status'], { TILTH_DATA: '~/node' }).stderr, new RegExp(`no daemon has run in ${home}/node`))
    assert.match(run(['restore', '~/none.tar', '--data=~/node']).stderr, new RegExp(`no copy at ${home}/none.tar`))
    assert.deepEqual(await readdir(folder), ['home'])
    assert.equal(atHome('~other/x'), '~other/x')
    const env: NodeJS.ProcessEnv = { TILTH_KEY: '~/k', TILTH_TOKEN: '~/t', TILTH_PASSPHRASE: '~/p', TILTH_LOG: '' }
    readEnvironment(env)
    assert.deepEqual(env, { TILTH_KEY: join(homedir(), 'k'), TILTH_TOKEN: '~/t', TILTH_PASSPHRASE: '~/p' })
  })

  it('of a daemon that its network starts again are waited for', async () => {
    const root = await scratch('small-files')
    const folder = join(root, 'client')
    await mkdir(folder)
    await writeFile(join(folder, 'api-token'), 'token')
    await takeFolder(root)
    const asked = connect({ data: folder })
    await sleep(300)
    await writeFile(join(folder, apiNote), '{"url":"http://127.0.0.1:4180"}')
    assert.ok(await asked)
    await leaveFolder(root)
  })
})

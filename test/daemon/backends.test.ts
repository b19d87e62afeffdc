import assert from 'node:assert/strict'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  addBackend,
  backendConfig,
  backendOptions,
  createSettings,
  keyVariable,
  removeBackend,
  trainerConfig
} from '../../daemon/config/index.ts'
import { scopesFor } from '../../daemon/api/contract/index.ts'
import type { BackendView } from '../../daemon/api/contract/index.ts'
import { backendHandlers } from '../../daemon/api/handlers/backends.ts'
import type { BackendStatus } from '../../node/engine/backend/index.ts'
import { environmentForChildren } from '../../node/runtime/index.ts'
import { scratch } from '../harness/index.ts'

const rack = {
  name: 'rack',
  url: 'http://127.0.0.1:8000/v1/',
  base: 'bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi'
}

describe('servers and commands that an owner names', () => {
  it('stand in the data folder’s configuration, one by each name, beside what stands there', async () => {
    const folder = await scratch('backends')
    await writeFile(join(folder, 'config.json'), '{"roles": ["worker"], "worker": {"capacity": 4}}')
    await addBackend(folder, { ...rack })
    await addBackend(folder, { ...rack, kind: 'vllm' })
    const read = async () => JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')) as unknown
    assert.deepEqual(await read(), {
      roles: ['worker'],
      worker: { capacity: 4, backends: [{ ...rack, kind: 'vllm' }] }
    })
    await assert.rejects(addBackend(folder, { ...rack, name: 'two' }), { code: 'config.invalid' }) // of the same base
    // What is not said stays; another address is another server.
    await addBackend(folder, { ...rack, url: 'http://127.0.0.1:8000', tolerance: 0.5, folder: '/models' })
    await addBackend(folder, { ...rack, concurrency: 4 })
    await assert.rejects(addBackend(folder, { ...rack, url: 'http://10.0.0.9' }), { code: 'config.backend-stands' })
    assert.deepEqual(await read(), {
      roles: ['worker'],
      worker: {
        capacity: 4,
        backends: [{ ...rack, kind: 'vllm', tolerance: 0.5, folder: '/models', concurrency: 4 }]
      }
    })
    await removeBackend(folder, 'rack')
    await assert.rejects(removeBackend(folder, 'rack'), { code: 'config.no-backend' })
    assert.deepEqual(await read(), { roles: ['worker'], worker: { capacity: 4, backends: [] } })
  })

  it('are addresses alone, and programs that are found from anywhere', () => {
    assert.equal(backendConfig.parse(rack).url, 'http://127.0.0.1:8000')
    for (const url of ['ftp://x', 'http://me:secret@x', 'http://x/?key=secret', 'x'])
      assert.ok(!backendConfig.safeParse({ ...rack, url }).success, url)
    for (const wrong of [{ name: 'Rack one' }, { concurrency: 0 }, { tolerance: 3 }, { base: '../x' }, { more: 1 }])
      assert.ok(!backendConfig.safeParse({ ...rack, ...wrong }).success, JSON.stringify(wrong))
    assert.ok(trainerConfig.safeParse({ command: ['torchrun', 'train.py'] }).success)
    assert.ok(!trainerConfig.safeParse({ command: ['./train.sh'] }).success)
    assert.ok(!trainerConfig.safeParse({ command: [] }).success)
  })

  it('have a key in a file of their owner’s alone, or in a variable that no child process is given', async () => {
    const keyFile = join(await scratch('backend-key'), 'key')
    const key = (): Promise<string | undefined> => backendOptions(backendConfig.parse({ ...rack, keyFile })).key()
    await assert.rejects(key(), { code: 'config.key-file' })
    await writeFile(keyFile, 'sk-1234\n')
    await chmod(keyFile, 0o644)
    await assert.rejects(key(), { code: 'config.key-file' })
    await chmod(keyFile, 0o600)
    assert.equal(await key(), 'sk-1234')
    await writeFile(keyFile, 'two words')
    await assert.rejects(key(), { code: 'config.key-file' })

    const variable = keyVariable('rack-2')
    assert.equal(variable, 'TILTH_BACKEND_RACK_2_API_KEY')
    process.env[variable] = 'sk-5678'
    try {
      assert.equal(await backendOptions(backendConfig.parse({ ...rack, name: 'rack-2' })).key(), 'sk-5678')
      assert.ok(!(variable in environmentForChildren()))
    } finally {
      delete process.env[variable]
    }
  })

  it('are named by the API, told with what changes at the next start, and never with their keys', async () => {
    const file = join(await scratch('backends-api'), 'config.json')
    const old = { ...rack, keyFile: '/etc/rack.key' }
    await writeFile(file, JSON.stringify({ worker: { backends: [old] } }))
    const given = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>
    const settings = createSettings({ file, network: {}, written: given, given }, async () => undefined)
    const status: BackendStatus = {
      name: 'rack',
      url: 'http://127.0.0.1:8000',
      base: rack.base,
      kind: 'vllm',
      state: 'ready',
      can: undefined,
      model: undefined,
      context: undefined,
      concurrency: 32,
      running: 0,
      answers: 0,
      tokens: 0,
      failures: 0,
      checked: []
    }
    const node = { backends: { status: () => [status] } } as unknown as Parameters<typeof backendHandlers>[0]
    const { backends, addBackend: add, removeBackend: remove, checkBackend: check } = backendHandlers(node, settings)
    const call = <T>(handler: unknown, input: object): Promise<T> => (handler as (input: object) => Promise<T>)(input)
    const listed = async () => (await call<{ items: BackendView[] }>(backends, { params: { limit: 50 } })).items
    const said = async () => (await listed()).map(({ name, pending, key }) => [name, pending, key])
    assert.deepEqual(await said(), [['rack', undefined, 'file']])

    const two = { name: 'two', url: 'http://10.0.0.2:8080/v1', base: `${rack.base.slice(0, -1)}a` }
    const added = await call<BackendView>(add, { body: two })
    assert.deepEqual([added.url, added.pending, added.state], ['http://10.0.0.2:8080', 'added', 'new'])
    await assert.rejects(call(check, { params: { name: 'two' } }), { message: /two is used from .*next start on/ })
    // What is wrong with one is said in words, and nothing is written.
    const wrong = (change: object, code: string) => assert.rejects(call(add, { body: { ...two, ...change } }), { code })
    await wrong({ name: 'three' }, 'config.invalid') // of the same base
    await wrong({ url: 'http://me:secret@10.0.0.2' }, 'config.invalid')
    // Its key stays with one that is named again, and goes to no other address.
    await wrong({ ...rack, url: 'http://10.0.0.9' }, 'config.backend-stands')
    await call(add, { body: { ...rack, model: 'theirs' } })
    assert.deepEqual(await said(), [
      ['rack', 'changed', 'file'],
      ['two', 'added', 'none']
    ])
    const stands = JSON.parse(await readFile(file, 'utf8')) as { worker: { backends: { name: string }[] } }
    assert.deepEqual(
      stands.worker.backends.find(({ name }) => name === 'rack'),
      { ...old, model: 'theirs' }
    )
    const variable = keyVariable('ready')
    process.env[variable] = 'sk-5678'
    try {
      await wrong({ name: 'ready', base: `${rack.base.slice(0, -1)}b` }, 'config.backend-key')
    } finally {
      delete process.env[variable]
    }

    await call(remove, { params: { name: 'rack' } })
    await call(remove, { params: { name: 'two' } })
    await assert.rejects(call(remove, { params: { name: 'two' } }), { code: 'config.no-backend' })
    assert.deepEqual(await said(), [['rack', 'removed', 'file']])
    await writeFile(file, '{ "worker": ')
    assert.deepEqual(await said(), [['rack', undefined, 'file']], 'what runs, also where the file is no JSON')
    await wrong({}, 'config.json')
    for (const name of ['addBackend', 'removeBackend'] as const)
      assert.deepEqual(scopesFor(name), [], 'the owner alone')
  })
})

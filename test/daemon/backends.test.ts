import assert from 'node:assert/strict'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  addBackend,
  backendConfig,
  backendOptions,
  keyVariable,
  removeBackend,
  trainerConfig
} from '../../daemon/config/index.ts'
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
})

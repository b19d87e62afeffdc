import assert from 'node:assert/strict'
import { chmod, mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { backupHandlers } from '../../daemon/api/handlers/backup.ts'
import { createKeystore, openKeystore } from '../../daemon/keys/index.ts'
import { createNode } from '../../node/node.ts'
import type { Node, NodeOptions } from '../../node/node.ts'
import { createMetrics, silentLog } from '../../node/runtime/index.ts'
import { startWorld } from '../harness/index.ts'
import type { World } from '../harness/index.ts'
import { runCommand, startCommandLine } from './command-line.ts'

describe('tilth backup and restore, of a node that runs', function () {
  this.timeout(120_000)
  let world: World
  const nodes: Node[] = []
  before(async () => {
    world = await startWorld('backup')
  })
  after(async () => {
    for (const node of nodes) await node.stop()
    await world.stop()
  })
  const start = async (directory: string, privateKey: Uint8Array): Promise<Node> => {
    const options: NodeOptions = {
      directory,
      privateKey,
      roles: ['client'],
      preset: 'local',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      bootstrap: [],
      chain: { rpc: world.anvil.rpcUrl, contracts: world.addresses },
      worker: {
        pricePerSecond: 1n,
        maxParameters: 1,
        maxRows: 1,
        maxSeconds: 1,
        inputPrice: 1n,
        outputPrice: 1n,
        threads: 1,
        capacity: 1
      },
      autoVote: true
    }
    const node = await createNode(options, { log: silentLog, metrics: createMetrics() })
    nodes.push(node)
    return node
  }

  it('give a node that is the same one, with what it was given to keep, in files of its owner alone', async () => {
    const directory = join(world.root, 'one')
    const key = join(world.root, 'key.json')
    await mkdir(directory, { mode: 0o700 })
    const { privateKey, address } = await createKeystore(key, 'correct horse', { strength: 'light' })
    // Whoever wrote it was careless.
    await chmod(key, 0o644)
    const node = await start(directory, privateKey)
    const file = join(world.root, 'words.txt')
    await writeFile(file, 'some words to keep')
    const cid = await node.transport.files.addFile(file)
    const settings = { data: directory, key, roles: ['client'] }
    const line = await startCommandLine(backupHandlers(node, { directory, key, settings }, '1'))
    const [archive, to] = [join(world.root, 'copy.tar'), join(world.root, 'two')]
    // Of another copy that is being made, or of one that was killed.
    await writeFile(`${archive}.part`, 'half')
    try {
      const made = await line.run('backup', '--output', archive, '--json')
      assert.equal(made.code, 0, made.stderr)
      assert.equal((JSON.parse(made.stdout) as { address: string }).address, address)
      assert.equal((await stat(archive)).mode & 0o077, 0)
      assert.equal(await readFile(`${archive}.part`, 'utf8'), 'half')
      // A folder is made where it can be, and none is a reason that is said.
      const folder = await line.run('backup', '--output', join(world.root, 'copies', 'of', 'it.tar'), '--references')
      assert.equal(folder.code, 0, folder.stderr)
      assert.deepEqual(await readdir(join(world.root, 'copies', 'of')), ['it.tar'])
      const nowhere = await line.run('backup', '--output', join(archive, 'it.tar'))
      assert.deepEqual([nowhere.code, /no folder can be made/.test(nowhere.stderr)], [1, true])
      const again = await line.run('backup', '--output', archive)
      assert.deepEqual([again.code, /stands there already/.test(again.stderr)], [1, true])
      await node.stop()
      const restored = await runCommand(['restore', archive, '--data', to, '--json'])
      assert.equal(restored.code, 0, restored.stderr)
      const over = await runCommand(['restore', archive, '--data', to])
      assert.deepEqual([over.code, /is not empty/.test(over.stderr)], [1, true])
      const none = await runCommand(['restore', join(world.root, 'none.tar'), '--data', join(world.root, 'three')])
      assert.deepEqual([none.code, /there is no copy/.test(none.stderr)], [1, true])
    } finally {
      await line.stop()
    }
    for (const name of ['key.json', 'config.json', 'store/db/CURRENT', 'ipfs/peers/CURRENT'])
      assert.equal((await stat(join(to, name))).mode & 0o077, 0, name)
    assert.deepEqual(JSON.parse(await readFile(join(to, 'config.json'), 'utf8')), { roles: ['client'] })
    const opened = await openKeystore(join(to, 'key.json'), 'correct horse')
    const second = await start(to, opened.privateKey)
    assert.equal(second.self, address)
    assert.ok(await second.transport.files.has(cid))
    const bytes = await second.transport.files.fetchBytes(cid, { maxBytes: 100 })
    assert.equal(Buffer.from(bytes).toString(), 'some words to keep')
  })
})

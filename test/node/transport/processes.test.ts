import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { scratch, startRemote, stopRemotes, until } from '../../harness/index.ts'
import type { Remote } from '../../harness/index.ts'

describe('transport: nodes in processes of their own', () => {
  let folder: string
  before(async () => {
    folder = await scratch('processes')
  })
  after(async () => {
    await stopRemotes()
    await rm(folder, { recursive: true, force: true })
  })
  const start = (name: string, bootstrap: string[], privateKey?: string): Promise<Remote> =>
    startRemote(name, {
      directory: join(folder, name),
      bootstrap,
      listen: ['/ip4/127.0.0.1/tcp/0'],
      ...(privateKey === undefined ? {} : { privateKey })
    })

  it('find each other by bootstrap and DHT, gossip, fetch and stream; one comes back after kill -9', async function () {
    this.timeout(180_000) // four starts of a process, on whatever else the machine does
    const first = await start('bootstrap', [])
    const keyOfA = randomBytes(32).toString('hex')
    const [a, b] = await Promise.all([start('a', first.listening, keyOfA), start('b', first.listening)])
    await Promise.all([first, a, b].map(node => node.call('ready', 2)))
    assert.deepEqual(await a.call('find', b.self.address), b.self)

    await until(async () => (await a.call('listeners')) === 2, 'a knows two listeners')
    await a.call('publish', 'hello')
    await until(() => first.heard.includes('hello') && b.heard.includes('hello'), 'both heard a')

    const text = randomBytes(400_000).toString('hex')
    const cid = z.string().parse(await a.call('add', text))
    await a.call('provide', cid)
    assert.equal(await b.call('fetch', cid), text)

    assert.equal(await a.call('push', b.self.address, 300), 300 * 50_000)

    a.process.kill('SIGKILL')
    await once(a.process, 'exit')
    const again = await start('a', first.listening, keyOfA)
    assert.deepEqual(again.self, a.self)
    assert.equal(await again.call('has', cid), true)
    await again.call('ready', 2)
    await until(async () => {
      try {
        return (await b.call('push', again.self.address, 2)) === 100_000
      } catch {
        return false
      }
    }, 'b reaches the node that came back')
  })
})

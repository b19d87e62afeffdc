import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { until } from '../../harness/index.ts'

const answer = z.union([
  z.strictObject({
    event: z.literal('up'),
    value: z.strictObject({
      self: z.strictObject({ peerId: z.string(), address: z.string() }),
      listening: z.array(z.string())
    })
  }),
  z.strictObject({ event: z.literal('gossip'), value: z.string() }),
  z.strictObject({ id: z.int(), value: z.unknown().optional(), error: z.string().optional() })
])

interface Remote {
  self: { peerId: string; address: string }
  listening: string[]
  heard: string[]
  process: ChildProcess
  call(verb: string, ...args: unknown[]): Promise<unknown>
}

describe('transport: nodes in processes of their own', () => {
  let scratch: string
  const children = new Set<ChildProcess>()
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'tilth-processes-'))
  })
  after(async () => {
    await Promise.all(
      [...children].map(async child => {
        if (child.exitCode === null && child.signalCode === null) {
          child.kill('SIGKILL')
          await once(child, 'exit')
        }
      })
    )
    await rm(scratch, { recursive: true, force: true })
  })

  async function start(
    name: string,
    bootstrap: string[],
    privateKey = randomBytes(32).toString('hex')
  ): Promise<Remote> {
    const options = { privateKey, directory: join(scratch, name), bootstrap, listen: ['/ip4/127.0.0.1/tcp/0'] }
    const child = spawn(
      process.execPath,
      [fileURLToPath(new URL('process.ts', import.meta.url)), JSON.stringify(options)],
      { stdio: ['pipe', 'pipe', 'inherit'] }
    )
    children.add(child)
    const waiting = new Map<number, (value: { value?: unknown; error?: string }) => void>()
    let calls = 0
    const remote: Remote = {
      self: { peerId: '', address: '' },
      listening: [],
      heard: [],
      process: child,
      call: (verb, ...args) =>
        new Promise((resolve, reject) => {
          const id = calls++
          waiting.set(id, ({ value, error }) => {
            if (error === undefined) resolve(value)
            else reject(new Error(`${name} ${verb}: ${error}`))
          })
          child.stdin.write(`${JSON.stringify({ id, do: verb, args })}\n`)
        })
    }
    createInterface({ input: child.stdout }).on('line', line => {
      const message = answer.parse(JSON.parse(line))
      if ('id' in message) waiting.get(message.id)?.(message)
      else if (message.event === 'gossip') remote.heard.push(message.value)
      else Object.assign(remote, message.value)
    })
    await until(() => remote.listening.length > 0 || child.exitCode !== null, `${name} is up`, 30_000)
    assert.equal(child.exitCode, null)
    return remote
  }

  it('find each other by bootstrap and DHT; gossip, content and streams pass between them; one comes back after kill -9', async function () {
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

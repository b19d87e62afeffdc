import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { markOf, runs } from '../../node/runtime/processes.ts'
import { down } from '../../daemon/local/down.ts'
import { supervise } from '../../daemon/local/network/supervisor.ts'
import { choosePorts, claimPort, freePort } from '../../daemon/ports.ts'
import { apiNote, leaveFolder, requireFree, runningIn, takeFolder } from '../../daemon/running.ts'
import { TilthError } from '../../protocol/primitives/index.ts'
import { scratch, until } from '../harness/index.ts'

const claiming = `import { claimPort } from ${JSON.stringify(join(import.meta.dirname, '../../daemon/ports.ts'))}`

async function holding(host: string): Promise<{ port: number; server: Server }> {
  const server = createServer().listen(0, host)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, server }
}

describe('ports of a daemon', () => {
  const host = '127.0.0.1' as const
  it('that are named are taken or refused, by name; those that are not give way', async () => {
    const { port, server } = await holding(host)
    try {
      assert.notEqual(await freePort(port), port)
      const api = { host, origins: [] }
      await assert.rejects(choosePorts({ listen: [`/ip4/${host}/tcp/${port}`], api }), {
        code: 'network.port',
        message: new RegExp(`TCP port ${port} of ${host} is in use`)
      })
      await assert.rejects(choosePorts({ listen: [`/ip4/${host}/tcp/0`], api: { ...api, port } }), { code: 'api.port' })
      const free = await choosePorts({ api: { ...api, port: 0 }, listen: undefined })
      assert.match(free.listen[0] ?? '', /^\/ip4\/0\.0\.0\.0\/tcp\/\d+$/)
      assert.equal(free.api, 0)
    } finally {
      server.close()
    }
  })
})

describe('ports that another process is about to take', () => {
  it('are left to it', async () => {
    const { port, server } = await holding('127.0.0.1')
    server.close()
    await once(server, 'close')
    const another = spawn(
      process.execPath,
      ['--input-type=module', '-e', `${claiming}; console.log(await claimPort(${port})); setInterval(() => {}, 1000)`],
      { stdio: ['ignore', 'pipe', 'inherit'] }
    )
    const [said] = (await once(another.stdout, 'data')) as [Buffer]
    assert.equal(said.toString().trim(), 'true')
    assert.equal(await claimPort(port), false)
    another.kill('SIGKILL')
    await once(another, 'close')
    assert.equal(await claimPort(port), true, 'a claim ends with its process')
    assert.equal(await claimPort(port), true, 'and is no obstacle to whose it is')
  })
})

describe('who runs in a folder', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await scratch('running')
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is a process, not its number: another one that has it later is not taken for it', async () => {
    await takeFolder(folder)
    assert.equal((await runningIn(folder))?.pid, process.pid)
    await assert.rejects(requireFree(folder), { code: 'network.running' })
    await leaveFolder(folder)
    await requireFree(folder)
    const { born, pid } = await markOf(process.pid)
    if (born === undefined) return
    assert.ok(await runs({ pid, born }))
    assert.ok(!(await runs({ pid, born: 'another day' })))
    await writeFile(join(folder, apiNote), '{"pid": 1') // half a note
    assert.equal(await runningIn(folder, apiNote), undefined)
  })

  it('is ended by tilth down, in the folders of a folder too; where nothing runs that is said', async () => {
    await assert.rejects(down(folder), { code: 'network.none' })
    const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'])
    const ended = once(child, 'exit')
    const inside = join(folder, 'worker')
    await mkdir(inside)
    await writeFile(join(inside, apiNote), JSON.stringify(await markOf(child.pid ?? 0)))
    assert.deepEqual(await down(folder), [{ folder: inside, what: 'daemon', pid: child.pid }])
    await ended
  })
})

describe('a process that is to run', () => {
  interface Fake {
    readonly ended: Promise<TilthError>
    readonly end: () => void
    stop(): Promise<void>
  }
  const fake = (): Fake => {
    let end: () => void = () => undefined
    const ended = new Promise<TilthError>(resolve => {
      end = () => {
        resolve(new TilthError('daemon.ended', 'it ended (SIGKILL); it said last:\nnothing'))
      }
    })
    return {
      ended,
      end,
      stop: async () => {
        end()
      }
    }
  }

  it('is started again whenever it ends, until it is stopped', async () => {
    const said: string[] = []
    let starts = 0
    const supervised = await supervise(
      'it',
      async () => {
        starts++
        return fake()
      },
      text => said.push(text)
    )
    supervised.current.end()
    await until(() => starts === 2, 'a second start')
    assert.deepEqual(said, ['it ended (SIGKILL): started again in 0.5 s'])
    await supervised.stop()
    assert.equal(starts, 2)
  })

  it('is left alone where another start would meet the same', async () => {
    const supervised = await supervise(
      'it',
      async () => fake(),
      () => undefined,
      () => true
    )
    supervised.current.end()
    assert.equal((await supervised.lost).code, 'daemon.ended')
    await supervised.stop()
  })
})

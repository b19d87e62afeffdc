import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { until } from './wait.ts'

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

/** A node in a process of its own (test/node/transport/process.ts), told what to do. */
export interface Remote {
  self: { peerId: string; address: string }
  listening: string[]
  heard: string[]
  process: ChildProcess
  call(verb: string, ...args: unknown[]): Promise<unknown>
}

export interface RemoteOptions {
  directory: string
  bootstrap: string[]
  listen: string[]
  privateKey?: string
  preset?: 'local' | 'public'
  announce?: string[]
  relay?: boolean
  upnp?: boolean
}

const children = new Set<ChildProcess>()

/** @param within a command that runs another one, e.g. in a network namespace */
export async function startRemote(name: string, options: RemoteOptions, within: string[] = []): Promise<Remote> {
  const program = fileURLToPath(new URL('../node/transport/process.ts', import.meta.url))
  const given = { privateKey: randomBytes(32).toString('hex'), preset: 'local', ...options }
  const [command, ...args] = [...within, process.execPath, program, JSON.stringify(given)]
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
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
          waiting.delete(id)
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
  await until(() => remote.self.peerId !== '' || child.exitCode !== null, `${name} is up`, 30_000)
  assert.equal(child.exitCode, null)
  return remote
}

/** Ends what was started and still runs. */
export async function stopRemotes(): Promise<void> {
  await Promise.all(
    [...children].map(async child => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
    })
  )
  children.clear()
}

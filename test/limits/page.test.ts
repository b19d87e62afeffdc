import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { FastifyInstance } from 'fastify'
import { routes } from '../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../daemon/api/server/index.ts'
import type { Handlers } from '../../daemon/api/server/index.ts'
import { silentLog, systemClock } from '../../node/runtime/index.ts'
import { createHost } from '../../node/transport/host/host.ts'
import { createReputation } from '../../node/transport/limits/reputation.ts'
import { protocols } from '../../protocol/wire/index.ts'
import { libraryRows } from '../../scripts/limits/libraries.ts'
import { limitsFile, limitsPage, routeRows } from '../../scripts/limits/page.ts'
import { queueRows, queuesOf } from '../../scripts/limits/queues.ts'
import { scratch } from '../harness/index.ts'

/** Calls of a tree of routes: `├── /api/jobs (GET, HEAD, POST)`, what goes on behind it four columns further in. */
function callsIn(tree: string): string[] {
  const above: string[] = []
  return tree.split('\n').flatMap(line => {
    const [, indent = '', part = '', methods] = /^([ │├└─]*)(\S+)(?: \(([^)]*)\))?/.exec(line) ?? []
    const depth = indent.length / 4 - 1
    above.splice(depth, above.length, part)
    const path = above.join('')
    return methods === undefined ? [] : methods.split(', ').map(method => `${method} ${path === '*' ? '/*' : path}`)
  })
}

describe('the page of limits', () => {
  it('is what the code says; npm run limits writes it anew', async () => {
    assert.equal(await readFile(limitsFile, 'utf8'), limitsPage())
  })

  it('has a row for every protocol that a node’s libraries handle', async () => {
    const rows = libraryRows.map(({ protocol }) => protocol)
    const host = await createHost(
      {
        directory: await scratch('limits'),
        privateKey: new Uint8Array(32).fill(9),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        bootstrap: [],
        preset: 'public',
        relay: true
      },
      createReputation(systemClock, () => undefined),
      { clock: systemClock, log: silentLog }
    )
    try {
      const handled = host.libp2p.getProtocols()
      assert.deepEqual(
        handled.filter(protocol => !rows.includes(protocol)),
        []
      )
      // This network's own are handled by services, each by a name of the table.
      assert.ok(rows.every(row => !(protocols as readonly string[]).includes(row)))
    } finally {
      await host.stop()
    }
  })

  it('has a row for every call that the daemon’s server answers', async () => {
    let fastify: FastifyInstance | undefined
    const refuse = async (): Promise<never> => {
      throw new Error('nobody calls')
    }
    const endpoints = openAiEndpoints({
      models: refuse,
      model: refuse,
      async *ask() {
        yield* []
      }
    })
    const server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token: 'a-token-of-this-test',
      origins: [],
      version: '0.0.0',
      handlers: Object.fromEntries(Object.keys(routes).map(name => [name, refuse])) as unknown as Handlers,
      metrics: refuse,
      extend(server, callerOf) {
        fastify = server
        endpoints(server, callerOf)
      }
    })
    try {
      // What a parameter is called is nothing to the server.
      const plain = (call: string): string => call.replaceAll(/:[^/]+/g, ':x')
      const known = new Set(routeRows().map(({ call }) => plain(call)))
      const calls = callsIn(fastify?.printRoutes({ commonPrefix: false }) ?? '')
      assert.ok(calls.length > 50)
      // HEAD and OPTIONS come with the others, and do nothing by themselves.
      const own = calls.filter(call => !/^(HEAD|OPTIONS) /.test(call))
      assert.deepEqual(
        own.filter(call => !known.has(plain(call))),
        []
      )
    } finally {
      await server.stop()
    }
  })

  it('has every queue, each with a name of its own', () => {
    const rows = queueRows()
    assert.ok(rows.length > 15)
    for (const { name, bound, atOnce } of rows) assert.ok(name !== '' && bound > 0 && atOnce > 0, name)
  })
  it('has a queue’s bound as it is, or does not take it for another', () => {
    const bound = (text: string): number | undefined =>
      queuesOf('a.ts', `const most = 16\nconst queue = createQueue({ name: 'a', bound: ${text} })`, new Map())[0]?.bound
    for (const [text, is] of [
      ['7', 7],
      ['1_000', 1_000],
      ['most', 16],
      ['2 * most', 32]
    ] as const)
      assert.equal(bound(text), is, text)
    for (const text of ['2 + most', 'most - 1', 'Math.max(most)', '2 * other'])
      assert.throws(() => bound(text), /cannot be read|does not read/, text)
  })
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { dialectOf } from '../../../node/engine/backend/dialects/index.ts'
import { callEvents, callJson, wordsIn } from '../../../node/engine/backend/http.ts'

// What llama.cpp's own server sent once, and what is read of it.

interface Recorded {
  readonly props: unknown
  readonly models: unknown
  readonly tokenize: { readonly tokens: number[] }
  readonly loras: unknown
  readonly events: unknown[]
  readonly refusal: { readonly status: number; readonly body: unknown }
}
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../vectors/backends/llama.json'), 'utf8')
) as Recorded

describe('what llama.cpp sent', () => {
  const replies: Record<string, unknown> = {
    '/props': recorded.props,
    '/health': { status: 'ok' },
    '/v1/models': { data: [recorded.models] },
    '/tokenize': recorded.tokenize,
    '/lora-adapters': recorded.loras
  }
  const server = createServer((request, response) => {
    const path = request.url ?? ''
    if (path === '/completion')
      response.end(recorded.events.map(event => `data: ${JSON.stringify(event)}\n\n`).join(''))
    else if (replies[path] === undefined)
      response.writeHead(recorded.refusal.status).end(JSON.stringify(recorded.refusal.body))
    else response.end(JSON.stringify(replies[path]))
  })
  const way = { url: '', key: async () => undefined }
  before(async () => {
    await new Promise<void>(resolve => {
      server.listen(0, '127.0.0.1', resolve)
    })
    way.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.close()
    server.closeAllConnections()
  })

  it('is known, and read: its context, its tokens with their probabilities, and its end', async () => {
    const dialect = await dialectOf(way, 'auto')
    assert.equal(dialect.kind, 'llama.cpp')
    assert.deepEqual(await dialect.facts(way), { models: ['seedling.gguf'], context: 512 })
    assert.deepEqual(await dialect.tokenize(way, '', 'A heron is'), recorded.tokenize.tokens)
    await assert.rejects(dialect.adapter(way, { cid: 'bafy', folder: '' }, ''), { code: 'backend-adapter' })
    const pieces = []
    for await (const event of callEvents(way, { path: 'completion', body: {}, timeoutMs: 10_000 }, 1 << 20))
      pieces.push(dialect.read(event))
    assert.deepEqual(
      pieces.flatMap(({ tokens }) => tokens.map(({ id }) => id)),
      [277, 1113, 1308, 271]
    )
    assert.deepEqual(
      pieces.map(({ finish, count, promptTokens }) => [finish, count, promptTokens]),
      [1, 2, 3, 4, 4].map((count, i) => [i === 4 ? 'length' : undefined, count, 4])
    )
    const [first] = pieces[0]?.tokens ?? []
    assert.ok(Math.abs((first?.logprob ?? 0) + 1.304) < 1e-3)
    assert.deepEqual(
      first?.top?.map(({ id }) => id),
      [277, 265]
    )
  })

  it('of a refusal its own words are told', async () => {
    await assert.rejects(callJson(way, { path: 'other', body: {}, timeoutMs: 10_000 }), {
      code: 'backend-refused',
      message: /exceeds the available context size/
    })
  })
  it('words that lie deeper than any server puts them are not looked for', () => {
    const within = (depth: number): unknown =>
      Array.from({ length: depth }).reduce<unknown>(error => ({ error }), 'no memory')
    assert.equal(wordsIn(within(4)), 'no memory')
    assert.equal(wordsIn(within(100_000)), undefined)
  })
})

import assert from 'node:assert/strict'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { routes } from '../../daemon/api/contract/index.ts'
import type { ModelView, RouteName } from '../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { InvalidError, foreignCode, pageOf } from '../../protocol/primitives/index.ts'

// A client that knows the API from its document alone, as one that is generated from it does.

const token = 'a-token-of-this-test'
const hash = `0x${'ab'.repeat(32)}` as const
const account = `0x${'01'.repeat(20)}` as const

type Json = Record<string, unknown>
interface Operation {
  readonly path: string
  readonly method: string
  readonly operationId: string
  readonly tags: string[]
  readonly security?: unknown[]
  readonly parameters?: { name: string; in: 'path' | 'query'; required: boolean; schema: Json }[]
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Json }> }
  readonly responses: Record<string, { $ref?: string; content?: Record<string, { schema: Json }> }>
}
interface Document extends Json {
  readonly openapi: string
  readonly tags: { name: string }[]
  readonly paths: Record<string, Record<string, Omit<Operation, 'path' | 'method'>>>
  readonly components: { schemas: Record<string, Json> }
}

const operationsOf = ({ paths }: Document): Operation[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method }))
  )

/** What a reference leads to. @throws AssertionError where it leads nowhere */
function follow(document: Document, reference: string): Json {
  assert.match(reference, /^#\//)
  let at: unknown = document
  for (const part of reference.slice(2).split('/')) at = (at as Json | undefined)?.[part]
  assert.ok(typeof at === 'object' && at !== null, `${reference} leads nowhere`)
  return at as Json
}

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, item] of Object.entries(value)) {
    if (key === '$ref' && typeof item === 'string') yield item
    else yield* references(item)
  }
}

/** The check of a schema of the document. */
function checkOf({ components }: Document, schema: Json): z.ZodType {
  const moved = JSON.stringify({ ...schema, $defs: components.schemas }).replaceAll('#/components/schemas/', '#/$defs/')
  return z.fromJSONSchema(JSON.parse(moved) as Parameters<typeof z.fromJSONSchema>[0])
}

const model: ModelView = {
  id: hash,
  name: 'birds',
  builder: account,
  worker: account,
  base: 'bafy',
  adapter: null,
  result: null,
  datanet: hash,
  version: 0,
  split: { worker: 8000, builder: 2000, data: 0 },
  offers: []
}
/** What this test's daemon answers; any other call is refused. */
const answers: Partial<Record<RouteName, unknown>> = {
  health: { ok: true, peers: 3, chain: true },
  peers: { items: [{ peerId: '16Uiu2', address: account, way: 'direct' }], next: null },
  models: { items: [model], next: hash },
  model,
  send: { transaction: hash },
  withdrawStake: { transaction: hash, amount: '5' },
  income: {
    items: [
      { kind: 'training', amount: '5', scoring: '0', of: hash, block: '7', transaction: hash, at: null, name: 'birds' }
    ],
    next: null
  }
}
const asked: { name: string; input: Json }[] = []
const handlers = Object.fromEntries(
  Object.keys(routes).map(name => [
    name,
    async (input: Json) => {
      asked.push({ name, input })
      if (name in answers) return answers[name as RouteName]
      throw new InvalidError(foreignCode('test.refused'), `no ${name} today`, { help: 'Come tomorrow.' })
    }
  ])
) as unknown as Handlers

describe("the API's document", () => {
  let server: ApiServer
  let document: Document
  const added: { method: string; path: string }[] = []

  before(async () => {
    const endpoints = openAiEndpoints({
      models: async page => pageOf([model], page, ({ id }) => id),
      model: async () => model,
      async *ask() {
        yield { kind: 'text', text: 'Fe' }
        yield { kind: 'done', text: 'Fe', finish: 'stop', inputTokens: 3, outputTokens: 1, fee: '7', receipts: [hash] }
      }
    })
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token,
      origins: [],
      version: '9.9.9',
      handlers,
      metrics: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'tilth_test 1\n' }),
      extend(fastify, callerOf) {
        // What is added beside the contract is written down, so that the document cannot lack it.
        const heard = (method: string, path: string): void => void added.push({ method, path })
        endpoints(
          new Proxy(fastify, {
            get(target, name) {
              const value: unknown = Reflect.get(target, name)
              if (typeof value !== 'function') return value
              return (...args: unknown[]): unknown => {
                if (name === 'get' || name === 'post') heard(name, String(args[0]))
                if (name === 'route') {
                  const { method, url } = args[0] as { method: string; url: string }
                  heard(method.toLowerCase(), url)
                }
                return (value as (...all: unknown[]) => unknown).apply(target, args)
              }
            }
          }) as FastifyInstance,
          callerOf
        )
      }
    })
    document = (await (await fetch(`${server.url}/openapi.json`)).json()) as Document
  })
  after(() => server.stop())

  /** By what the document says of an operation, and nothing else. */
  async function call(
    operationId: string,
    { params = {}, body }: { params?: Record<string, string>; body?: unknown } = {}
  ): Promise<{ status: number; value: Json }> {
    const operation = operationsOf(document).find(one => one.operationId === operationId)
    assert.ok(operation !== undefined, operationId)
    let { path } = operation
    const query = new URLSearchParams()
    for (const { name, in: where, required } of operation.parameters ?? []) {
      const value = params[name]
      assert.ok(value !== undefined || !required, `${operationId} needs ${name}`)
      if (value === undefined) continue
      if (where === 'path') path = path.replace(`{${name}}`, encodeURIComponent(value))
      else query.set(name, value)
    }
    const type = 'application/json'
    const form = operation.requestBody?.content[type]
    if (form !== undefined) checkOf(document, form.schema).parse(body)
    const reply = await fetch(`${server.url}${path}?${query.toString()}`, {
      method: operation.method.toUpperCase(),
      headers: {
        ...(operation.security?.length === 0 ? {} : { authorization: `Bearer ${token}` }),
        ...(form === undefined ? {} : { 'content-type': type })
      },
      ...(form === undefined ? {} : { body: JSON.stringify(body) })
    })
    const stated = operation.responses[String(reply.status)]
    assert.ok(stated !== undefined, `${operationId} may answer ${reply.status}`)
    const { content } = (
      stated.$ref === undefined ? stated : follow(document, stated.$ref)
    ) as (typeof operation.responses)[string]
    const media = reply.headers.get('content-type')?.split(';')[0] ?? ''
    const answer = content?.[media]
    assert.ok(answer !== undefined, `${operationId} may answer as ${media}`)
    const text = await reply.text()
    if (media !== 'application/json') return { status: reply.status, value: { text } }
    return { status: reply.status, value: checkOf(document, answer.schema).parse(JSON.parse(text)) as Json }
  }

  it('names every call once, with its parameters, body, reply and failures', () => {
    assert.match(document.openapi, /^3\.1\./)
    const operations = operationsOf(document)
    const tags = new Set(document.tags.map(({ name }) => name))
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
    for (const reference of new Set(references(document))) follow(document, reference)
    for (const one of operations) {
      assert.ok(one.tags.length > 0 && one.tags.every(tag => tags.has(tag)), one.operationId)
      const inPath = [...one.path.matchAll(/\{([a-z]+)\}/gi)].map(match => match[1])
      const stated = (one.parameters ?? []).filter(parameter => parameter.in === 'path').map(({ name }) => name)
      assert.deepEqual(new Set(stated), new Set(inPath), one.operationId)
      assert.ok(one.responses['200']?.content !== undefined, one.operationId)
      for (const status of ['400', '500', '503']) assert.ok(status in one.responses, `${one.operationId} ${status}`)
      assert.equal('401' in one.responses, one.security?.length !== 0, one.operationId)
    }
  })

  it('has every call that the server answers', () => {
    const all = [
      ...Object.values(routes).map(({ method, path }) => ({ method: method.toLowerCase(), path })),
      ...added,
      { method: 'get', path: '/metrics' }
    ]
    assert.ok(added.length >= 3)
    assert.deepEqual(
      new Set(operationsOf(document).map(({ method, path }) => `${method} ${path}`)),
      new Set(all.map(({ method, path }) => `${method} ${path.replace(/:([a-z]+)/gi, '{$1}')}`))
    )
    // Every call that takes something says what.
    for (const [name, entry] of Object.entries(routes))
      if (entry.method === 'POST' && !entry.body.safeParse(undefined).success)
        assert.ok(operationsOf(document).find(one => one.operationId === name)?.requestBody?.required === true, name)
  })

  it('is all that a client needs: what it sends is taken, what it gets is as it says', async () => {
    assert.equal((await call('health')).value['ok'], true)
    assert.match(String((await call('metrics')).value['text']), /tilth_test/)
    assert.equal((await call('models', { params: { limit: '1' } })).value['next'], hash)
    assert.equal((await call('model', { params: { id: 'birds' } })).value['name'], 'birds')
    assert.equal((await call('income', { params: { account } })).status, 200)
    asked.length = 0
    await call('send', { body: { to: account, amount: '5' } })
    assert.deepEqual(asked[0]?.input['body'], { to: account, amount: '5', coin: false })
    // A call without a body, as the document says it.
    assert.deepEqual((await call('withdrawStake')).value, { transaction: hash, amount: '5' })
    const failed = await call('settle', { body: { pool: hash } })
    assert.equal(failed.status, 400)
    assert.deepEqual(failed.value['error'], {
      code: 'test.refused',
      message: 'no settle today',
      help: 'Come tomorrow.',
      type: 'invalid_request_error'
    })
  })

  it('describes the calls in the form of the OpenAI API as well', async () => {
    assert.equal((await call('listOpenAiModels')).value['object'], 'list')
    assert.equal((await call('getOpenAiModel', { params: { model: 'birds' } })).value['id'], 'birds')
    const question = { model: 'birds', messages: [{ role: 'user', content: 'Fe?' }] }
    const { value } = await call('createChatCompletion', { body: question })
    assert.equal((value['choices'] as { message: { content: string } }[])[0]?.message.content, 'Fe')
    const streamed = await call('createChatCompletion', { body: { ...question, stream: true } })
    const chunk = checkOf(document, { $ref: '#/components/schemas/CompletionChunk' })
    const events = String(streamed.value['text'])
      .split('\n')
      .filter(line => line.startsWith('data: {'))
    assert.ok(events.length >= 3)
    for (const event of events) chunk.parse(JSON.parse(event.slice(6)))
    const bad = await fetch(`${server.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'birds', messages: [] })
    })
    assert.equal(bad.status, 400)
    checkOf(document, { $ref: '#/components/schemas/Error' }).parse(await bad.json())
  })
})

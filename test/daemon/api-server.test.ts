import assert from 'node:assert/strict'
import { request } from 'node:http'
import OpenAI from 'openai'
import { createApiClient, openApiDocument, routes } from '../../daemon/api/contract/index.ts'
import type { AskEvent, ModelView, RouteName } from '../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { InvalidError, NotFoundError, pageOf, foreignCode } from '../../protocol/primitives/index.ts'
import type { PageRequest } from '../../protocol/primitives/index.ts'
import { datanetView } from './views.ts'

const token = 'a-token-of-this-test'
const model: ModelView = {
  id: `0x${'ab'.repeat(32)}`,
  name: 'birds',
  builder: `0x${'01'.repeat(20)}`,
  worker: `0x${'02'.repeat(20)}`,
  base: 'bafy',
  adapter: null,
  result: null,
  datanet: `0x${'00'.repeat(32)}`,
  version: 0,
  split: { worker: 8000, builder: 2000, data: 0 },
  offers: []
}

/** Of a model whose answers go on and on. */
const longId = `0x${'ad'.repeat(32)}`

const names = Array.from({ length: 250 }, (_, i) =>
  datanetView({ id: `0x${i.toString(16).padStart(64, '0')}`, name: `net-${i}`, host: model.builder })
)

/** What callers wished for beside an answer. */
const wishes: { private: boolean; explain: boolean }[] = []
const explanation = {
  unofficial: true as const,
  answers: [
    {
      receipt: `0x${'cd'.repeat(32)}` as const,
      by: `0x${'22'.repeat(20)}` as const,
      weights: { [`0x${'33'.repeat(20)}`]: '-250000' },
      utilities: [0, 2500]
    }
  ],
  failed: []
}

/** The server's shell around handlers of this test: what a user of the API meets before any node is involved. */
const answered = { stopped: 0 }
async function* answer(signal: AbortSignal, words: string[]): AsyncGenerator<AskEvent> {
  for (const word of words) {
    if (signal.aborted) {
      answered.stopped++
      return
    }
    yield { kind: 'text', text: word }
    await new Promise(resolve => {
      setTimeout(resolve, 5)
    })
  }
  yield {
    kind: 'done',
    text: words.join(''),
    finish: 'stop',
    inputTokens: 3,
    outputTokens: words.length,
    fee: '7',
    receipts: [`0x${'cd'.repeat(32)}`]
  }
}
const handlers = new Proxy(
  {},
  {
    get: (_, name: RouteName) => (input: { body: { model?: string }; params: PageRequest; signal: AbortSignal }) => {
      if (name === 'ask')
        return answer(
          input.signal,
          input.body.model === 'long' ? Array.from({ length: 400 }, () => 'word ') : ['Fe', ' is', ' iron.']
        )
      if (name === 'datanets') return Promise.resolve(pageOf(names, input.params, name => name.name))
      if (name === 'jobs')
        return Promise.reject(new InvalidError(foreignCode('jobs.test'), 'no jobs today', { help: 'Come tomorrow.' }))
      if (name === 'peers') return Promise.reject(new TypeError('secret internals'))
      return Promise.reject(new InvalidError(foreignCode('test.unused'), name))
    },
    ownKeys: () => Object.keys(routes),
    getOwnPropertyDescriptor: (target, name) => ({
      configurable: true,
      enumerable: true,
      value: (Reflect.get(target, name, target) as unknown) ?? (handlers as Record<string | symbol, unknown>)[name]
    })
  }
) as Handlers

describe('the HTTP API', () => {
  let server: ApiServer
  const failures: unknown[] = []
  before(async () => {
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token,
      origins: ['https://console.example'],
      version: '9.9.9',
      handlers,
      metrics: async () => ({ contentType: 'text/plain', text: 'tilth_test 1\n' }),
      extend: openAiEndpoints({
        models: async page =>
          pageOf([model, { ...model, id: `0x${'ac'.repeat(32)}`, name: 'fish' }], page, ({ id }) => id),
        model: async wanted => {
          if (wanted === 'long') return { ...model, id: longId, name: wanted }
          if (wanted !== 'birds') throw new NotFoundError('model.unknown', `no model is called ${wanted}`)
          return model
        },
        async *ask(body, signal) {
          wishes.push({ private: body.private, explain: body.explain })
          yield* answer(
            signal,
            body.model === longId ? Array.from({ length: 400 }, () => 'x') : ['Fe', ' is', ' iron.']
          )
          if (body.explain) yield { kind: 'explanation', ...explanation }
        }
      }),
      onError: error => {
        failures.push(error)
      }
    })
  })
  after(() => server.stop())

  /** By hand, as fetch does not let Host and Origin be set. */
  const raw = (
    path: string,
    headers: Record<string, string>,
    method = 'GET',
    body = ''
  ): Promise<{ status: number; text: string }> =>
    new Promise((resolve, reject) => {
      const call = request(new URL(path, server.url), { method, headers }, response => {
        let text = ''
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text })
        })
      })
      call.on('error', reject)
      call.end(body)
    })
  const bearer = { authorization: `Bearer ${token}` }

  it('asks for its token everywhere but at probes and documents', async () => {
    for (const entry of Object.values(routes)) {
      if ('open' in entry) continue
      const { status } = await raw(entry.path.replace(/:[a-z]+/g, 'x'), {}, entry.method)
      assert.equal(status, 401, `${entry.method} ${entry.path}`)
    }
    for (const path of ['/v1/models']) assert.equal((await raw(path, {})).status, 401)
    assert.equal((await raw('/v1/models', { authorization: 'Bearer wrong' })).status, 401)
    assert.equal((await raw('/metrics', {})).status, 401)
    assert.equal((await raw('/metrics', bearer)).status, 200)
    assert.equal((await raw('/openapi.json', {})).status, 200)
  })

  it('refuses foreign host names and origins', async () => {
    assert.equal((await raw('/api/datanets', { ...bearer, host: 'evil.example' })).status, 403)
    assert.equal((await raw('/metrics', { host: 'evil.example' })).status, 403)
    assert.equal((await raw('/api/datanets', { ...bearer, origin: 'https://evil.example' })).status, 403)
    assert.equal((await raw('/api/datanets', { ...bearer, origin: 'http://localhost.evil.example' })).status, 403)
    assert.equal((await raw('/api/datanets', { ...bearer, origin: 'https://console.example' })).status, 200)
    assert.equal((await raw('/api/datanets', bearer)).status, 200)
  })

  it('names what is wrong with a body and refuses one that is too large', async () => {
    const json = { ...bearer, 'content-type': 'application/json' }
    const bad = await raw('/api/ask', json, 'POST', JSON.stringify({ model: 'birds', messages: [], colour: 'red' }))
    assert.equal(bad.status, 400)
    assert.match(bad.text, /messages/)
    assert.equal((await raw('/api/ask', json, 'POST', '{')).status, 400)
    assert.equal((await raw('/api/jobs', json, 'POST', JSON.stringify({ base: 'x'.repeat(70_000) }))).status, 413)
    assert.equal((await raw('/api/contributions/xyz/vote', json, 'POST', '{"accept":true}')).status, 400)
    assert.equal((await raw('/api/nothing', json)).status, 404)
  })

  it('answers by its codes also to what no route is looked for', async () => {
    const long = await raw(`/api/contributions/${'7'.repeat(1_001)}/vote`, bearer, 'POST')
    const garbled = await raw('/api/datanets/%E0%A4%A', bearer)
    assert.deepEqual([long.status, garbled.status], [414, 400])
    for (const { text } of [long, garbled]) {
      const { error } = JSON.parse(text) as { error: { code: string; message: string } }
      assert.equal(error.code, 'request.invalid')
      assert.ok(error.message.length < 100)
    }
  })

  it('gives typed errors their code and help, and keeps others to itself', async () => {
    const client = createApiClient(server.url, token)
    await assert.rejects(client.call('jobs'), { code: 'jobs.test', message: 'no jobs today', help: 'Come tomorrow.' })
    const { status, text } = await raw('/api/peers', bearer)
    assert.equal(status, 500)
    assert.doesNotMatch(text, /secret/)
    assert.ok(failures.some(error => error instanceof TypeError))
    await assert.rejects(createApiClient('http://127.0.0.1:1', token).call('jobs'), { code: 'api.unreachable' })
  })

  it('serves a contract that covers every route', async () => {
    const document = JSON.parse((await raw('/openapi.json', {})).text) as {
      paths: Record<string, Record<string, unknown>>
    }
    assert.deepEqual(document, JSON.parse(JSON.stringify(openApiDocument('9.9.9'))))
    for (const entry of Object.values(routes))
      assert.ok(document.paths[entry.path.replace(/:([a-z]+)/g, '{$1}')]?.[entry.method.toLowerCase()], entry.path)
  })

  it('gives every list by pages, and says what is wrong with a page that is asked for', async () => {
    for (const [name, entry] of Object.entries(routes))
      if ('items' in ((entry.reply as { shape?: object }).shape ?? {})) assert.ok('limit' in entry.params.shape, name)
    const client = createApiClient(server.url, token)
    const first = await client.call('datanets')
    assert.equal(first.items.length, 100)
    const second = await client.call('datanets', { params: { limit: 120, cursor: first.next ?? '' } })
    assert.deepEqual(
      second.items.map(({ name }) => name),
      names.slice(100, 220).map(({ name }) => name)
    )
    const all: string[] = []
    for await (const { name } of client.all('datanets')) all.push(name)
    assert.deepEqual(
      all,
      names.map(({ name }) => name)
    )
    for (const query of ['limit=0', 'limit=1001', 'limit=many', 'cursor=', 'cursor=no-such-net'])
      assert.equal((await raw(`/api/datanets?${query}`, bearer)).status, 400, query)
  })

  it('lists models as OpenAI clients page through them', async () => {
    const client = new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 0 })
    const list = JSON.parse((await raw('/v1/models?limit=1', bearer)).text) as { has_more: boolean; last_id: string }
    assert.equal(list.has_more, true)
    const rest = JSON.parse((await raw(`/v1/models?limit=1&after=${list.last_id}`, bearer)).text) as {
      has_more: boolean
      data: { id: string }[]
    }
    assert.deepEqual([rest.has_more, rest.data.map(({ id }) => id)], [false, ['fish']])
    assert.equal((await client.models.retrieve('birds')).id, 'birds')
    await assert.rejects(client.models.retrieve('cats'), { status: 404 })
  })

  it('answers an OpenAI client, whole and streaming', async () => {
    const client = new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 0 })
    assert.equal((await client.models.list()).data[0]?.id, 'birds')
    const whole = await client.chat.completions.create({ model: 'birds', messages: [{ role: 'user', content: 'Fe?' }] })
    assert.equal(whole.choices[0]?.message.content, 'Fe is iron.')
    assert.equal(whole.usage?.total_tokens, 6)
    let text = ''
    let usage: number | undefined
    for await (const chunk of await client.chat.completions.create({
      model: 'birds',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Fe?' }] }],
      stream: true,
      stream_options: { include_usage: true }
    })) {
      text += chunk.choices[0]?.delta.content ?? ''
      usage = chunk.usage?.total_tokens ?? usage
    }
    assert.equal(text, 'Fe is iron.')
    assert.equal(usage, 6)
    await assert.rejects(client.chat.completions.create({ model: 'birds', messages: [] }), { status: 400 })
  })

  it('keeps private what is asked to be, and says what an answer owes to whom where that is asked for', async () => {
    const complete = async (tilth: object, stream = false): Promise<string> => {
      const reply = await fetch(`${server.url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'birds', messages: [{ role: 'user', content: 'Fe?' }], stream, tilth })
      })
      assert.equal(reply.status, 200)
      return reply.text()
    }
    wishes.length = 0
    const plain = JSON.parse(await complete({})) as { tilth: object }
    assert.ok(!('explanation' in plain.tilth))
    const told = JSON.parse(await complete({ explain: true, private: true })) as { tilth: { explanation: object } }
    assert.deepEqual(told.tilth.explanation, explanation)
    const events = (await complete({ explain: true }, true)).split('\n').filter(line => line.startsWith('data: {'))
    assert.deepEqual(
      events.map(line => (JSON.parse(line.slice(6)) as { tilth?: { explanation?: object } }).tilth?.explanation).at(-1),
      explanation
    )
    assert.deepEqual(wishes, [
      { private: false, explain: false },
      { private: true, explain: true },
      { private: false, explain: true }
    ])
  })

  it('takes a wish for privacy wherever it stands, and refuses one that is misspelt', async () => {
    const json = { ...bearer, 'content-type': 'application/json' }
    const body = (more: object): string =>
      JSON.stringify({ model: 'birds', messages: [{ role: 'user', content: 'Fe?' }], ...more })
    for (const more of [{ private: true }, { tilth: { private: true } }]) {
      const { status, text } = await raw('/v1/chat/completions', json, 'POST', body(more))
      assert.equal(status, 200)
      assert.equal((JSON.parse(text) as { tilth: { private: boolean } }).tilth.private, true)
    }
    for (const more of [{ tilth: { privat: true } }, { private: 'yes' }])
      assert.equal((await raw('/v1/chat/completions', json, 'POST', body(more))).status, 400)
  })

  it('stops an answer whose caller hangs up', async () => {
    const before = answered.stopped
    const client = new OpenAI({ apiKey: token, baseURL: `${server.url}/v1`, maxRetries: 0 })
    const stream = await client.chat.completions.create({
      model: 'long',
      messages: [{ role: 'user', content: 'go on' }],
      stream: true
    })
    for await (const _ of stream) break
    for (let i = 0; i < 100 && answered.stopped === before; i++)
      await new Promise(resolve => {
        setTimeout(resolve, 10)
      })
    assert.equal(answered.stopped, before + 1)
  })

  it('says what to do when its port is taken', async () => {
    const port = Number(new URL(server.url).port)
    await assert.rejects(
      startApiServer({
        host: '127.0.0.1',
        port,
        token,
        origins: [],
        version: '1',
        handlers,
        metrics: async () => ({ contentType: '', text: '' })
      }),
      { code: 'api.port' }
    )
  })
})

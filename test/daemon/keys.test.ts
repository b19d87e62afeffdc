import assert from 'node:assert/strict'
import { join } from 'node:path'
import OpenAI from 'openai'
import { createApiClient, keyScopes, routes, scopesFor } from '../../daemon/api/contract/index.ts'
import type { Route, RouteName } from '../../daemon/api/contract/index.ts'
import { keyHandlers } from '../../daemon/api/handlers/keys.ts'
import { modelHandlers } from '../../daemon/api/handlers/models.ts'
import { openAiEndpoints, startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import type { AskEvent, AskRequest } from '../../node/models/index.ts'
import { openSpending } from '../../daemon/spending/index.ts'
import type { Spending } from '../../daemon/spending/index.ts'
import { InvalidError, foreignCode, pageOf } from '../../protocol/primitives/index.ts'
import { scratch, until } from '../harness/index.ts'
import { modelView } from './views.ts'

const token = 'a-token-of-this-test'
const unit = 10n ** 18n
/** What an answer may cost on this network, and what it costs then. */
const [most, fee] = [unit / 10n, unit / 25n]

describe('keys of the API', () => {
  let server: ApiServer
  let spending: Spending
  /** Channels that were opened. */
  let opened = 0
  let stopped = 0
  before(async () => {
    spending = await openSpending(join(await scratch('keys'), 'api-keys.json'))
    /** Asks as a node does: money is held before a channel is opened for it. */
    async function* ask({ budget, maxPrice, messages, signal }: AskRequest): AsyncGenerator<AskEvent> {
      if (maxPrice !== undefined && maxPrice < most)
        throw new InvalidError('ask.price', 'too dear', { details: { least: most, most: maxPrice } })
      await budget?.reserve(most)
      opened++
      yield { kind: 'text', text: 'Fe', ids: [1] }
      if (messages[0]?.content === 'wait') {
        await until(() => signal?.aborted === true, 'the end')
        stopped++
      }
      budget?.spent(fee)
      const usage = { inputTokens: 1, outputTokens: 1, fee }
      yield {
        kind: 'done',
        text: 'Fe',
        ids: [1],
        finish: 'stop',
        usage,
        receipts: [],
        model: modelView.id as `0x${string}`
      }
    }
    const own = modelHandlers(
      { models: { ask } } as unknown as Parameters<typeof modelHandlers>[0],
      { asked: async () => modelView } as unknown as Parameters<typeof modelHandlers>[1],
      spending
    )
    const refusing = Object.keys(routes).map(name => [
      name,
      async () => {
        throw new InvalidError(foreignCode('test.reached'), name)
      }
    ])
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token,
      origins: [],
      version: '1',
      keys: spending,
      handlers: { ...Object.fromEntries(refusing), ask: own.ask, ...keyHandlers(spending) } as unknown as Handlers,
      metrics: async () => ({ contentType: 'text/plain', text: '' }),
      extend: openAiEndpoints({
        models: async page => pageOf([modelView], page, ({ id }) => id),
        model: async () => modelView,
        ask: own.askEvents
      })
    })
  })
  after(() => server.stop())

  const owner = () => createApiClient(server.url, token)
  const add = async (name: string, perDay: bigint, perRequest?: bigint): Promise<string> => {
    const body = {
      name,
      perDay: perDay.toString(),
      ...(perRequest === undefined ? {} : { perRequest: `${perRequest}` })
    }
    return (await owner().call('addKey', { body })).key
  }
  const client = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${server.url}/v1`, maxRetries: 0 })
  const chat = (apiKey: string, content = 'Fe?') =>
    client(apiKey).chat.completions.create({ model: 'elements', messages: [{ role: 'user', content }] })

  it('ask, and can do nothing else', async () => {
    const key = await add('asker', unit)
    assert.equal((await chat(key)).choices[0]?.message.content, 'Fe')
    assert.equal((await client(key).models.list()).data.length, 1)
    for (const entry of Object.values(routes) as Route[]) {
      const path = entry.path.replace(/:[a-z]+/g, 'x'.repeat(16))
      const reply = await fetch(`${server.url}${path}`, {
        method: entry.method,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        ...(entry.method === 'POST' ? { body: '{}' } : {})
      })
      const text = await reply.text()
      if (entry.open === true) continue
      if (entry.asking === true) assert.doesNotMatch(text, /auth\.rights/, path)
      else assert.deepEqual([reply.status, /auth\.rights/.test(text)], [403, true], path)
    }
    for (const path of ['/v1/../api/status', '/v1/%2e%2e/api/status', '/v1//api/status', '/v1/models/../../api/keys']) {
      const { status } = await fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } })
      assert.ok(
        status === 403 || status === 404 || (status === 200 && path.startsWith('/v1/models')),
        `${path} ${status}`
      )
    }
  })

  it('do what their scope says, each call by one of its own or by the owner alone', async () => {
    for (const scope of keyScopes) {
      const body = { name: `for-${scope}`, scopes: [scope], perDay: unit.toString() }
      const { key } = await owner().call('addKey', { body })
      for (const name of Object.keys(routes) as RouteName[]) {
        const entry = routes[name] as Route
        if (entry.open === true) continue
        const reply = await fetch(`${server.url}${entry.path.replace(/:[a-z]+/g, 'x'.repeat(16))}`, {
          method: entry.method,
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          ...(entry.method === 'POST' ? { body: '{}' } : {})
        })
        const isRefused = (await reply.text()).includes('auth.rights')
        assert.equal(isRefused, !scopesFor(name).includes(scope), `${name} by a key to ${scope}`)
      }
      const { status } = await fetch(`${server.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })
      assert.equal(status, scope === 'ask' ? 200 : 403)
    }
    // What opens other doors, or says where money goes from then on, no key does.
    const owners = [
      'addKey',
      'keys',
      'createSession',
      'identitySession',
      'changeSetting',
      'restart',
      'setPayout'
    ] as const
    for (const name of [...owners, 'backup', 'settings'] as const) assert.deepEqual(scopesFor(name), [], name)
    // What changes something is never done by a key to read.
    for (const name of Object.keys(routes) as RouteName[])
      if (routes[name].method !== 'GET') assert.ok(!scopesFor(name).includes('read'), name)
    await assert.rejects(owner().call('addKey', { body: { name: 'boundless', scopes: ['money'] } }), {
      code: 'key.budget'
    })
  })

  it('are told what is left, and what would be too much opens no channel', async () => {
    const key = await add('narrow', 3n * most)
    const before = opened
    const answers = await Promise.allSettled(Array.from({ length: 8 }, () => chat(key)))
    const went = answers.filter(({ status }) => status === 'fulfilled').length
    // Money is held until an answer has its fee: how many find room depends on when the first ones end.
    assert.ok(went >= 3 && BigInt(went) * fee <= 3n * most)
    assert.equal(opened - before, went)
    for (const answer of answers)
      if (answer.status === 'rejected')
        assert.deepEqual(
          [(answer.reason as { status: number }).status, (answer.reason as { code: string }).code],
          [402, 'insufficient_quota']
        )
    await assert.rejects(chat(await add('poor', unit, most / 2n)), {
      status: 402,
      code: 'insufficient_quota',
      message: /0\.1 tokens, more than the 0\.05 that one of the key poor may/
    })
    const listed = await owner().call('keys')
    const narrow = listed.items.find(({ name }) => name === 'narrow')
    assert.deepEqual([narrow?.spent, narrow?.held], [(BigInt(went) * fee).toString(), '0'])
    assert.ok(!JSON.stringify(listed).includes(key))
  })

  it('end with their answers when they are revoked', async () => {
    const key = await add('leaving', unit)
    const stream = await client(key).chat.completions.create({
      model: 'elements',
      messages: [{ role: 'user', content: 'wait' }],
      stream: true
    })
    const reading = (async () => {
      for await (const _ of stream) void _
    })()
    await owner().call('revokeKey', { params: { name: 'leaving' } })
    await reading.catch(() => undefined) // however it is told
    await until(() => stopped === 1, 'the answer to end')
    await assert.rejects(chat(key), { status: 401, code: 'invalid_api_key' })
    await assert.rejects(owner().call('revokeKey', { params: { name: 'leaving' } }), { code: 'key.unknown' })
  })

  it('are bounded by what the daemon may spend, as its owner is', async () => {
    spending.limit({ perRequest: most / 2n, perDay: null })
    try {
      const events: unknown[] = []
      for await (const event of owner().stream('ask', {
        body: { model: 'elements', messages: [{ role: 'user', content: 'Fe?' }] }
      }))
        events.push(event)
      assert.equal((events[0] as { code: string }).code, 'budget.request')
      await assert.rejects(chat(token), { code: 'insufficient_quota', message: /spending\.perRequest/ })
    } finally {
      spending.limit({ perRequest: null, perDay: null })
    }
  })
})

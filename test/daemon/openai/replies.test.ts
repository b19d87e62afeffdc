import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { asked, bearer, contributor, model, page, slashed, startDaemon, worker } from './daemon.ts'
import type { Daemon, Reply } from './daemon.ts'

describe('what clients of the OpenAI API get', () => {
  let daemon: Daemon
  let call: Daemon['call']
  let post: Daemon['post']
  let chat: Daemon['chat']
  let client: Daemon['client']
  before(async () => {
    daemon = await startDaemon()
    ;({ call, post, chat, client } = daemon)
  })
  after(() => daemon.stop())
  beforeEach(() => void asked.splice(0))

  it('are told who was paid, and for what', async () => {
    const { tilth, usage } = await chat({})
    assert.deepEqual(tilth, {
      fee: '7',
      receipts: [`0x${'cd'.repeat(32)}`],
      private: false,
      credits: [
        { as: 'worker', account: worker, share: 3000 },
        { as: 'builder', account: model.builder, share: 1000 },
        { as: 'data', account: model.datanet, share: 6000 }
      ]
    })
    assert.deepEqual(usage, { prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 })
    const explained = await chat({ tilth: { explain: true } })
    assert.deepEqual(explained.tilth.credits[2], {
      as: 'data',
      account: model.datanet,
      share: 6000,
      contributors: [{ account: contributor, weight: '818000' }]
    })
  })

  it('get several answers, each asked and paid for by itself', async () => {
    const { choices, usage, tilth } = await chat({ n: 3, seed: 5 })
    assert.deepEqual(
      choices.map(({ index }) => index),
      [0, 1, 2]
    )
    assert.deepEqual(
      asked.map(({ seed }) => seed),
      [5, 6, 7]
    )
    assert.deepEqual([tilth.fee, tilth.receipts.length], ['21', 3])
    assert.deepEqual(usage, { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 })
    const texts = ['', '']
    const ends = new Set<number>()
    let last: { usage?: { total_tokens: number } | null; choices: unknown[] } | undefined
    for await (const chunk of await client.chat.completions.create({
      model: 'elements',
      messages: [{ role: 'user', content: 'Fe?' }],
      n: 2,
      stream: true,
      stream_options: { include_usage: true }
    })) {
      for (const { index, delta, finish_reason: finish } of chunk.choices) {
        texts[index] += delta.content ?? ''
        if (finish !== null) ends.add(index)
      }
      last = chunk
    }
    assert.deepEqual([texts, ends.size], [['Fe is iron.', 'Fe is iron.'], 2])
    assert.deepEqual([last?.usage?.total_tokens, last?.choices], [12, []])
  })

  it('hear of a failure by its status before an answer began, and in the stream after', async () => {
    const ask = (content: string) =>
      client.chat.completions.create({ model: 'elements', messages: [{ role: 'user', content }], stream: true })
    await assert.rejects(ask('nobody'), { status: 503, code: 'ask.unreachable', type: 'server_error' })
    await assert.rejects(ask('too long'), { status: 400, code: 'context_length_exceeded', param: 'messages' })
    let text = ''
    await assert.rejects(
      async () => {
        for await (const chunk of await ask('breaks')) text += chunk.choices[0]?.delta.content ?? ''
      },
      (error: Error) => error instanceof OpenAI.APIError && /no worker finished/.test(error.message)
    )
    assert.equal(text, 'Fe')
  })

  it('may use the older form, and are told plainly what is not offered', async () => {
    const whole = await client.completions.create({ model: 'elements', prompt: ['Fe?', 'Au?'], max_tokens: 2 })
    assert.deepEqual(
      whole.choices.map(({ index, text, finish_reason: finish }) => [index, text, finish]),
      [
        [0, 'Fe is iron.', 'length'],
        [1, 'Fe is iron.', 'length']
      ]
    )
    let text = ''
    for await (const { choices } of await client.completions.create({ model: 'elements', prompt: 'Fe?', stream: true }))
      text += choices[0]?.text ?? ''
    assert.equal(text, 'Fe is iron.')
    for (const [more, param] of [
      [{ prompt: [1, 2, 3] }, 'prompt'],
      [{ prompt: 'a', echo: true }, 'echo'],
      [{ prompt: 'a', logprobs: 3 }, 'logprobs'],
      [{ prompt: 'a', suffix: 'b' }, 'suffix'],
      [{ prompt: ['a', 'b', 'c'], n: 3 }, 'n']
    ] as const)
      assert.equal((await post('/v1/completions', { model: 'elements', ...more })).error?.param, param)
    await assert.rejects(client.embeddings.create({ model: 'elements', input: 'Fe' }), {
      status: 400,
      code: 'unsupported_parameter',
      message: /embeddings are not offered/
    })
    await assert.rejects(client.responses.create({ model: 'elements', input: 'Fe' }), {
      status: 404,
      code: 'route.unknown',
      message: /POST \/v1\/responses.*\/chat\/completions/
    })
  })

  it('find a model by a name with a slash in it, escaped or not', async () => {
    assert.equal((await client.models.retrieve('org/birds')).id, 'org/birds')
    for (const path of ['/v1/models/org/birds', '/v1/models/org%2Fbirds', `/v1/models/${slashed.id}`]) {
      const { status, text } = await call('GET', path, bearer)
      assert.equal(status, 200, path)
      assert.equal((JSON.parse(text) as { id: string }).id, 'org/birds')
    }
    for (const path of [
      '/v1/models/fish',
      '/v1/models/a/b/c',
      '/v1/models/..%2F..%2Fapi',
      `/v1/models/${'x'.repeat(300)}`
    ]) {
      const { status, text } = await call('GET', path, bearer)
      assert.ok(status === 404 || status === 400, path)
      assert.ok(typeof (JSON.parse(text) as { error: { code: string } }).error.code === 'string')
    }
    await assert.rejects(new OpenAI({ apiKey: 'no', baseURL: `${daemon.url}/v1` }).models.list(), {
      status: 401,
      code: 'invalid_api_key'
    })
  })

  describe('in a browser', () => {
    const preflight = (origin: string, more: Record<string, string> = {}): Promise<Reply> =>
      call('OPTIONS', '/v1/chat/completions', {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, content-type, x-stainless-lang',
        ...more
      })

    it('may call from an origin that was allowed, or from the daemon’s own, and no other', async () => {
      const own = new URL(daemon.url).origin
      for (const origin of [page, 'app://obsidian.md', own]) {
        const { status, headers } = await preflight(origin)
        assert.equal(status, 204, origin)
        assert.equal(headers['access-control-allow-origin'], origin)
        assert.match(String(headers['access-control-allow-headers']), /x-stainless-lang/)
        assert.match(String(headers['access-control-allow-methods']), /POST/)
        assert.match(String(headers['vary']), /Origin/)
        assert.equal(headers['access-control-allow-credentials'], undefined)
        const answered = await call(
          'POST',
          '/v1/chat/completions',
          { ...bearer, origin },
          JSON.stringify({ model: 'elements', messages: [{ role: 'user', content: 'Fe?' }], stream: true })
        )
        assert.equal(answered.status, 200)
        assert.equal(answered.headers['access-control-allow-origin'], origin)
        assert.match(answered.text, /\[DONE\]/)
        // What went wrong is for the page to read, too.
        const refused = await call('GET', '/v1/models', { origin, authorization: 'Bearer no' })
        assert.deepEqual([refused.status, refused.headers['access-control-allow-origin']], [401, origin])
      }
      for (const origin of [
        'https://evil.example',
        'null',
        'http://localhost:9',
        `${page}.evil.example`,
        `${page}:444`
      ]) {
        const { status, headers } = await preflight(origin)
        assert.equal(status, 403, origin)
        assert.equal(headers['access-control-allow-origin'], undefined)
      }
    })

    it('is asked for its token all the same, and cannot come by another name of this machine', async () => {
      assert.equal((await call('GET', '/v1/models', { origin: page })).status, 401)
      const { status, headers } = await preflight(page, { host: 'evil.example' })
      assert.deepEqual([status, headers['access-control-allow-origin']], [403, undefined])
      // A session is for the daemon's own pages: another origin's cannot use it, allowed or not.
      const port = new URL(daemon.url).port
      const cookie = await call('GET', '/v1/models', { origin: page, cookie: `tilth-session-${port}=x` })
      assert.equal(cookie.status, 403)
      // No header is let through that is no name of one.
      const odd = await preflight(page, { 'access-control-request-headers': 'a b; c' })
      assert.equal(odd.headers['access-control-allow-headers'], undefined)
      const private_ = await preflight(page, { 'access-control-request-private-network': 'true' })
      assert.equal(private_.headers['access-control-allow-private-network'], 'true')
    })
  })
})

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { createApiClient, routes } from '../../daemon/api/contract/index.ts'
import type { RouteName } from '../../daemon/api/contract/index.ts'
import { eventHandlers } from '../../daemon/api/handlers/events.ts'
import { sessionFile, startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { createSessions } from '../../daemon/api/server/sessions/index.ts'
import type { NodeEvents } from '../../node/node.ts'
import { createEvents, silentLog } from '../../node/runtime/index.ts'
import { scratch } from '../harness/index.ts'

const bearerToken = 'a-token-of-this-test'
const events = createEvents<NodeEvents>(silentLog)
const handlers = {
  ...Object.fromEntries(
    (Object.keys(routes) as RouteName[]).map(name => [name, async () => ({ items: [], next: null })])
  ),
  pause: async () => ({ away: null }),
  ...eventHandlers({ events })
} as unknown as Handlers

const start = (file?: string, token = bearerToken, port = 0): Promise<ApiServer> =>
  startApiServer({
    host: '127.0.0.1',
    port,
    token,
    origins: ['https://console.example'],
    version: '1',
    ...(file === undefined ? {} : { sessions: sessionFile(file) }),
    handlers,
    metrics: async () => ({ contentType: 'text/plain', text: '' })
  })

interface Answer {
  readonly status: number
  readonly text: string
  readonly cookie: string | undefined
  readonly code: string | undefined
}

/** By hand: fetch sets neither Host nor Origin. Of a stream the first piece. */
const ask = (url: string, path: string, headers: Record<string, string>, body?: object): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request(
      new URL(path, url),
      {
        method: body === undefined ? 'GET' : 'POST',
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) }
      },
      response => {
        let text = ''
        const end = (): void => {
          const code = /"code":"([\w.-]+)"/.exec(text)?.[1]
          const cookie = response.headers['set-cookie']?.[0]
          resolve({ status: response.statusCode ?? 0, text, cookie, code })
          call.destroy()
        }
        response.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          if (response.headers['content-type']?.startsWith('text/event-stream') === true) end()
        })
        response.on('end', end)
      }
    )
    call.on('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })

/** Signs a browser in. @returns what it sends from then on */
async function signIn(server: ApiServer, token = bearerToken, before?: string): Promise<string> {
  const issued = await createApiClient(server.url, token).call('createSession', { body: {} })
  const headers: Record<string, string> = before === undefined ? {} : { cookie: before }
  const { status, cookie } = await ask(server.url, '/api/session', headers, { token: issued.token })
  assert.equal(status, 200)
  return cookie?.split(';')[0] ?? ''
}

describe('sessions of browsers', () => {
  let server: ApiServer
  let file: string
  before(async () => {
    file = join(await scratch('sessions'), 'sessions.json')
    server = await start(file)
  })
  after(() => server.stop())

  it('begin with a token that is good once, in a cookie that no script reads and no other site sends', async () => {
    const issued = await createApiClient(server.url, bearerToken).call('createSession', { body: { seconds: 60 } })
    assert.equal(issued.url, `${server.url}/#token=${issued.token}`)
    assert.ok(issued.token.length >= 43)
    const port = new URL(server.url).port
    const { cookie, status, text } = await ask(server.url, '/api/session', {}, { token: issued.token })
    assert.equal(status, 200)
    assert.match(
      cookie ?? '',
      new RegExp(`^tilth-session-${port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/; Max-Age=`)
    )
    assert.ok(!text.includes(cookie?.split(/[=;]/)[1] ?? ''))
    assert.equal((await ask(server.url, '/api/datanets', { cookie: cookie ?? '' })).status, 200)
    const again = await ask(server.url, '/api/session', {}, { token: issued.token })
    assert.deepEqual([again.status, again.code, again.cookie], [401, 'auth.token', undefined])
  })

  it('are not begun by anybody else', async () => {
    assert.equal((await ask(server.url, '/api/sessions', {}, {})).status, 401)
    assert.equal((await ask(server.url, '/api/sessions', { cookie: 'tilth-session-1=x' }, {})).status, 401)
    const fresh = (): Promise<{ token: string }> =>
      createApiClient(server.url, bearerToken).call('createSession', { body: {} })
    for (const origin of ['http://127.0.0.1:1', 'https://console.example', 'null', 'http://localhost']) {
      const { token } = await fresh()
      assert.equal((await ask(server.url, '/api/session', { origin }, { token })).status, 403, origin)
    }
    for (const body of [{}, { token: '' }, { token: 7 }, { token: 'x'.repeat(1000) }, { token: 'x', more: 1 }])
      assert.equal((await ask(server.url, '/api/session', {}, body)).status, 400)
    for (const seconds of [0, -1, 1e9, 1.5])
      assert.equal(
        (await ask(server.url, '/api/sessions', { authorization: `Bearer ${bearerToken}` }, { seconds })).status,
        400
      )
  })

  it('count for pages of this very daemon alone, wherever something is changed or goes on', async () => {
    const cookie = await signIn(server)
    const { host, origin } = new URL(server.url)
    const port = new URL(server.url).port
    const statuses = async (headers: Record<string, string>): Promise<number[]> => [
      (await ask(server.url, '/api/datanets', { cookie, ...headers })).status,
      (await ask(server.url, '/api/events', { cookie, ...headers })).status,
      (await ask(server.url, '/api/pause', { cookie, ...headers }, {})).status
    ]
    assert.deepEqual(await statuses({ origin }), [200, 200, 200])
    assert.deepEqual(await statuses({ 'sec-fetch-site': 'same-origin' }), [200, 200, 200])
    assert.deepEqual(await statuses({ origin: `http://localhost:${port}`, host: `localhost:${port}` }), [200, 200, 200])
    assert.deepEqual(await statuses({}), [200, 403, 403])
    assert.deepEqual(await statuses({ 'sec-fetch-site': 'none' }), [200, 403, 403])
    for (const site of ['same-site', 'cross-site', 'anything'])
      assert.deepEqual(await statuses({ 'sec-fetch-site': site, origin }), [403, 403, 403], site)
    for (const other of [
      'http://127.0.0.1:1',
      `https://${host}`,
      `http://localhost:${port}`,
      'https://console.example',
      'null',
      `${origin}.evil.example`,
      `${origin}/`,
      ''
    ])
      assert.deepEqual(await statuses({ origin: other }), [403, 403, 403], other)
    // Another port's page, through a proxy that leaves its own name on what it passes on.
    assert.deepEqual(await statuses({ origin: 'http://127.0.0.1:9999', host: '127.0.0.1:9999' }), [403, 403, 403])
    assert.deepEqual(await statuses({ origin, host: 'evil.example' }), [403, 403, 403])
  })

  it('are told from made-up ones, from those of other ports, and found among strangers', async () => {
    const cookie = await signIn(server)
    const [name = '', id = ''] = cookie.split('=')
    const status = async (text: string): Promise<number> =>
      (await ask(server.url, '/api/datanets', { cookie: text })).status
    assert.equal(await status(`tilth-session-1=${id}`), 401)
    assert.equal(await status(`${name}=${id}x`), 401)
    assert.equal(await status(`${name}=`), 401)
    assert.equal(await status(`${name}=${'x'.repeat(8000)}`), 401)
    assert.equal(await status(`x${name}=${id}`), 401)
    assert.equal(await status(`a=b; ${name}=made-up; ${name}=${id}`), 200)
    assert.equal(await status(`${Array.from({ length: 20 }, () => `${name}=y`).join('; ')}; ${name}=${id}`), 401)
    const wrong = { cookie, authorization: 'Bearer wrong' }
    assert.equal((await ask(server.url, '/api/datanets', wrong)).code, 'auth.wrong')
  })

  it('outlive the daemon, are on disk by their marks alone, and end with its bearer token', async () => {
    const folder = await scratch('sessions')
    const path = join(folder, 'sessions.json')
    const first = await start(path)
    const { port } = new URL(first.url)
    const cookie = await signIn(first)
    const text = await readFile(path, 'utf8')
    assert.ok(!text.includes(cookie.split('=')[1] ?? '-'))
    assert.equal((await stat(path)).mode & 0o077, 0)
    await first.stop()
    const second = await start(path, bearerToken, Number(port))
    assert.equal((await ask(second.url, '/api/datanets', { cookie })).status, 200)
    await second.stop()
    const third = await start(path, 'another-token', Number(port))
    assert.equal((await ask(third.url, '/api/datanets', { cookie })).code, 'auth.session')
    await third.stop()
    for (const broken of ['{', '[]', '{"version":1,"sessions":[{"mark":"x","until":1}]}', '']) {
      await writeFile(path, broken)
      const damaged = await start(path)
      assert.equal((await ask(damaged.url, '/api/datanets', { cookie })).status, 401)
      await signIn(damaged)
      await damaged.stop()
    }
  })

  it('end when asked to, with the streams that are theirs, and one browser has one', async () => {
    const cookie = await signIn(server)
    const { origin } = new URL(server.url)
    const closed = new Promise<void>((resolve, reject) => {
      const stream = request(new URL('/api/events', server.url), { headers: { cookie, origin } }, response => {
        response.once('data', () => {
          ask(server.url, '/api/session/end', { cookie, origin }, {}).catch(reject)
        })
        response.on('end', resolve)
      })
      stream.on('error', reject)
      stream.end()
    })
    await closed
    assert.equal((await ask(server.url, '/api/datanets', { cookie })).code, 'auth.session')
    const one = await signIn(server)
    const two = await signIn(server, bearerToken, one)
    assert.equal((await ask(server.url, '/api/datanets', { cookie: one })).status, 401)
    assert.equal((await ask(server.url, '/api/datanets', { cookie: two })).status, 200)
    assert.equal((await ask(server.url, '/api/session/end', { cookie: two }, {})).status, 403)
  })

  it('give a reader its place in the news, and take it up by the header or the address', async () => {
    const cookie = await signIn(server)
    const { origin } = new URL(server.url)
    const first = await ask(server.url, '/api/events', { cookie, origin })
    const id = /^id: (\S+)$/m.exec(first.text)?.[1] ?? ''
    assert.match(id, /^[0-9a-f]+-[0-9]+$/)
    const header = await ask(server.url, '/api/events?after=other', { cookie, origin, 'last-event-id': id })
    assert.match(header.text, /"name":"alive"/)
    assert.match((await ask(server.url, `/api/events?after=${id}`, { cookie, origin })).text, /"name":"alive"/)
    assert.match((await ask(server.url, '/api/events?after=other', { cookie, origin })).text, /"name":"missed"/)
    assert.equal((await ask(server.url, `/api/events?after=${'x'.repeat(200)}`, { cookie, origin })).status, 400)
  })
})

describe('sign-in tokens and sessions', () => {
  it('are bounded, end by their time, and guesses are few', async () => {
    let now = 1_000_000
    const sessions = await createSessions({ token: 't', now: () => now })
    const late = sessions.issue(60).token
    now += 60_000
    await assert.rejects(sessions.exchange(late, []), { code: 'auth.token' })
    const first = sessions.issue(600).token
    for (let n = 0; n < 256; n++) sessions.issue(600)
    await assert.rejects(sessions.exchange(first, []), { code: 'auth.token' })

    const ids: string[] = []
    for (let n = 0; n < 65; n++) ids.push((await sessions.exchange(sessions.issue(600).token, [])).id)
    assert.equal(sessions.find([ids[0] ?? '']), undefined)
    assert.ok(sessions.find([ids[64] ?? '']) !== undefined)
    now += 31 * 86_400_000
    assert.equal(sessions.find([ids[64] ?? '']), undefined)

    const good = sessions.issue(600).token
    for (let n = 0; n < 20; n++) await assert.rejects(sessions.exchange(`guess ${n}`, []), { code: 'auth.token' })
    await assert.rejects(sessions.exchange('one more', []), { code: 'limit.rate' })
    now += 3_000
    await assert.rejects(sessions.exchange('another', []), { code: 'auth.token' })
    await assert.rejects(sessions.exchange('and another', []), { code: 'limit.rate' })
    // Nobody is kept out by the wrong ones of others.
    assert.ok((await sessions.exchange(good, [])).id !== '')
    await assert.rejects(sessions.exchange(good, []), { code: 'limit.rate' })
  })
})

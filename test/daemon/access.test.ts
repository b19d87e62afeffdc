import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request as plainRequest } from 'node:http'
import { request } from 'node:https'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { routes } from '../../daemon/api/contract/index.ts'
import type { Route, RouteName } from '../../daemon/api/contract/index.ts'
import { startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { namesOfApi, readCertificate } from '../../daemon/certificate.ts'

const token = 'a-token-of-this-test'
const folder = join(import.meta.dirname, '../vectors/tls')
const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]

interface Answer {
  readonly status: number
  readonly text: string
  readonly cookie: string
}

/** By hand: fetch lets nobody choose the Host. */
const ask = (
  url: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
  address = '127.0.0.1'
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const isTls = url.startsWith('https')
    const options = {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      // Whom it should be is the certificate's name, whatever address leads there.
      host: address,
      port: new URL(url).port,
      agent: false,
      path
    }
    const call = isTls
      ? request({ ...options, ca: readFileSync(cert), servername: 'node.example' })
      : plainRequest(options)
    call.on('response', reply => {
      let text = ''
      reply.on('data', (chunk: Buffer) => (text += chunk.toString()))
      reply.on('end', () => {
        resolve({ status: reply.statusCode ?? 0, text, cookie: reply.headers['set-cookie']?.[0] ?? '' })
      })
    })
    call.on('error', reject)
    call.end(body)
  })

/** Calls that reached their handlers. */
const reached: RouteName[] = []
const handlers = Object.fromEntries(
  (Object.keys(routes) as RouteName[]).map(name => [
    name,
    async () => {
      reached.push(name)
      return { ok: true, peers: 0, chain: true }
    }
  ])
) as unknown as Handlers

const start = async (options: {
  host: string
  tls: boolean
  names?: string[]
  openMetrics?: boolean
}): Promise<ApiServer> => {
  const pems = options.tls ? await readCertificate({ cert, key }) : undefined
  return startApiServer({
    host: options.host,
    port: 0,
    token,
    origins: [],
    version: '1',
    ...(pems === undefined ? {} : { tls: pems }),
    names: namesOfApi({ host: options.host, names: options.names ?? [] }),
    openMetrics: options.openMetrics ?? false,
    handlers,
    metrics: async () => ({ contentType: 'text/plain', text: 'tilth_peers 1' })
  })
}

describe('who may call the API', () => {
  let own: ApiServer
  let far: ApiServer
  before(async () => {
    own = await start({ host: '127.0.0.1', tls: false })
    far = await start({ host: '0.0.0.0', tls: true, names: ['node.example'] })
  })
  after(async () => {
    await own.stop()
    await far.stop()
  })
  const bearer = { authorization: `Bearer ${token}` }

  it('from elsewhere calls it by a name that it has, over TLS, and reads its numbers by a key alone', async () => {
    const { port } = new URL(far.url)
    assert.equal(far.url, `https://node.example:${port}`)
    const host = `node.example:${port}`
    assert.equal((await ask(far.url, '/healthz', { host })).status, 200)
    // A page that lets its own name lead here is told apart by that name.
    for (const other of ['evil.example', `evil.example:${port}`, '192.0.2.7', 'node.example.evil.example'])
      assert.match((await ask(far.url, '/healthz', { host: other })).text, /auth\.host/, other)
    const here = { host: new URL(own.url).host }
    assert.equal((await ask(far.url, '/metrics', { host })).status, 401)
    // A proxy here asks by this machine's own name (nginx as it comes), or passes on its caller's, and says nothing.
    for (const name of ['127.0.0.1', 'localhost', 'localhost:80', '[::1]', new URL(own.url).host])
      assert.equal((await ask(own.url, '/metrics', { host: name })).status, 401, name)
    assert.equal((await ask(far.url, '/metrics', { host: `localhost:${port}` })).status, 401)
    assert.equal((await ask(own.url, '/metrics', { ...here, ...bearer })).status, 200)
    // By an address that is not this machine's own alone, where it has one.
    const outside = Object.values(networkInterfaces())
      .flat()
      .find(one => one?.family === 'IPv4' && !one.internal)?.address
    if (outside !== undefined) {
      assert.equal((await ask(far.url, '/metrics', { host }, undefined, outside)).status, 401)
      assert.match((await ask(far.url, '/metrics', { host, ...bearer }, undefined, outside)).text, /tilth_peers/)
    }
    // Its own page is one of that name and scheme; the same name without TLS is another's.
    const made = await ask(far.url, '/api/sessions', { host, ...bearer }, '{}')
    const { token: once, url } = JSON.parse(made.text) as { token: string; url: string }
    assert.ok(url.startsWith(`https://${host}/#token=`), 'no server is told what stands behind #')
    const body = JSON.stringify({ token: once })
    assert.equal((await ask(far.url, '/api/session', { host, origin: `http://${host}` }, body)).status, 403)
    const { status, cookie } = await ask(far.url, '/api/session', { host, origin: `https://${host}` }, body)
    assert.deepEqual([status, /; Secure/.test(cookie), /HttpOnly; SameSite=Strict/.test(cookie)], [200, true, true])
  })

  it('of this machine reads its numbers without a key only where its owner says so, and no page', async () => {
    const told = await start({ host: '127.0.0.1', tls: false, openMetrics: true })
    try {
      const { host } = new URL(told.url)
      assert.match((await ask(told.url, '/metrics', { host })).text, /tilth_peers/)
      const others: Record<string, string>[] = [
        { 'x-forwarded-for': '192.0.2.7' },
        { forwarded: 'for=192.0.2.7' },
        { via: '1.1 proxy' },
        { 'sec-fetch-site': 'cross-site' },
        { 'sec-fetch-site': 'same-site' }
      ]
      for (const header of others) assert.equal((await ask(told.url, '/metrics', { host, ...header })).status, 401)
    } finally {
      await told.stop()
    }
  })

  it('is told what a certificate lacks before anything listens', async () => {
    await assert.rejects(readCertificate({ cert, key: cert }), { code: 'api.certificate' })
    await assert.rejects(readCertificate({ cert: join(folder, 'none.pem'), key }), { code: 'api.certificate' })
    assert.deepEqual(namesOfApi({ host: '0.0.0.0', names: ['a'] }), ['a'])
    assert.deepEqual(namesOfApi({ host: '2001:db8::1', names: [] }), ['[2001:db8::1]'])
  })

  it('changes nothing by GET, in whatever way it is disguised', async () => {
    const { host } = new URL(own.url)
    for (const name of Object.keys(routes) as RouteName[]) {
      const entry = routes[name] as Route
      if (entry.method !== 'POST') continue
      const path = entry.path.replace(/:[a-z]+/g, 'x'.repeat(16))
      reached.length = 0
      for (const disguise of ['', '?_method=POST'])
        await ask(own.url, `${path}${disguise}`, { host, ...bearer, 'x-http-method-override': 'POST' })
      assert.ok(!reached.includes(name), `${name} by GET`)
    }
  })

  it('sends as many headers as a program does, and no more; a token in the address counts for nothing', async () => {
    const { host } = new URL(own.url)
    assert.equal((await ask(own.url, '/healthz', { host, 'x-long': 'x'.repeat(8_000) })).status, 200)
    // Told so, if the connection lives long enough for it.
    const long = ask(own.url, '/healthz', { host, 'x-long': 'x'.repeat(40_000) })
    assert.equal(await long.then(({ status }) => status).catch(() => 431), 431)
    assert.equal((await ask(own.url, '/healthz', { host })).status, 200)
    const inAddress = await ask(own.url, `/api/status?token=${token}&access_token=${token}`, { host })
    assert.deepEqual([inAddress.status, inAddress.text.includes(token)], [401, false])
  })
})

import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { request } from 'node:http'
import { join } from 'node:path'
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import { pageNetwork } from '../../daemon/page-network.ts'
import type { DaemonConfig } from '../../daemon/config/index.ts'
import { startApiServer } from '../../daemon/api/server/index.ts'
import type { ApiServer, Handlers } from '../../daemon/api/server/index.ts'
import { scratch } from '../harness/index.ts'

const index = '<!doctype html><title>console</title><script type="module" src="/assets/main-a1.js"></script>'
const script = 'export const text = "console"\n'.repeat(100)

interface Answer {
  readonly status: number
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: Buffer
}

const ask = (url: string, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const call = request({ ...urlParts(url), path, headers, method }, response => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(pieces) })
      })
    })
    call.on('error', reject)
    call.end()
  })
/** The path goes as it is: a URL would take its dots away. */
const urlParts = (url: string): { host: string; port: string } => {
  const { hostname: host, port } = new URL(url)
  return { host, port }
}

describe('the files of the web console', () => {
  let folder: string
  let server: ApiServer
  const page = { accept: 'text/html,application/xhtml+xml' }
  before(async () => {
    folder = await scratch('console')
    await writeFile(join(folder, 'secret.html'), 'secret')
    const dist = join(folder, 'dist/')
    await mkdir(join(dist, 'assets'), { recursive: true })
    await writeFile(join(dist, 'index.html'), index)
    await writeFile(join(dist, 'assets/main-a1.js'), script)
    await writeFile(join(dist, 'assets/main-a1.js.br'), brotliCompressSync(script))
    await writeFile(join(dist, 'assets/main-a1.js.gz'), gzipSync(script))
    await writeFile(join(dist, 'assets/notes.unknown'), 'not served')
    await mkdir(join(dist, 'alone'))
    await writeFile(join(dist, 'alone/index.html'), 'alone')
    server = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token: 'a-token-of-this-test',
      origins: [],
      version: '1',
      handlers: {} as Handlers,
      consoleFolders: [dist],
      pageNetwork: () => ({ chain: { chainId: 1 } }),
      metrics: async () => ({ contentType: 'text/plain', text: 'tilth_test 1\n' })
    })
  })
  after(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  it('come with a policy that runs and loads nothing but themselves, and need no sign-in', async () => {
    const { status, headers, body } = await ask(server.url, '/', page)
    assert.deepEqual([status, body.toString()], [200, index])
    const policy = String(headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    assert.match(policy, /frame-ancestors 'none'/)
    assert.doesNotMatch(policy, /unsafe|\*|https?:/)
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.equal(headers['referrer-policy'], 'no-referrer')
    assert.equal(headers['cache-control'], 'no-cache')
    assert.equal((await ask(server.url, '/', { ...page, 'if-none-match': String(headers['etag']) })).status, 304)
  })

  it('come compressed to whoever takes that, and are kept for ever where the name tells the content', async () => {
    const get = (encoding: string): Promise<Answer> =>
      ask(server.url, '/assets/main-a1.js', { 'accept-encoding': encoding })
    const [plain, gzip, brotli] = [await get('identity'), await get('gzip, br;q=0'), await get('gzip, deflate, br')]
    assert.equal(plain.body.toString(), script)
    assert.equal(plain.headers['content-type'], 'text/javascript; charset=utf-8')
    assert.match(String(plain.headers['cache-control']), /immutable/)
    assert.equal(plain.headers['vary'], 'accept-encoding')
    assert.equal(gunzipSync(gzip.body).toString(), script)
    assert.equal(brotliDecompressSync(brotli.body).toString(), script)
    assert.equal(new Set([plain, gzip, brotli].map(({ headers }) => headers['etag'])).size, 3)
  })

  it('have one document for the address of every page, and none for calls and scripts that are not there', async () => {
    for (const path of ['/datanets', '/datanets/0x12', '/explorer/a.b', '/bazaar?text=x', '/apiary', '/v1x', '/%20'])
      assert.equal((await ask(server.url, path, page)).body.toString(), index, path)
    assert.equal((await ask(server.url, '/assets/main-old.js')).status, 404)
    assert.equal((await ask(server.url, '/datanets', { accept: 'application/json' })).status, 404)
    for (const path of ['/api', '/api/nothing', '/v1/nothing', '/api?x']) {
      const { status, headers } = await ask(server.url, path, page)
      assert.equal(status, 401, path)
      assert.match(String(headers['content-type']), /json/)
    }
    const bearer = { ...page, authorization: 'Bearer a-token-of-this-test' }
    assert.equal((await ask(server.url, '/api/nothing', bearer)).status, 404)
    assert.equal((await ask(server.url, '/', page, 'HEAD')).status, 200)
    assert.equal((await ask(server.url, '/', page, 'POST')).status, 401)
    assert.equal((await ask(server.url, '/metrics', bearer)).body.toString(), 'tilth_test 1\n')
  })

  it('are those that were built and nothing beside them, however it is spelt', async () => {
    for (const path of [
      '/../secret.html',
      '/assets/../../secret.html',
      '/%2e%2e/secret.html',
      '/..%2fsecret.html',
      '/assets/..%5c..%5csecret.html',
      '//secret.html',
      '/assets/main-a1.js%00',
      '/assets/main-a1.js.br',
      '/assets/notes.unknown',
      '/assets/',
      '/assets',
      `/${'a/'.repeat(3000)}`
    ]) {
      const { status, body } = await ask(server.url, path)
      assert.ok(status === 404 || status === 400, `${path} ${status}`)
      assert.ok(!body.toString().includes('secret') && !body.toString().includes('not served'), path)
    }
    assert.ok([400, 404].includes((await ask(server.url, '/%zz', page)).status))
    assert.equal((await ask(server.url, '/', { ...page, host: 'evil.example' })).status, 403)
    // A request line that no client makes.
    const raw = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () => {
        socket.end('GET ../secret.html HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n')
      })
      let text = ''
      socket.on('data', piece => (text += piece.toString()))
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    assert.ok(!raw.includes('\r\n\r\nsecret'))
  })

  it('are read again once they are built anew, and where there are none it is said how to build them', async () => {
    const other = join(folder, 'other/')
    const late = await startApiServer({
      host: '127.0.0.1',
      port: 0,
      token: 't',
      origins: [],
      version: '1',
      handlers: {} as Handlers,
      consoleFolders: [other],
      consoleRpc: 'https://rpc.example.org:8545/a-key?of=mine',
      metrics: async () => ({ contentType: '', text: '' })
    })
    const missing = await ask(late.url, '/datanets', page)
    assert.equal(missing.status, 503)
    assert.match(missing.body.toString(), /npm run console/)
    const policy = String(missing.headers['content-security-policy'])
    assert.match(policy, /default-src 'none'/)
    // The one address beside the daemon's own that its owner has named, without what only the owner knows of it.
    assert.match(policy, /connect-src 'self' https:\/\/rpc\.example\.org:8545;/)
    await mkdir(other)
    await writeFile(join(other, 'index.html'), 'first')
    assert.equal((await ask(late.url, '/datanets', page)).body.toString(), 'first')
    await writeFile(join(other, 'index.html'), 'second')
    assert.equal((await ask(late.url, '/datanets', page)).body.toString(), 'second')
    await late.stop()
  })

  it('hold a page that is a peer itself, whose policy alone lets it dial others', async () => {
    const moved = await ask(server.url, '/alone', page)
    assert.deepEqual([moved.status, moved.headers['location']], [308, '/alone/'])
    const alone = await ask(server.url, '/alone/', page)
    assert.equal(alone.body.toString(), 'alone')
    const policy = String(alone.headers['content-security-policy'])
    assert.match(policy, /connect-src 'self' ws: wss: https:;/)
    assert.match(policy, /script-src 'self';/)
    assert.match(policy, /frame-ancestors 'none'/)
    const other = String((await ask(server.url, '/bazaar', page)).headers['content-security-policy'])
    assert.match(other, /connect-src 'self';/)
    const told = await ask(server.url, '/alone/network.json')
    assert.deepEqual(JSON.parse(told.body.toString()), { chain: { chainId: 1 } })
  })

  it('tell that page of no RPC but a local network’s own', () => {
    const rpc = 'http://127.0.0.1:8545/a-secret'
    const form = { preset: 'local', chain: { rpc, contracts: {} }, bootstrap: [], api: { consoleRpc: rpc } }
    const listening = ['/ip4/1.2.3.4/tcp/4181/p2p/16U', '/ip4/1.2.3.4/tcp/4182/ws/p2p/16U']
    const told = (more: object) => pageNetwork({ ...form, ...more } as unknown as DaemonConfig, listening, 31337)
    assert.doesNotMatch(JSON.stringify(told({})), /a-secret/)
    assert.deepEqual(told({}).bootstrap, [listening[1]])
    assert.equal(told({ localNetwork: '/net' }).chain.rpc, 'ws://127.0.0.1:8545/a-secret')
  })
})

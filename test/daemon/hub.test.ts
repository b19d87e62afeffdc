import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chosenFiles, download, hubOf, listModel } from '../../daemon/hub/index.ts'
import type { HubModel } from '../../daemon/hub/index.ts'

const commit = 'c0'.repeat(20)
const weights = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 251))
const config = Buffer.from('{"architectures": ["LlamaForCausalLM"]}')
const files: Record<string, Buffer> = {
  'config.json': config,
  'tokenizer.json': Buffer.from('{}'),
  'model.safetensors': weights,
  'pytorch_model.bin': Buffer.from('a pickle, which nobody opens'),
  'onnx/model.onnx': Buffer.from('elsewhere')
}
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const blob = (bytes: Buffer): string => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex')

/** A hub of one model, that can be told to behave badly. */
class Hub {
  readonly #server: Server = createServer((request, response) => this.#answer(request, response))
  readonly asked: { path: string; range: string | undefined; token: string | undefined }[] = []
  /** Bytes after which connections break, of the next so many. */
  breaks: number[] = []
  knowsRanges = true
  alters: ((path: string, bytes: Buffer) => Buffer) | undefined
  listing: unknown = {
    sha: commit,
    siblings: Object.entries(files).map(([rfilename, bytes]) =>
      bytes.length > 1000
        ? { rfilename, size: bytes.length, blobId: 'x', lfs: { sha256: sha256(bytes), size: bytes.length } }
        : { rfilename, size: bytes.length, blobId: blob(bytes) }
    )
  }

  async start(): Promise<string> {
    await new Promise<void>(done => {
      this.#server.listen(0, '127.0.0.1', done)
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }
  stop(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { range, authorization } = request.headers
    const path = decodeURIComponent((request.url ?? '').split('?')[0] ?? '')
    this.asked.push({ path, range, token: authorization })
    if (path === '/api/models/people/tiny/revision/main') {
      response.end(typeof this.listing === 'string' ? this.listing : JSON.stringify(this.listing))
      return
    }
    const found = files[path.replace(`/people/tiny/resolve/${commit}/`, '')]
    if (found === undefined) {
      response.writeHead(404).end()
      return
    }
    const bytes = this.alters?.(path, found) ?? found
    const from = this.knowsRanges && range !== undefined ? Number(/bytes=(\d+)-/.exec(range)?.[1]) : 0
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from })
    const breaksAt = path.endsWith('model.safetensors') ? this.breaks.shift() : undefined
    if (breaksAt === undefined) {
      response.end(bytes.subarray(from))
      return
    }
    response.write(bytes.subarray(from, from + breaksAt), () => setImmediate(() => response.destroy()))
  }
}

describe('models from a hub', () => {
  let hub: Hub
  let endpoint: string
  let folder: string
  beforeEach(async () => {
    hub = new Hub()
    endpoint = await hub.start()
    folder = mkdtempSync(join(tmpdir(), 'tilth-hub-'))
  })
  afterEach(() => {
    hub.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  const options = (onBytes?: (done: number, of: number) => void) => ({
    folder,
    waitMs: 1,
    ...(onBytes === undefined ? {} : { onBytes })
  })
  const model = (): Promise<HubModel> => listModel(hubOf(endpoint, 'secret'), 'people/tiny')
  const bring = async (onBytes?: (done: number, of: number) => void): Promise<void> => {
    const found = await model()
    await download(hubOf(endpoint), found, chosenFiles(found).files, options(onBytes))
  }
  const came = (path: string): Buffer => readFileSync(join(folder, path))

  it('takes what the engine reads and nothing else, each file checked, and says how far it is', async () => {
    const seen: number[] = []
    await bring((done, of) => seen.push(done / of))
    assert.deepEqual(came('model.safetensors'), weights)
    assert.deepEqual(came('config.json'), config)
    assert.ok(!existsSync(join(folder, 'pytorch_model.bin')))
    assert.equal(seen.at(-1), 1)
    assert.equal(hub.asked[0]?.token, 'Bearer secret')
    const before = hub.asked.length
    await bring()
    assert.equal(hub.asked.length, before + 1, 'what is there whole is not asked for again')
  })

  it('goes on where a line broke, within a call and in the next one', async () => {
    hub.breaks = [100_000, 50_000]
    await bring()
    assert.deepEqual(came('model.safetensors'), weights)
    const ranges = hub.asked.filter(({ path }) => path.endsWith('model.safetensors')).map(({ range }) => range)
    assert.equal(ranges.length, 3)
    assert.ok(
      ranges.slice(1).every(range => range !== undefined),
      'the rest alone is asked for'
    )

    rmSync(join(folder, 'model.safetensors'))
    writeFileSync(join(folder, 'model.safetensors.part'), weights.subarray(0, 200_000))
    await bring()
    assert.deepEqual(came('model.safetensors'), weights)
    assert.equal(hub.asked.at(-1)?.range, 'bytes=200000-')
  })

  it('begins again where the server knows no ranges, or the part is no part of the file', async () => {
    mkdirSync(folder, { recursive: true })
    hub.knowsRanges = false
    writeFileSync(join(folder, 'model.safetensors.part'), weights.subarray(0, 1000))
    await bring()
    assert.deepEqual(came('model.safetensors'), weights)
    rmSync(join(folder, 'model.safetensors'))
    writeFileSync(join(folder, 'model.safetensors.part'), Buffer.alloc(weights.length + 5))
    await bring()
    assert.deepEqual(came('model.safetensors'), weights)
  })

  it('counts no byte twice where another file, or a part, stands in the place of one', async () => {
    writeFileSync(join(folder, 'model.safetensors'), Buffer.alloc(weights.length))
    writeFileSync(join(folder, 'model.safetensors.part'), weights.subarray(0, 200_000))
    const seen: number[] = []
    await bring((done, of) => seen.push(done / of))
    assert.deepEqual(came('model.safetensors'), weights)
    assert.equal(seen.at(-1), 1)
    assert.ok(seen.every(part => part > 0 && part <= 1))
  })

  it('a file that is not the one of the list is not kept', async () => {
    for (const path of ['config.json', 'model.safetensors']) {
      hub.alters = (asked, bytes) => {
        const other = Buffer.from(bytes)
        if (asked.endsWith(path)) other[0] = (other[0] as number) ^ 1
        return other
      }
      await assert.rejects(bring(), { code: 'hub.hash' })
      assert.ok(!existsSync(join(folder, path)) && !existsSync(join(folder, `${path}.part`)))
    }
  })

  it('no more is taken than the list says', async () => {
    hub.alters = (_, bytes) => Buffer.concat([bytes, Buffer.alloc(1_000_000)])
    await assert.rejects(bring(), { code: 'hub.answer' })
  })

  it('a line that gives nothing is given up', async () => {
    hub.breaks = Array(40).fill(0) as number[]
    await assert.rejects(bring(), { code: 'hub.unreachable' })
  })

  it('names, and answers that are none', async () => {
    for (const name of ['../../etc/passwd', 'a/b/c', '', 'people/ti ny', '.hidden/x'])
      await assert.rejects(listModel(hubOf(endpoint), name), { code: 'hub.name' })
    await assert.rejects(listModel(hubOf(endpoint), 'people/tiny', '../x'), { code: 'hub.name' })
    assert.throws(() => hubOf('file:///etc'), { code: 'hub.name' })
    await assert.rejects(listModel(hubOf(endpoint), 'people/other'), { code: 'hub.unknown' })
    await assert.rejects(listModel(hubOf('http://127.0.0.1:1'), 'people/tiny'), { code: 'hub.unreachable' })
    for (const listing of ['no JSON', '[]', { sha: 'main', siblings: [] }, `"${'x'.repeat(9_000_000)}"`]) {
      hub.listing = listing
      await assert.rejects(model(), { code: 'hub.answer' })
    }
  })

  it('which files are a model', () => {
    const file = (path: string, size = 10) => ({ path, size, hash: { kind: 'git' as const, hex: '00'.repeat(20) } })
    const of = (...paths: string[]): HubModel => ({ name: 'x', commit, files: paths.map(path => file(path)) })
    const paths = (found: HubModel, wanted?: string) => chosenFiles(found, wanted).files.map(({ path }) => path)
    const parts = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    assert.deepEqual(paths(of('config.json', 'tokenizer.json', ...parts)), ['config.json', 'tokenizer.json', ...parts])
    assert.deepEqual(
      paths(of('config.json', 'tokenizer.json', 'model.safetensors', ...parts)).filter(path =>
        path.startsWith('model')
      ),
      ['model.safetensors'],
      'whole weights and the same in parts are not both taken'
    )
    assert.deepEqual(paths(of('a.gguf', 'README.md')), ['a.gguf'])
    assert.deepEqual(paths(of('a-Q4.gguf', 'a-Q8.gguf'), 'a-Q8.gguf'), ['a-Q8.gguf'])
    assert.throws(() => paths(of('a-Q4.gguf', 'a-Q8.gguf')), { code: 'hub.files' })
    assert.throws(() => paths(of('a-Q4.gguf'), 'b.gguf'), { code: 'hub.files' })
    assert.throws(() => paths(of('pytorch_model.bin', 'config.json')), { code: 'hub.files' })
    assert.throws(
      () => paths(of('../../x.gguf')),
      { code: 'hub.files' },
      'a path out of the folder is no file of a model'
    )
    assert.throws(() => chosenFiles({ name: 'x', commit, files: [file('a.gguf', 2 ** 50)] }), { code: 'hub.files' })
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'
import { createReads } from '../../../node/transport/blocks/reads.ts'
import { scratch, startNode, stopNodes, until } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

interface Received {
  blocks: { data: Uint8Array }[]
}
interface From {
  remotePeer: { toString(): string }
}
/** What bitswap gives to its list of wants; counted there, since nothing else sees a block that nobody needed. */
const { WantList } = (await import(new URL('./want-list.js', import.meta.resolve('@helia/bitswap')).href)) as {
  WantList: { prototype: { receiveMessage: (this: unknown, connection: From, message: Received) => Promise<void> } }
}

describe('transport: what a fetch asks whom', function () {
  this.timeout(120_000)
  let author: TestNode, folder: string
  let readers: TestNode[] = []
  let bytes = 0
  const sent = new Map<string, number>() // by PeerId
  const { receiveMessage } = WantList.prototype
  before(async () => {
    WantList.prototype.receiveMessage = async function (connection, message) {
      const from = connection.remotePeer.toString()
      for (const { data } of message.blocks) {
        bytes += data.length
        sent.set(from, (sent.get(from) ?? 0) + data.length)
      }
      await receiveMessage.call(this, connection, message)
    }
    folder = await scratch('reads')
    author = await startNode()
    for (let i = 0; i < 4; i++) readers = [...readers, await startNode({ join: [author] })]
    for (const reader of readers) await reader.peers.ready(3, 60_000)
  })
  after(async () => {
    WantList.prototype.receiveMessage = receiveMessage
    await stopNodes()
  })

  async function add(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
    await mkdir(join(folder, name))
    for (const [file, content] of Object.entries(files)) await writeFile(join(folder, name, file), content)
    return author.files.addDirectory(join(folder, name))
  }
  const fetch = async (i: number, cid: string, name: string): Promise<void> =>
    readers[i]?.files.fetchDirectory(cid, join(folder, `${name}-${i}`), {
      maxBytes: 100_000_000,
      providers: [author.peers.self.address]
    })

  it('a model that others have and fetch at the same time comes once', async () => {
    const size = 6_000_000
    const cid = await add('model', { 'model.safetensors': randomBytes(size), 'config.json': '{}' })
    await fetch(0, cid, 'model')
    bytes = 0
    await Promise.all([1, 2, 3].map(i => fetch(i, cid, 'model')))
    assert.ok(bytes >= 3 * size, `${bytes} bytes`)
    // On a machine that is busy a reader that has heard nothing for a while asks everybody again.
    assert.ok(bytes < 3 * size * 1.8, `${bytes} bytes came for three times ${size}`)
  })

  it('what several fetch at the same time comes from one to the next, where they are told whom to ask', async () => {
    const size = 3_000_000
    const content = randomBytes(size)
    const cid = await author.files.addBytes(content)
    const named = ({ peers }: TestNode): string => peers.self.address
    // The last one begins, so each asks for what the one before it has not got yet.
    bytes = 0
    sent.clear()
    const got = readers.map(
      (reader, i) => () =>
        reader.files.fetchBytes(cid, {
          maxBytes: size,
          providers: [named(author)],
          first: { peers: [i === 0 ? named(author) : named(readers[i - 1]!), named(author)], eachMs: 60_000 }
        })
    )
    const all = await Promise.all(got.reverse().map(begin => begin()))
    for (const one of all) assert.deepEqual(one, Uint8Array.from(content))
    assert.ok((sent.get(author.peers.self.peerId) ?? 0) < 1.5 * size, 'its author gives it away once')
    assert.ok(bytes < 4.5 * size, `${bytes} bytes came for four times ${size}`)
  })

  it('who is asked first and has nothing, or is not there, keeps nobody from it', async () => {
    const content = randomBytes(1_000)
    const cid = await author.files.addBytes(content)
    const [reader, other] = readers as [TestNode, TestNode]
    const stranger = '0x00000000000000000000000000000000000000aa'
    const fetched = await reader.files.fetchBytes(cid, {
      maxBytes: 1_000,
      first: { peers: [stranger, other.peers.self.address], eachMs: 300 }
    })
    assert.deepEqual(fetched, Uint8Array.from(content))
  })

  it('folders that share a file are fetched side by side', async () => {
    const adapters = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        add(`adapter-${i}`, { 'adapter_config.json': '{"r":8}', 'adapter_model.safetensors': randomBytes(50_000) })
      )
    )
    await Promise.all(adapters.map((cid, k) => fetch(1, cid, `adapter-${k}`)))
    for (const k of adapters.keys())
      assert.equal(await readFile(join(folder, `adapter-${k}-1`, 'adapter_config.json'), 'utf8'), '{"r":8}')
  })
})

describe('transport: the blocks of one fetch', () => {
  const cidOf = async (text: string): Promise<CID> =>
    CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(text)))

  interface Options {
    signal?: AbortSignal
    ask?: string
    onProgress?: (event: { type: string; detail?: unknown }) => void
  }
  const never = new AbortController().signal
  const ended = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => {
      const abort = (): void => {
        reject(new Error('aborted'))
      }
      if (signal.aborted) abort()
      else signal.addEventListener('abort', abort)
    })

  /** A blockstore in front of some peers: what everybody is asked, and what whom alone. */
  function peers(answer: (to: string, text: string, signal: AbortSignal) => Promise<'sent' | 'lacks'>) {
    const asked: string[] = []
    const wanted: string[] = []
    const names = new Map<string, string>()
    async function* get(to: string, cid: CID, { signal = never, onProgress }: Options): AsyncGenerator<Uint8Array> {
      const text = names.get(cid.toString()) ?? ''
      asked.push(`${to}: ${text}`)
      if ((await answer(to, text, signal)) === 'lacks') {
        onProgress?.({ type: 'bitswap:find-providers' })
        await ended(signal)
      }
      if (to === 'all') onProgress?.({ type: 'helia:block-broker:receive-block', detail: { provider: 'ann' } })
      yield new TextEncoder().encode(text)
    }
    const view = createReads(
      {
        get: (cid: CID, options: Options) => get(options.ask ?? 'all', cid, options),
        createSession: (_: CID, { providers }: { providers: string[] }) => ({
          get: (cid: CID, options: Options) => get(providers.join(), cid, options)
        })
      } as unknown as Parameters<typeof createReads>[0],
      () => undefined,
      {
        want: cid => wanted.push(names.get(cid.toString()) ?? ''),
        over(cids) {
          for (const cid of cids) wanted.splice(wanted.indexOf(names.get(cid.toString()) ?? ''), 1)
        }
      }
    )
    return {
      asked,
      wanted,
      view,
      read: async (reads: ReturnType<typeof view>, text: string, signal?: AbortSignal): Promise<string> => {
        const cid = await cidOf(text)
        names.set(cid.toString(), text)
        let got = ''
        for await (const part of reads.get(cid, signal === undefined ? {} : { signal }))
          got += new TextDecoder().decode(part)
        return got
      }
    }
  }

  it('come from who brought the first, and from everybody where that one lacks one', async () => {
    const { asked, view, read } = peers(async (to, text) => (to === 'ann' && text === 'c' ? 'lacks' : 'sent'))
    const reads = view()
    for (const text of ['a', 'b', 'c', 'd']) assert.equal(await read(reads, text), text)
    assert.deepEqual(asked, ['all: a', 'ann: b', 'ann: c', 'all: c', 'ann: d'])
  })

  it('are asked of some alone first, where it is said of whom, and of none again that was silent', async () => {
    const { asked, view, read } = peers(async (to, _, signal) => (to === 'bob' ? ended(signal) : 'sent'))
    const whom = (name: string | undefined) => () => name as never
    const reads = view({ first: { peers: [whom(undefined), whom('bob'), whom('cleo')], eachMs: 50 } })
    for (const text of ['a', 'b']) assert.equal(await read(reads, text), text)
    assert.deepEqual(asked, ['bob: a', 'cleo: a', 'cleo: b'])
    const others = view({ first: { peers: [whom('bob')], eachMs: 50 } })
    for (const text of ['c', 'd']) assert.equal(await read(others, text), text)
    assert.deepEqual(asked.slice(3), ['bob: c', 'all: c', 'ann: d'])
  })

  it('are asked of everybody once somebody waits for them who asks nobody alone, whoever else asks so', async () => {
    const { asked, view, read } = peers(async (to, _, signal) => (to === 'bob' ? ended(signal) : 'sent'))
    const first = { peers: [() => 'bob' as never], eachMs: 3_600_000 }
    const [alone, too] = [view({ first }), view({ first })]
    const waiting = [read(alone, 'a'), read(too, 'a')]
    await until(() => asked.length === 1, 'it is asked for')
    assert.equal(await read(view(), 'a'), 'a')
    assert.deepEqual(await Promise.all(waiting), ['a', 'a'])
    assert.deepEqual(asked, ['bob: a', 'all: a'])
  })

  it('that pass are wanted until it is over, and none behind that', async () => {
    const { wanted, view, read } = peers(async () => 'sent')
    const reads = view({ passing: 'taken' })
    for (const text of ['a', 'b']) await read(reads, text)
    assert.deepEqual(wanted, ['a', 'b'])
    reads.end()
    assert.deepEqual(wanted, [])
    await read(reads, 'c')
    assert.deepEqual(wanted, [])
  })

  it('are asked for once by all readers of a node; that the first gives up ends nobody else', async () => {
    let arrive = (): void => undefined
    const { asked, view, read } = peers(async (_, __, signal) => {
      const arrived = new Promise<void>(resolve => {
        arrive = resolve
      })
      await Promise.race([arrived, ended(signal)])
      return 'sent'
    })
    const first = new AbortController()
    const one = assert.rejects(read(view(), 'a', first.signal))
    await until(() => asked.length === 1, 'it is asked for')
    const others = [read(view(), 'a'), read(view(), 'a')]
    first.abort(new Error('enough'))
    await one
    await until(() => asked.length === 2, 'it is asked for again')
    arrive()
    assert.deepEqual(await Promise.all(others), ['a', 'a'])
    assert.equal(asked.length, 2)
  })
})

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { DurableBlocks } from '../../../node/transport/blocks/durable.ts'
import { PassingBlocks } from '../../../node/transport/blocks/passing.ts'
import { directoryBlock, fileBlock, nodeBlock, rawBlock, symlinkBlock } from './dag.ts'
import type { Block } from './dag.ts'
import { startNode, stopNodes } from '../../harness/index.ts'
import type { TestNode } from '../../harness/index.ts'

describe('transport: files', () => {
  let author: TestNode, reader: TestNode, scratch: string
  const from = (): { maxBytes: number; providers: string[] } => ({
    maxBytes: 10_000_000,
    providers: [author.peers.self.address]
  })
  before(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'tilth-files-'))
    author = await startNode()
    reader = await startNode({ join: [author] })
    await reader.peers.ready(1, 20_000)
  })
  after(async () => {
    await stopNodes()
    await rm(scratch, { recursive: true, force: true })
  })

  async function folder(name: string, files: Record<string, string | Uint8Array>): Promise<string> {
    const path = join(scratch, name)
    for (const [file, content] of Object.entries(files)) {
      await mkdir(join(path, file, '..'), { recursive: true })
      await writeFile(join(path, file), content)
    }
    return path
  }

  it('a folder arrives as it was, and replaces what stood there', async () => {
    const weights = Uint8Array.from(randomBytes(2_500_000))
    const path = await folder('model', {
      'config.json': '{}',
      'model.safetensors': weights,
      'onnx/deep/graph.onnx': 'graph',
      empty: ''
    })
    const cid = await author.files.addDirectory(path)
    const target = join(scratch, 'got')
    await folder('got', { stale: 'old' })
    await reader.files.fetchDirectory(cid, target, from())
    assert.deepEqual((await readdir(target, { recursive: true })).sort(), [
      'config.json',
      'empty',
      'model.safetensors',
      'onnx',
      'onnx/deep',
      'onnx/deep/graph.onnx'
    ])
    assert.deepEqual(Uint8Array.from(await readFile(join(target, 'model.safetensors'))), weights)
    assert.deepEqual((await reader.files.list(cid, from())).map(({ path, size }) => `${path} ${size}`).sort(), [
      'config.json 2',
      'empty 0',
      'model.safetensors 2500000',
      'onnx/deep/graph.onnx 5'
    ])
    assert.deepEqual(
      (await readdir(scratch)).filter(name => name.includes('.new')),
      []
    )
  })

  it('the same bytes have the same CID on every node, as a file or from memory', async () => {
    const bytes = Uint8Array.from(randomBytes(1_500_000))
    const path = await folder('same', { 'b.bin': bytes, 'a.txt': 'a' })
    const cid = await author.files.addBytes(bytes)
    assert.equal(await reader.files.addFile(join(path, 'b.bin')), cid)
    assert.equal(await author.files.addDirectory(path), await reader.files.addDirectory(path))
    // A CID is a promise to every later version too.
    assert.equal(
      await author.files.addBytes(new TextEncoder().encode('tilth')),
      'bafkreiehgfil2oohvc74qakqkzv2a352w22xxchud7mjn5k5cmsxoydrvm'
    )
  })

  it('nothing is written when the folder is too large, missing or a file', async () => {
    const path = await folder('large', { a: randomBytes(60_000), b: randomBytes(60_000) })
    const cid = await author.files.addDirectory(path)
    const target = join(scratch, 'never')
    await assert.rejects(reader.files.fetchDirectory(cid, target, { ...from(), maxBytes: 119_999 }), {
      code: 'files.too-large'
    })
    await assert.rejects(reader.files.fetchDirectory(await author.files.addBytes(Uint8Array.of(1)), target, from()), {
      code: 'files.not-directory'
    })
    await assert.rejects(reader.files.fetchBytes(cid, from()), { code: 'files.not-file' })
    await assert.rejects(reader.files.fetchBytes('bafynonsense', from()), { code: 'files.cid' })
    const nobodyHas = rawBlock(randomBytes(10)).cid.toString()
    await assert.rejects(reader.files.fetchBytes(nobodyHas, { ...from(), signal: AbortSignal.timeout(300) }), {
      name: 'TimeoutError'
    })
    assert.ok(!(await readdir(scratch)).some(name => name.startsWith('never')))
  })

  it('links and empty folders are not published', async () => {
    const path = await folder('linked', { a: 'a' })
    await symlink('/etc/passwd', join(path, 'b'))
    await assert.rejects(author.files.addDirectory(path), { code: 'files.not-plain' })
    await mkdir(join(scratch, 'hollow'))
    await assert.rejects(author.files.addDirectory(join(scratch, 'hollow')), { code: 'files.empty' })
    await assert.rejects(author.files.addDirectory(join(scratch, 'absent')))
  })

  describe('from an author who lies', () => {
    let blocks: DurableBlocks
    before(() => {
      blocks = new DurableBlocks(join(author.directory, 'blocks'))
    })
    async function publish(root: Block, ...others: Block[]): Promise<string> {
      for (const { cid, bytes } of [root, ...others]) await blocks.put(cid, bytes)
      return root.cid.toString()
    }
    const leaf = rawBlock(new TextEncoder().encode('owned'))

    for (const name of [
      '../escape',
      '..',
      '.',
      '',
      '/tmp/escape',
      'a/../../escape',
      'a\\b',
      'nul\0',
      'x'.repeat(300)
    ]) {
      it(`a folder with an entry named ${JSON.stringify(name.slice(0, 20))} is refused`, async () => {
        const cid = await publish(
          directoryBlock([
            { name: 'ok', to: leaf.cid, size: 5 },
            { name, to: leaf.cid, size: 5 }
          ]),
          leaf
        )
        await assert.rejects(reader.files.fetchDirectory(cid, join(scratch, 'inner', 'victim'), from()), {
          code: 'files.bad-path'
        })
        assert.ok(!(await readdir(scratch, { recursive: true })).some(path => /escape|victim/.test(path)))
      })
    }

    it('a symbolic link in a folder is not made', async () => {
      const link = symlinkBlock('/etc/passwd')
      const cid = await publish(
        directoryBlock([
          { name: 'ok', to: leaf.cid, size: 5 },
          { name: 'link', to: link.cid, size: 5 }
        ]),
        leaf,
        link
      )
      await assert.rejects(reader.files.fetchDirectory(cid, join(scratch, 'victim'), from()), {
        code: 'files.not-plain'
      })
      assert.ok(!(await readdir(scratch)).includes('victim'))
    })

    it('a file that is longer than its root says brings no more than was asked for', async () => {
      const part = rawBlock(new Uint8Array(900_000).fill(7))
      const cid = await publish(
        fileBlock(
          Array.from({ length: 8 }, () => part.cid),
          10
        ),
        part
      )
      const length = await reader.files.fetchBytes(cid, { ...from(), maxBytes: 1000 }).then(
        bytes => bytes.length,
        (error: unknown) => (error instanceof TilthError ? error.code : String(error))
      )
      assert.ok(typeof length === 'number' ? length <= 1000 : length.startsWith('files.'), String(length))
    })

    it('a file of pieces that hold nothing, and has no end of them, is refused', async () => {
      // Each names the one below a hundred times, and says that it has a byte of each.
      const endless = async (last: Block): Promise<string> => {
        const nodes = [last]
        for (let depth = 0; depth < 6; depth++) {
          const [below] = nodes as [Block]
          nodes.unshift(
            fileBlock(
              Array.from({ length: 100 }, () => below.cid),
              100 ** depth
            )
          )
        }
        const [root, ...rest] = nodes as [Block, ...Block[]]
        return publish(root, ...rest)
      }
      for (const pin of [true, false])
        await assert.rejects(reader.files.fetchBytes(await endless(rawBlock(new Uint8Array())), { ...from(), pin }), {
          code: 'files.not-file',
          message: /pieces that hold nothing/
        })
      await assert.rejects(reader.files.fetchBytes(await endless(fileBlock([], 0)), { ...from(), maxBytes: 1_000 }), {
        code: 'files.too-large',
        message: /more parts than its bytes need/
      })
      const target = join(scratch, 'endless')
      const file = await endless(rawBlock(new Uint8Array()))
      const root = directoryBlock([{ name: 'file', to: CID.parse(file), size: 1 }])
      await assert.rejects(reader.files.fetchDirectory(await publish(root), target, from()), {
        code: 'files.too-large'
      })
    })

    it('behind a file that was refused, nothing is read on', async () => {
      // A hundred bytes, it says: each of its parts is as long as all of it, and in the end there is nothing.
      const nodes = [rawBlock(new Uint8Array())]
      for (let depth = 0; depth < 5; depth++) {
        const [below] = nodes as [Block]
        nodes.unshift(
          fileBlock(
            Array.from({ length: 100 }, () => below.cid),
            1
          )
        )
      }
      const [file, ...rest] = nodes as [Block, ...Block[]]
      const cid = await publish(directoryBlock([{ name: 'file', to: file.cid, size: 100 }]), file, ...rest)
      let read = 0
      const get = Reflect.get(PassingBlocks.prototype, 'get') as PassingBlocks['get']
      PassingBlocks.prototype.get = function (...of) {
        read++
        return get.apply(this, of)
      }
      try {
        const refused = { ...from(), pin: false }
        await assert.rejects(reader.files.fetchDirectory(cid, join(scratch, 'refused'), refused), {
          code: 'files.not-file',
          message: /pieces that hold nothing/
        })
        for (let i = 0; i < 200; i++) await setImmediate()
      } finally {
        PassingBlocks.prototype.get = get
      }
      assert.ok(read < 5_000, `${read} blocks were read`)
    })

    it('a file with a part that it says is empty, and nobody has, is not kept and holds up no removal', async () => {
      const nobodyHas = nodeBlock(randomBytes(20))
      const cid = await publish(fileBlock([nobodyHas.cid], 0))
      await assert.rejects(reader.files.fetchBytes(cid, from()), { code: 'files.unavailable' })
      assert.equal(await reader.files.has(cid), false)
      assert.equal((await reader.files.fetchBytes(cid, { ...from(), pin: false })).length, 0)
      assert.ok((await reader.files.collect()) !== undefined)
    })

    it('a folder that is nested for ever, or has no end of entries, is refused', async () => {
      let inner = directoryBlock([{ name: 'leaf', to: leaf.cid, size: 5 }])
      const chain = [inner]
      for (let depth = 0; depth < 40; depth++)
        chain.unshift(
          (inner = directoryBlock([
            { name: 'd', to: inner.cid, size: 5 },
            { name: 'e', to: inner.cid, size: 5 }
          ]))
        )
      const [root = inner, ...others] = chain
      const cid = await publish(root, leaf, ...others)
      await assert.rejects(reader.files.fetchDirectory(cid, join(scratch, 'victim'), from()), {
        code: 'files.too-large'
      })
    })

    it('random bytes behind a CID are no folder and no harm', async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 60 }), async bytes => {
          const cid = await publish(nodeBlock(bytes))
          const target = join(scratch, 'noise')
          const outcome = await reader.files.fetchDirectory(cid, target, from()).then(
            () => 'files.',
            (error: unknown) => (error instanceof TilthError ? error.code : String(error))
          )
          assert.match(outcome, /^files\./)
          await rm(target, { recursive: true, force: true })
        }),
        { numRuns: 10 }
      )
    })
  })

  describe('after a restart', () => {
    it('what was added or fetched is still there, without the author', async () => {
      const bytes = Uint8Array.from(randomBytes(300_000))
      const cid = await author.files.addBytes(bytes)
      await reader.files.fetchBytes(cid, from())
      const { directory, privateKey } = reader
      await reader.stop()
      await author.stop()
      reader = await startNode({ directory, privateKey })
      assert.equal(await reader.files.has(cid), true)
      assert.deepEqual(await reader.files.fetchBytes(cid, { maxBytes: 300_000 }), bytes)
      await reader.files.unpin(cid)
      assert.equal(await reader.files.has(cid), false)
    })
  })
})

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { shardOf } from '../../../protocol/data/files/index.ts'
import { openFile } from '../../../node/data/files/index.ts'
import type { FileContent } from '../../../node/data/files/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { scratch } from '../../harness/index.ts'
import { docx, paragraph, pdf } from '../../protocol/data/files/documents.ts'
import { encode, pair, parquetOf, texts } from '../../protocol/data/files/make-files.ts'

const rows = Array.from({ length: 5_000 }, (_, i) => pair(`Which is number ${i}?`, `It is ${i}`))
const limits = { maxRows: 10_000, maxBytes: 8 << 20 }

describe('files that a node reads', function () {
  this.timeout(120_000)
  let folder: string
  before(async () => {
    folder = await scratch('files')
  })
  const shard = async (content: FileContent): Promise<{ text: string; told: number[]; size: number }> => {
    const told: number[] = []
    const file = await openFile(content, { said: bytes => told.push(bytes) })
    try {
      return { text: (await shardOf(file, limits)).text, told, size: file.size }
    } finally {
      await file.close()
    }
  }

  it('are the same from disk and from a request, packed or not, and say how far they have come', async () => {
    const plain = encode(texts['rows.jsonl']?.(rows) ?? '')
    const expected = `${texts['rows.jsonl']?.(rows) ?? ''}\n`
    const files: [string, Uint8Array][] = [
      ['rows.jsonl', plain],
      ['rows.jsonl.gz', gzipSync(plain)],
      ['rows.csv', encode(texts['rows.csv']?.(rows) ?? '')],
      ['rows.parquet', parquetOf(rows, { rowGroupSize: 900 })]
    ]
    for (const [name, bytes] of files) {
      const path = join(folder, name)
      await writeFile(path, bytes)
      for (const content of [{ path }, { name, bytes }]) {
        const { text, told, size } = await shard(content)
        assert.equal(text, expected, name)
        assert.equal(told.at(-1), size, name)
      }
    }
  })

  it('are read in a process of their own when they are documents', async () => {
    const text = ['Q: Which metal is liquid?', 'A: Mercury']
    for (const [name, bytes] of [
      ['a.docx', docx(text.map(line => paragraph(line)).join(''))],
      ['a.pdf', pdf([text])]
    ] as const)
      assert.equal((await shard({ name, bytes })).text, '{"prompt":"Which metal is liquid?","response":"Mercury"}\n')
  })

  it('say what is wrong with them, from there too', async () => {
    await assert.rejects(shard({ name: 'a.parquet', bytes: parquetOf(rows).subarray(0, 900) }), {
      code: 'file.damaged'
    })
    await assert.rejects(shard({ name: 'a.pdf', bytes: encode('%PDF-1.4\nnothing') }), { code: 'file.damaged' })
    await assert.rejects(shard({ path: join(folder, 'absent') }), { code: 'file.read' })
    await assert.rejects(shard({ path: folder }), /is a folder/)
  })

  it('are given up when their parser does not come back', async () => {
    // A page tree that is its own child.
    const loop = pdf([['x']]).slice()
    const text = Buffer.from(loop).toString('latin1').replace('/Kids [4 0 R]', '/Kids [2 0 R]')
    const ended = await shard({ name: 'a.pdf', bytes: new Uint8Array(Buffer.from(text, 'latin1')) }).catch(
      (error: unknown) => error
    )
    assert.ok(ended instanceof TilthError, String(ended))
  })
})

import assert from 'node:assert/strict'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { pair, readWhole, rowOf } from './make-files.ts'

const rows = [pair('Fe?', 'Iron'), pair('Au?', 'Gold')]
const lines = rows.map(row => new TextEncoder().encode(`${JSON.stringify(row)}\n`))
const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
const skipped = joined(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0), lines[0]?.subarray(0, 4) ?? new Uint8Array())

describe('packed files as tools of others make them', () => {
  const same: [string, string, Uint8Array][] = [
    ['two gzip files that were joined', 'a.jsonl.gz', joined(...lines.map(line => gzipSync(line)))],
    ['gzip with a part that is empty', 'a.jsonl.gz', joined(gzipSync(''), ...lines.map(line => gzipSync(line)))],
    ['two zstd frames', 'a.jsonl.zst', joined(...lines.map(line => zstdCompressSync(line)))],
    ['zstd with a frame to skip', 'a.jsonl.zst', joined(skipped, zstdCompressSync(joined(...lines)))]
  ]
  for (const [what, name, bytes] of same)
    it(`are read: ${what}`, async () => {
      assert.deepEqual((await readWhole(name, bytes)).rows, rows.map(rowOf))
    })

  it('are damaged where any part of gzip is', async () => {
    const packed = joined(...lines.map(line => gzipSync(line)))
    const first = gzipSync(lines[0] ?? '').length
    // The sums of either part, its last byte, and what is after the end.
    for (const at of [first - 5, first - 2, packed.length - 5, packed.length - 2]) {
      const wrong = packed.map((byte, i) => (i === at ? byte ^ 1 : byte))
      await assert.rejects(readWhole('a.jsonl.gz', wrong), { code: 'file.damaged', message: /sums|ends|EOF|data/ })
    }
    for (const wrong of [packed.subarray(0, -1), joined(packed, lines[0] ?? new Uint8Array())])
      await assert.rejects(readWhole('a.jsonl.gz', wrong), { code: 'file.damaged', message: /: \w/ })
  })

  it('are not unpacked where each few bytes move megabytes of memory', async function () {
    // Each of these took minutes, or would not have ended.
    this.timeout(120_000)
    const frame = (window: number): number[] => [0x28, 0xb5, 0x2f, 0xfd, 0x00, window]
    /** Blocks of one byte that is said once; the last of a frame is marked. */
    const blocks = (count: number): Uint8Array => {
      const bytes = new Uint8Array(4 * count)
      for (let i = 0; i < count; i++) bytes.set([(1 << 1) | (1 << 3) | (i === count - 1 ? 1 : 0), 0, 0, 97], 4 * i)
      return bytes
    }
    // Windows of 128 MiB and 8 MiB; and one frame after another.
    for (const [window, count] of [
      [0x88, 16_384],
      [0x68, 262_144]
    ] as const)
      await assert.rejects(readWhole('a.zst', joined(Uint8Array.from(frame(window)), blocks(count))), {
        code: 'file.bomb',
        message: /pieces that are far smaller/
      })
    const frames = joined(...Array.from({ length: 20_000 }, () => joined(Uint8Array.from(frame(0x88)), blocks(1))))
    await assert.rejects(readWhole('a.zst', frames), { code: 'file.bomb' })
    // Many small blocks in a small window are what a log has that is written line by line.
    const { rows: none } = await readWhole('a.txt.zst', joined(Uint8Array.from(frame(0x08)), blocks(20_000))).catch(
      (error: unknown) => {
        assert.notEqual((error as { code: string }).code, 'file.bomb')
        return { rows: [] }
      }
    )
    assert.deepEqual(none, [])
  })

  it('are named where a dictionary is missing', async () => {
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x23, 7, 0, 0, 0, 0)
    await assert.rejects(readWhole('a.zst', frame), { code: 'file.format', message: /with a dictionary/ })
  })
})

describe('files that are none of rows', () => {
  const tar = new Uint8Array(1024)
  tar.set(new TextEncoder().encode('a.jsonl'))
  tar.set(new TextEncoder().encode('ustar'), 257)
  const others: [string, Uint8Array | string, RegExp][] = [
    ['a.tar', tar, /a tar archive/],
    ['a.tar.gz', gzipSync(tar), /a tar archive/],
    ['a.orc', 'ORC\u0001', /an ORC file/],
    ['a.parquet', 'PARE....PARE', /whose footer is encrypted/],
    ['a.html', '\n<!DOCTYPE html><p>Q: Fe?<p>A: Iron', /a web page/],
    ['a.xml', '<?xml version="1.0"?><q/>', /an XML document/],
    ['a.bin', new Uint8Array(5000), /it is no text/]
  ]
  for (const [name, bytes, what] of others)
    it(`are told by what they are: ${what.source}`, async () => {
      await assert.rejects(readWhole(name, bytes), { code: 'file.format', message: what })
    })

  it('are empty, whatever they are called', async () => {
    for (const name of ['a.jsonl', 'a.csv', 'a.parquet', 'a.md', ''])
      assert.deepEqual((await readWhole(name, '')).places, [], name)
    const none = new Uint8Array(parquetWriteBuffer({ columnData: [{ name: 'prompt', data: [] as string[] }] }))
    assert.deepEqual((await readWhole('a.parquet', none)).places, [])
  })
})

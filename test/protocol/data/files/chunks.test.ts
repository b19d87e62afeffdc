import assert from 'node:assert/strict'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { gunzip, unzstd } from '../../../../protocol/data/files/containers/compressed.ts'
import { csv } from '../../../../protocol/data/files/containers/csv.ts'
import { jsonArray } from '../../../../protocol/data/files/containers/json-array.ts'
import { jsonLines } from '../../../../protocol/data/files/containers/json-lines.ts'
import { toUtf8 } from '../../../../protocol/data/files/containers/utf8.ts'
import type { Found } from '../../../../protocol/data/files/index.ts'
import { encodings, encode, pair, texts } from './make-files.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}
const values = async (found: AsyncGenerator<Found[]>): Promise<unknown[]> => {
  const all: unknown[] = []
  for await (const some of found) all.push(...some.map(one => ('value' in one ? one.value : one.fault.code)))
  return all
}

const rows = fc.array(fc.record({ prompt: fc.string({ unit: 'grapheme' }), response: fc.string() }), {
  maxLength: 8,
  minLength: 1
})
const written = (name: string, made: readonly ReturnType<typeof pair>[]): string => texts[name]?.(made) ?? ''
const step = fc.integer({ min: 1, max: 9 })

describe('a stream of bytes, wherever it is cut', () => {
  it('is the same lines and the same elements of an array', async () => {
    await fc.assert(
      fc.asyncProperty(rows, step, async (made, size) => {
        const expected = JSON.parse(JSON.stringify(made)) as unknown[]
        const lines = encode(written('windows.jsonl', made))
        assert.deepEqual(await values(jsonLines(inPieces(lines, size))), expected)
        for (const name of ['rows.json', 'pretty.json'])
          assert.deepEqual(await values(jsonArray(inPieces(encode(written(name, made)), size))), expected)
      })
    )
  })

  it('is the same records of CSV', async () => {
    const cell = fc.stringMatching(/^[a-z",\n é€𝄞]{1,12}$/u).map(made => `x${made}`)
    const table = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(table, step, async (cells, size) => {
        const made = cells.map(([prompt, response]) => pair(prompt, response))
        for (const name of ['rows.csv', 'windows.csv']) {
          const bytes = encode(written(name, made))
          const { found } = await csv(inPieces(bytes, size), 'UTF-8', { isTabbed: false, hasHeader: true })
          assert.deepEqual(await values(found), made)
        }
      })
    )
  })

  it('is the same text in UTF-8 from every encoding', async () => {
    const text = fc
      .string({ unit: 'grapheme', minLength: 1 })
      .filter(made => made.isWellFormed() && !made.includes('\0'))
    await fc.assert(
      fc.asyncProperty(text, fc.constantFrom(...Object.keys(encodings)), step, async (made, encoding, size) => {
        const { chunks } = await toUtf8(inPieces(encodings[encoding]?.(made) ?? encode(made), size))
        const parts: Uint8Array[] = []
        for await (const part of chunks) parts.push(part)
        assert.equal(
          Buffer.concat(parts)
            .toString('utf8')
            .replace(/^\ufeff/, ''),
          made.replace(/^\ufeff/, '')
        )
      })
    )
  })

  it('is unpacked to the same', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 500 }), async (bytes, size) => {
        for (const unpack of [
          gunzip(inPieces(gzipSync(bytes), size)),
          unzstd(inPieces(zstdCompressSync(bytes), size))
        ]) {
          const parts: Uint8Array[] = []
          for await (const part of unpack) parts.push(part)
          assert.deepEqual(new Uint8Array(Buffer.concat(parts)), bytes)
        }
      }),
      { numRuns: 50 }
    )
  })
})

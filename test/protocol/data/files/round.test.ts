import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { lineOf, shardOf, readFile, sourceOfBytes } from '../../../../protocol/data/files/index.ts'
import { encodings, packings, pair, parquetOf, readWhole, rowOf, texts, withoutMark } from './make-files.ts'

/** Text that a row may have: it shows something, and ends no row by itself. */
const text = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
  .map(made => `x${made.replaceAll('\r', ' ').replaceAll('\0', '')}x`)
  .filter(made => made.isWellFormed())
const rows = fc.array(fc.record({ prompt: text, response: text }), { minLength: 1, maxLength: 30 })

describe('a file of rows', () => {
  for (const [name, write] of Object.entries(texts))
    it(`reads back as it was written: ${name}, in each encoding and packing`, async () => {
      await fc.assert(
        fc.asyncProperty(
          rows,
          fc.constantFrom(...Object.entries(encodings)),
          fc.constantFrom(...Object.entries(packings)),
          async (made, [, encoded], [ending, pack]) => {
            const { rows, problems } = await readWhole(`${name}${ending}`, pack(encoded(write(made))))
            assert.deepEqual(problems, [])
            assert.deepEqual(rows, made.map(rowOf))
          }
        ),
        { numRuns: 30 }
      )
    })

  it('reads back as it was written: Parquet, with pages and row groups of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        rows,
        fc.constantFrom('SNAPPY' as const, 'UNCOMPRESSED' as const),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(60, 400, 1 << 20),
        async (made, codec, rowGroupSize, pageSize) => {
          const bytes = parquetOf(made, { codec, rowGroupSize, pageSize })
          const { rows, problems } = await readWhole('rows.parquet', bytes)
          assert.deepEqual(problems, [])
          assert.deepEqual(rows, made.map(rowOf))
        }
      ),
      { numRuns: 60 }
    )
  })

  it('is told from its bytes, whatever it is called', async () => {
    const made = [pair('Which metal is liquid?', 'Mercury'), pair('Which gas is lightest?', 'Hydrogen')]
    for (const [name, write] of Object.entries(texts)) {
      const { rows } = await readWhole('', write(made))
      assert.deepEqual(rows, made.map(rowOf), name)
    }
    assert.deepEqual((await readWhole('', parquetOf(made))).rows, made.map(rowOf))
    for (const encoded of Object.values(withoutMark))
      assert.deepEqual((await readWhole('a.jsonl', encoded(texts['rows.jsonl']?.(made) ?? ''))).rows, made.map(rowOf))
  })

  it('gives the same shard from every container', async () => {
    const made = Array.from({ length: 50 }, (_, i) => pair(`Which is number ${i}, "it\n${i}"?`, `It; is, ${i}\t“so”`))
    const shards = new Set<string>()
    const files = Object.entries(texts).map(([name, write]) => [name, Buffer.from(write(made))] as const)
    for (const [name, bytes] of [...files, ['rows.parquet', parquetOf(made)] as const]) {
      const file = await readFile(sourceOfBytes(name, bytes))
      shards.add((await shardOf(file, { maxRows: 100, maxBytes: 1 << 20 })).text)
    }
    assert.deepEqual([...shards], [made.map(row => `${lineOf(rowOf(row))}\n`).join('')])
  })
})

describe('files that people stumbled over', () => {
  const folder = join(import.meta.dirname, 'cases')
  it('are the rows that they plainly are', async () => {
    const found: Record<string, number> = {}
    for (const name of readdirSync(folder).sort()) {
      const { rows, problems } = await readWhole(name, readFileSync(join(folder, name)))
      assert.deepEqual(problems, [], name)
      found[name] = rows.length
    }
    assert.deepEqual(found, {
      'alpaca.jsonl': 2,
      'array.json': 2,
      'bom-crlf.jsonl': 3,
      'extra-columns.jsonl': 2,
      'sharegpt.jsonl': 1
    })
  })
})

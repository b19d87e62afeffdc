import fc from 'fast-check'
import { parseHeldOut, parseShard } from '../../../protocol/data/index.ts'
import { isCostly } from '../../../protocol/data/files/index.ts'
import { docx, paragraph, pdf, table } from '../../protocol/data/files/documents.ts'
import { encode, encodings, packings, pair, parquetOf, readWhole, texts } from '../../protocol/data/files/make-files.ts'
import { casesOf, target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { wrongJson } from '../kit/wrong-json.ts'
import { bytesOf } from './wire.ts'

// Files of rows in every container, encoding and packing, with something wrong in their rows or in their bytes; and
// shards, which are what contributions are made of.

const word = fc.oneof(
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.constantFrom('Fe', 'iron', 'a, b', '"c"', 'Q: d\nA: e')
)
const rows = fc.array(
  fc.tuple(word, word).map(([prompt, response]) => pair(prompt, response)),
  {
    minLength: 1,
    maxLength: 4
  }
)

/** Parsers of large libraries run where they can be ended: not in the main thread, so a second is no fault. */
const apartMs = 1_000

const reading = (name: string, good: fc.Arbitrary<Uint8Array>, encoding?: string): Target =>
  target({
    name: encoding === undefined ? `the file ${name}` : `the file ${name} in ${encoding}`,
    cases: casesOf(good, wrongBytes(good)),
    // Rows of any words: some are none.
    takesGood: false,
    async read(bytes: Uint8Array) {
      return readWhole(name, bytes)
    },
    weight: 8,
    ...(['.gz', '.zst', '.parquet', '.docx', '.pdf'].some(ending => name.endsWith(ending)) ? { mostMs: apartMs } : {})
  })

const text = Object.entries(texts).flatMap(([name, write]) =>
  Object.entries(encodings).map(([encoding, encoded]) =>
    reading(
      name,
      rows.map(all => encoded(write(all))),
      encoding
    )
  )
)
const packed = Object.entries(packings)
  .filter(([ending]) => ending !== '')
  .map(([ending, pack]) => ({
    name: `rows.jsonl${ending}`,
    good: rows.map(all => pack(encode(all.map(row => JSON.stringify(row)).join('\n'))))
  }))
const documents = [
  { name: 'rows.parquet', good: rows.map(all => parquetOf(all)) },
  {
    name: 'rows.docx',
    good: rows.map(all =>
      docx(all.map(row => paragraph(`Q: ${row.prompt}`) + paragraph(`A: ${row.response}`)).join(''))
    )
  },
  { name: 'table.docx', good: rows.map(all => docx(table(all.map(row => [row.prompt, row.response])))) },
  { name: 'rows.pdf', good: rows.map(all => pdf([all.flatMap(row => [`Q: ${row.prompt}`, `A: ${row.response}`])])) }
]

/** JSON in any of its forms whose rows are wrong in their values. */
const wrongRows = target({
  name: 'rows of JSON with wrong values',
  cases: fc.tuple(wrongJson(rows), fc.constantFrom('a.json', 'a.jsonl')).map(([value, name]) => ({
    isGood: false,
    input: {
      name,
      bytes:
        name === 'a.json' || !Array.isArray(value)
          ? bytesOf(value)
          : encode(value.map(row => JSON.stringify(row)).join('\n'))
    }
  })),
  read: ({ name, bytes }: { name: string; bytes: Uint8Array }) => readWhole(name, bytes),
  weight: 4
})

const shard = rows.map(all => encode(all.map(row => JSON.stringify(row)).join('\n')))
const shards = (name: string, read: (bytes: Uint8Array) => unknown): Target =>
  target({ name, cases: casesOf(shard, wrongBytes(shard)), takesGood: false, read, weight: 2 })

export const fileTargets: readonly Target[] = [
  ...text,
  ...[...packed, ...documents].map(({ name, good }) => reading(name, good)),
  wrongRows,
  shards('a shard', bytes => parseShard(bytes)),
  shards('held-out questions', bytes => parseHeldOut(bytes)),
  target({
    name: 'the first bytes of a file',
    cases: fc.uint8Array({ maxLength: 32 }).map(input => ({ isGood: true, input })),
    read: (bytes: Uint8Array) => isCostly(bytes)
  })
]

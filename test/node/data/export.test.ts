import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cardOf, exportedRows, jsonlOf, llamaFactoryInfo, parquetOf, tallyOf } from '../../../node/data/export/index.ts'
import type { CardFacts } from '../../../node/data/export/index.ts'
import type { AcceptedRow, DataService } from '../../../node/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { pageOf } from '../../../protocol/primitives/index.ts'
import { readWhole } from '../../protocol/data/files/make-files.ts'

const hash = (i: number): Hex => `0x${String(i).padStart(64, '0')}`
const account = (i: number): Hex => `0x${String(i).padStart(40, '0')}`
const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }).map(made => `x${made.replaceAll('\0', '')}`)
const accepted = fc.array(fc.tuple(text, text, fc.boolean(), fc.nat(3)), { minLength: 1, maxLength: 40 }).map(made =>
  made.map(([asks, answers, hasSystem, who], row): AcceptedRow => ({
    contribution: hash(who),
    contributor: account(who),
    row,
    line: row + 1,
    messages: [
      ...(hasSystem ? [{ role: 'system' as const, content: 'Be brief.' }] : []),
      { role: 'user', content: asks },
      { role: 'assistant', content: answers }
    ]
  }))
)

/** A node that has these rows in version 3, a few to a page. */
const dataOf = (rows: readonly AcceptedRow[]): Pick<DataService, 'acceptedRows'> => ({
  acceptedRows: async (_datanet, { cursor, version = 3 } = {}) => {
    assert.equal(version, 3)
    const page = { limit: 7, ...(cursor === undefined ? {} : { cursor }) }
    return { ...pageOf(rows, page, ({ row }) => String(row)), version, total: rows.length }
  }
})
const facts: CardFacts = {
  id: hash(7),
  host: account(9),
  version: 3,
  root: hash(8),
  rules: {
    name: 'Birds: of "the" |north|',
    description: 'What they\nsing',
    licence: 'CC-BY-4.0',
    languages: ['en', 'pt-BR', 'pt'],
    tags: ['birds', 'songs'],
    minOwnShare: 500,
    validators: [{ address: account(1), weight: 1 }]
  },
  heldOut: 12,
  chainId: 31337
}

const bytesOf = async (parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> => {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all)
}

describe('an exported version', () => {
  it('is read back as the same rows, from JSONL and from Parquet', async () => {
    await fc.assert(
      fc.asyncProperty(accepted, async rows => {
        const expected = rows.map(({ messages }) => ({ messages }))
        const jsonl = await bytesOf(jsonlOf(exportedRows(dataOf(rows), hash(7), undefined)))
        assert.deepEqual((await readWhole('a.jsonl', jsonl)).rows, expected)
        const parquet = await bytesOf(parquetOf(exportedRows(dataOf(rows), hash(7), 3)))
        const read = await readWhole('a.parquet', parquet)
        assert.deepEqual(read.rows, expected)
        assert.deepEqual(read.mappings[0]?.unused, ['contributor', 'contribution', 'row'])
      }),
      { numRuns: 50 }
    )
  })

  it('of no rows is a file all the same', async () => {
    const none = await bytesOf(parquetOf(exportedRows(dataOf([]), hash(7), 3)))
    assert.deepEqual((await readWhole('a.parquet', none)).rows, [])
  })

  it('has a card with what the Hub asks for, and says who gave what', async () => {
    const rows = Array.from({ length: 1_500 }, (_, row): AcceptedRow => ({
      contribution: hash(row % 5),
      contributor: account(row % 3),
      row,
      line: row,
      messages: []
    }))
    const card = cardOf(facts, await tallyOf(exportedRows(dataOf(rows), hash(7), 3)))
    const [, yaml = '', body = ''] = card.split('---\n', 3)
    for (const line of [
      'pretty_name: "Birds: of \\"the\\" |north|"',
      'license: cc-by-4.0',
      '- "birds"',
      '- 1K<n<10K',
      '    path: data/train-*.parquet'
    ])
      assert.ok(yaml.split('\n').includes(line), line)
    assert.match(yaml, /\nlanguage:\n- "en"\n- "pt"\nlanguage_bcp47:\n- "pt-BR"\ntask_categories:/)
    assert.match(card, /1500 rows by 3 contributors: version 3/)
    assert.match(card, new RegExp(`\\| \`${account(0)}\` \\| 5 \\| 500 \\|`))
    assert.ok(body.includes('What they sing') && card.includes(hash(8)))
    assert.match(
      cardOf(
        { ...facts, rules: { ...facts.rules, licence: 'My own' } },
        await tallyOf(exportedRows(dataOf([]), hash(7), 3))
      ),
      /license: other\nlicense_name: "My own"/
    )
    assert.deepEqual(Object.keys(JSON.parse(llamaFactoryInfo('birds')) as object), ['birds'])
  })
})

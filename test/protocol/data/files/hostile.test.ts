import assert from 'node:assert/strict'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { zipSync } from 'fflate'
import { FileError, readFile, shardOf, sourceOfBytes } from '../../../../protocol/data/files/index.ts'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import { docx, paragraph, pdf, table } from './documents.ts'
import { encode, encodings, pair, parquetOf, readWhole, rowOf, texts } from './make-files.ts'

const good = JSON.stringify(pair('Which metal is liquid?', 'Mercury'))
const rows = Array.from({ length: 20 }, (_, i) => pair(`Which is ${i}?`, `That is ${i}`))

describe('what is wrong in a file', () => {
  it('is named by its line, with the others read: bytes that are no text', async () => {
    const bad = (before: string, after: string): Uint8Array =>
      Buffer.concat([encode(before), new Uint8Array([0xe9]), encode(after)])
    const lines = bad(`${good}\n{"prompt":"caf`, `","response":"x"}\n${good}`)
    const found = await readWhole('a.jsonl', lines)
    assert.deepEqual([found.codes, found.problems], [['not-utf8'], ['line 2: the line is no UTF-8 text']])
    assert.equal(found.rows.length, 2)
    assert.deepEqual((await readWhole('a.json', bad(`[${good},{"prompt":"caf`, `","response":"x"},${good}]`))).codes, [
      'not-utf8'
    ])
    const csv = await readWhole('a.csv', bad('prompt,response\na?,b\ncaf', ',x\nc?,d'))
    assert.deepEqual([csv.problems, csv.rows.length], [['line 3: the line is no UTF-8 text'], 2])
    const text = await readWhole('a.txt', bad('Q: Fe?\nA: Iron\nQ: caf', '?\nA: x\n'))
    assert.deepEqual(text.codes, ['not-utf8'])
    // Half of a character in UTF-16, and a last byte alone.
    const utf16 = Buffer.from(`\ufeff${good}\n{"prompt":"a\ud800b","response":"x"}\n${good}`, 'utf16le')
    const wide = await readWhole('a.jsonl', utf16)
    assert.deepEqual([wide.codes, wide.rows.length], [['not-utf8'], 2])
    assert.deepEqual((await readWhole('a.jsonl', utf16.subarray(0, utf16.length - 1))).codes, ['not-utf8', 'not-utf8'])
  })

  it('is named where a table does not fit, and where an array is cut short', async () => {
    const csv = await readWhole('a.csv', 'prompt,response\na?,b,c\nd?\n"g,\nh?",i\n"e?" x,f\n')
    assert.deepEqual(csv.rows, [rowOf(pair('g,\nh?', 'i'))])
    assert.deepEqual(csv.codes, ['fields', 'empty-text', 'quotes'])
    assert.deepEqual(csv.places, ['line 2', 'line 3', 'line 4', 'line 6'])
    const cut = await readWhole('a.json', `[${good}, {"prompt": "x`)
    assert.deepEqual([cut.rows.length, cut.problems], [1, ['row 2: the array ends in the middle of it']])
    assert.deepEqual((await readWhole('a.json', `[${good}, ${good}`)).rows.length, 2)
    assert.deepEqual((await readWhole('a.json', `[${good}] and more`)).codes, ['not-json'])
    assert.deepEqual((await readWhole('a.json', `[${good},,{"a" 1},${good}]`)).codes, ['not-json', 'not-json'])
  })

  it('is named where a file is none of rows', async () => {
    const kinds: [string, Uint8Array | string, RegExp][] = [
      ['a.xlsx', zipSync({ 'xl/workbook.xml': encode('<x/>') }), /an Excel workbook/],
      ['a.zip', zipSync({ 'rows.jsonl': encode(good) }), /a ZIP archive \(rows\.jsonl\)/],
      ['a.png', new Uint8Array([0x89, 0x50, 0x4e, 0x47, 1, 2]), /a PNG picture/],
      ['a.jsonl.gz.gz', gzipSync(gzipSync(good)), /packed twice/],
      ['a.txt', new Uint8Array([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0]), /UTF-32/]
    ]
    for (const [name, bytes, says] of kinds)
      await assert.rejects(
        readWhole(name, bytes),
        (error: FileError) => error instanceof FileError && says.test(error.message),
        name
      )
  })

  it('is named where it was cut or damaged, in every container', async () => {
    const files: [string, Uint8Array][] = [
      ['a.jsonl.gz', gzipSync(texts['rows.jsonl']?.(rows) ?? '')],
      ['a.jsonl.zst', zstdCompressSync(texts['rows.jsonl']?.(rows) ?? '')],
      ['a.parquet', parquetOf(rows)],
      ['a.docx', docx(rows.map(row => paragraph(`Q: ${row.prompt}`) + paragraph(`A: ${row.response}`)).join(''))]
    ]
    for (const [name, bytes] of files) {
      assert.equal((await readWhole(name, bytes)).rows.length, 20, name)
      // The list at the end of an archive is not needed.
      for (const length of name === 'a.docx' ? [bytes.length >> 1] : [bytes.length >> 1, bytes.length - 6])
        await assert.rejects(
          readWhole(name, bytes.subarray(0, length)),
          (error: FileError) => error instanceof FileError && error.code === 'file.damaged',
          `${name} of ${length}`
        )
    }
  })

  it('never throws anything but words, whatever the bytes are', async () => {
    const heads = [
      [],
      [0x1f, 0x8b, 8],
      [0x28, 0xb5, 0x2f, 0xfd],
      [0x50, 0x41, 0x52, 0x31],
      [0x50, 0x4b, 3, 4],
      [0xff, 0xfe],
      [0x5b],
      [0x7b, 0x22]
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...heads),
        fc.uint8Array({ maxLength: 400 }),
        fc.constantFrom('', 'a.jsonl', 'a.json', 'a.csv', 'a.tsv', 'a.md', 'a.txt'),
        async (head, tail, name) => {
          await readWhole(name, new Uint8Array([...head, ...tail])).catch((error: unknown) => {
            assert.ok(error instanceof TilthError, String(error))
          })
        }
      ),
      { numRuns: 400 }
    )
  })

  it('never throws anything but words when one byte of a good file is another', async () => {
    const parquet = parquetOf(rows)
    for (let at = 0; at < parquet.length; at += 3)
      for (const byte of [0, 0x19, 0x80, 0xff]) {
        const other = parquet.slice()
        other[at] = byte
        await readWhole('a.parquet', other).catch((error: unknown) => {
          assert.ok(error instanceof TilthError, String(error))
        })
      }
    const made: [string, Uint8Array][] = [
      ['a.docx', docx(paragraph('Q: a') + paragraph('A: b'))],
      ['a.zst', zstdCompressSync(texts['rows.jsonl']?.(rows) ?? '')],
      ['a.csv', encodings['UTF-16 LE']?.(texts['rows.csv']?.(rows) ?? '') ?? encode('')]
    ]
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...made),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        async ([name, bytes], at, byte) => {
          const other = bytes.slice()
          other[at % other.length] = byte
          await readWhole(name, other).catch((error: unknown) => {
            assert.ok(error instanceof TilthError, String(error))
          })
        }
      ),
      { numRuns: 400 }
    )
  })
})

describe('files that are made to hurt', () => {
  const bomb = (error: FileError): boolean => error instanceof InvalidError && error.code === 'file.bomb'

  it('do not unpack to their end', async () => {
    const zeros = Buffer.alloc(96 << 20)
    await assert.rejects(readWhole('a.jsonl.gz', gzipSync(zeros)), bomb)
    await assert.rejects(readWhole('a.jsonl.zst', zstdCompressSync(zeros)), bomb)
    await assert.rejects(
      readWhole('a.docx', zipSync({ 'word/document.xml': [new Uint8Array(16 << 20), { level: 6 }] })),
      bomb
    )
    // A window of two gigabytes.
    await assert.rejects(readWhole('a.zst', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0])), bomb)
  })

  it('have one line, one element or one quoted field without an end', async () => {
    const endless = 'x'.repeat(3 << 20)
    for (const [name, text] of [
      ['a.jsonl', `${good}\n{"prompt":"${endless}`],
      ['a.json', `[${good},{"prompt":"${endless}`],
      ['a.csv', `prompt,response\na?,b\n"${endless}`]
    ] as const) {
      const { rows, codes } = await readWhole(name, text)
      assert.deepEqual([rows.length, codes], [1, ['too-long']], name)
    }
  })

  it('nest without an end', async () => {
    const deep = '['.repeat(200_000)
    assert.deepEqual((await readWhole('a.jsonl', `${deep}\n${good}`)).rows.length, 1)
    await readWhole('a.json', deep)
  })

  it('say more rows than they have, in Parquet', async () => {
    const bytes = parquetOf(rows)
    const seen: string[] = []
    for (let i = bytes.length - 400; i < bytes.length - 8; i++) {
      // Twenty, as it is written there.
      if (bytes[i] !== 0x28) continue
      const other = bytes.slice()
      other[i] = 0x7e
      await readWhole('a.parquet', other).then(
        ({ rows }) => seen.push(`${rows.length}`),
        (error: FileError) => seen.push(error.code)
      )
    }
    assert.ok(seen.includes('file.damaged'), seen.join())
  })

  it('are read no further than matters', async () => {
    let read = 0
    const many = encode(`${good}\n`.repeat(200_000))
    const source = sourceOfBytes('a.jsonl', many)
    const file = await readFile({
      ...source,
      slice: async (from, to) => {
        read = Math.max(read, to)
        return source.slice(from, to)
      }
    })
    await assert.rejects(shardOf(file, { maxRows: 100, maxBytes: 1 << 20 }), { code: 'file.too-many-rows' })
    assert.ok(read < many.length / 20, `${read}`)
  })
})

describe('documents', () => {
  it('give the questions and answers in them', async () => {
    const expected = [rowOf(pair('Which metal is liquid?', 'Mercury & "others"')), rowOf(pair('And <gas>?', 'Helium'))]
    const written = docx(
      ['About', 'Q: Which metal is liquid?', 'A: Mercury & "others"', 'Q: And <gas>?', 'A: Helium']
        .map(text => paragraph(text))
        .join('')
    )
    const headed = docx(
      paragraph('Which metal is liquid?', 'Heading1') +
        paragraph('Mercury & "others"') +
        paragraph('And <gas>?', 'Heading2') +
        paragraph('Helium')
    )
    const tabled = docx(
      table([
        ['Question', 'Answer'],
        ['Which metal is liquid?', 'Mercury & "others"'],
        ['And <gas>?', 'Helium']
      ])
    )
    for (const bytes of [written, headed, tabled]) assert.deepEqual((await readWhole('a.docx', bytes)).rows, expected)
    const paged = pdf([
      ['About', 'Q: Which metal is liquid?', 'A: Mercury & "others"'],
      ['Q: And <gas>?', 'A: Helium']
    ])
    const found = await readWhole('a.pdf', paged)
    assert.deepEqual([found.rows, found.places], [expected, ['page 1', 'page 2']])
    await assert.rejects(readWhole('a.pdf', pdf([[]])), /has no text/)
  })
})

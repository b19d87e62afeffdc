import assert from 'node:assert/strict'
import { zstdCompressSync } from 'node:zlib'
import { frameGuard } from '../../../../protocol/data/files/containers/zstd-frames.ts'
import { docx, paragraph } from './documents.ts'
import { encode, pair, readWhole, rowOf } from './make-files.ts'

// Files of some hundred kilobytes whose lengths, multiplied, would take hours or all of a machine's memory.

const many = 100_000
const row = rowOf(pair('Fe?', 'Iron'))
const good = JSON.stringify(pair('Fe?', 'Iron'))

describe('files whose reading grows with what is read, and not with its square', () => {
  it('have few columns', async () => {
    const wide = Array.from({ length: 5000 }, () => 'a').join(',')
    for (const [name, text] of [
      ['a.csv', `question,answer,${wide}\n${'x\n'.repeat(many)}`],
      ['a.md', `| question | answer | ${wide.replaceAll(',', '|')} |\n|---|---|\n${'|x|\n'.repeat(1000)}`]
    ] as const)
      await assert.rejects(readWhole(name, text), { code: 'file.format', message: /500\d (fields|columns), .* 4096/ })
  })

  it('have many columns of one name, and short records', async () => {
    const names = `question,answer${',a'.repeat(4000)}`
    const { rows, codes } = await readWhole('a.csv', `${names}\nFe?,Iron\n${'x\n'.repeat(many)}`)
    assert.deepEqual([rows, codes.length, codes[0]], [[row], many, 'empty-text'])
    // Nor are those looked through again where none of them is a question.
    const none = await readWhole('a.csv', `messages${',b'.repeat(4000)}\n${'x\n'.repeat(20_000)}`)
    assert.equal(none.codes.length, 20_000)
  })

  it('have blanks before a quote, and quotes that nothing closes', async () => {
    const blank = ' '.repeat(many)
    const csv = await readWhole('a.csv', `question,answer\nFe?,Iron\nb, "${blank}"x\nc, "d"  \n`)
    assert.deepEqual([csv.rows, csv.codes], [[row], ['text-too-long', 'quotes']])
    const open = `{"a":"${'\\"'.repeat(many)}`
    for (const end of ['', ' 1234567890123456', ' NaN', '\\', '\\\r', '\\\u2028'])
      assert.deepEqual((await readWhole('a.jsonl', `${good}\n${open}NaN 12345678901234567${end}\n`)).codes, [
        'not-json'
      ])
    const tangled = `"${'x"'.repeat(many)}${blank},y\n`
    assert.deepEqual((await readWhole('a.csv', `question,answer\n${tangled}`)).codes, ['too-long'])
    const tabs = await readWhole('a.tsv', `question\tanswer\nFe?\tIron\n"${'\n'.repeat(many)}`)
    assert.deepEqual([tabs.rows, tabs.codes], [[row], ['empty-text']])
  })

  it('have blanks in lines of text', async () => {
    const blank = ' '.repeat(many)
    const lines = [`Q:${blank}x\rx`, `# a${blank}x${'#'.repeat(many)}x`, `${blank}x |`, `--${blank}x`]
    const { rows } = await readWhole('a.md', `Q: Fe?\nA: Iron\n${lines.join('\n')}\n`)
    assert.deepEqual(rows, [row])
    const headed = await readWhole('a.md', `## Fe? ##\n\nIron\n\n## Au?${blank}x\n\nGold\n\n## A #\nb\n`)
    assert.deepEqual(
      headed.rows.map(({ messages }) => messages[0]?.content.slice(0, 4)),
      ['Fe?', 'A']
    )
    const tabled = `| question | answer |\n|---|---|\n| Fe? | Iron |\n|--${blank}x|\n`
    assert.deepEqual((await readWhole('a.md', tabled)).rows, [row])
    await assert.rejects(readWhole('a.txt', '\n'.repeat((1 << 20) + 2)), { message: /1048576 lines/ })
  })

  it('have columns beside rows that have none of them', async () => {
    const columns = ['question', 'answer', ...Array.from({ length: 6000 }, (_, i) => `c${i}`)]
    const data = Array.from({ length: 17_000 }, () => [])
    const { codes } = await readWhole('a.json', JSON.stringify({ columns, data }))
    assert.deepEqual([codes.length, new Set(codes)], [17_000, new Set(['fields'])])
    const few = JSON.stringify({ columns: ['question', 'answer'], data: [['Fe?'], ['Fe?', 'Iron']] })
    const read = await readWhole('a.json', few)
    assert.deepEqual([read.rows, read.problems], [[row], ['row 1: it has 1 fields of 2']])
  })

  it('have one passage with many questions', async () => {
    const squad = (context: string, questions: number): string => {
      const qas = Array.from({ length: questions }, () => ({ question: 'Fe?', answers: [{ text: 'Iron' }] }))
      return JSON.stringify({ version: '2', data: [{ paragraphs: [{ context, qas }] }] })
    }
    await assert.rejects(readWhole('a.json', squad('x'.repeat(1 << 20), 20_000)), { code: 'file.bomb' })
    assert.deepEqual((await readWhole('a.json', squad('x'.repeat(3 << 20), 2))).codes, ['too-long', 'too-long'])
    assert.equal((await readWhole('a.json', squad('Of iron.', 300))).rows.length, 300)
  })

  it('have tags without an end in a document', async () => {
    for (const tag of ['<w:style >', '<w:style ']) {
      const body = paragraph('Q: Fe?') + paragraph('A: Iron')
      // What packs to nothing is refused for that: between the tags stands what packs to something.
      const noise = Array.from({ length: many }, (_, i) => `${tag}${(i * 7919) % 99_991}`).join('')
      const bytes = docx(body + noise.replaceAll('style', 'p'), { 'word/styles.xml': noise })
      assert.equal((await readWhole('a.docx', bytes)).rows.length, 1, tag)
    }
  })
})

describe('frames of zstd', () => {
  const joined = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts))
  const skipped = (bytes: number): Uint8Array =>
    joined(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18), sizeOf(bytes), new Uint8Array(bytes))
  const sizeOf = (bytes: number): Uint8Array => new Uint8Array(Uint32Array.of(bytes).buffer)
  // A window of two gigabytes.
  const greedy = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0xa8, 1, 0, 0)
  const packed = zstdCompressSync(encode(`${good}\n`))

  it('are looked at each, wherever they stand', async () => {
    for (const before of [skipped(4), skipped(400), joined(skipped(0), skipped(9), skipped(70_000)), packed])
      await assert.rejects(readWhole('a.zst', joined(before, greedy)), { code: 'file.bomb', message: /MiB of memory/ })
    // Half of a header that would ask for as much.
    const half = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0)
    await assert.rejects(readWhole('a.zst', joined(packed, half)), {
      code: 'file.damaged',
      message: /middle of a frame/
    })
  })

  it('have the largest window for 70 MB, and not for blocks of a byte', () => {
    /** One byte said so many times. */
    const block = (bytes: number): Uint8Array => {
      const head = (bytes << 3) | 2
      return Uint8Array.of(head & 255, (head >> 8) & 255, head >> 16, 0x61)
    }
    const moves = (bytes: number, times: number): void => {
      const guard = frameGuard()
      guard.took(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x88))
      for (let i = 0; i < times; i++) {
        guard.took(block(bytes))
        guard.gave(bytes)
      }
    }
    moves(128 << 10, Math.ceil(70_000_000 / (128 << 10)))
    assert.throws(() => moves(1, 600), { code: 'file.bomb', message: /far smaller/ })
  })

  it('are read, however many are skipped', async () => {
    const bytes = joined(skipped(400), packed, skipped(0), skipped(70_000), packed)
    assert.deepEqual((await readWhole('a.jsonl.zst', bytes)).rows, [row, row])
  })
})

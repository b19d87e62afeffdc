import assert from 'node:assert/strict'
import { mock } from 'node:test'
import fc from 'fast-check'
import { fileRow, heldOutSteps, maxLineBytes, parseHeldOut, parseShard } from '../../../protocol/data/index.ts'
import { bytesOf, jsonl } from './make.ts'

const good = '{"prompt":"p","response":"r"}'
const codes = (text: string): string[] =>
  parseShard(bytesOf(text)).map(line => ('code' in line ? `${line.line} ${line.code}` : `${line.line} ok`))

describe('data: a shard as lines', () => {
  it('reads both forms, LF and CRLF, a byte order mark and blank lines, and counts lines from 1', () => {
    assert.deepEqual(
      codes(
        `\ufeff${good}\r\n\r\n  \n{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}\n`
      ),
      ['1 ok', '4 ok']
    )
    const [first, second] = parseShard(
      bytesOf(`${good}\n{"messages":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}`)
    )
    assert.ok(first !== undefined && second !== undefined && 'row' in first && 'row' in second)
    assert.deepEqual(first.row, second.row)
  })

  it('names each wrong line by what is wrong with it, and takes the others', () => {
    const long = 'x'.repeat(8001)
    assert.deepEqual(
      codes(
        [
          'nonsense',
          '[]',
          '{"prompt":"p"}',
          '{"prompt":"p","response":"r","more":1}',
          '{"prompt":"","response":"r"}',
          '{"prompt":" \\u200b","response":"r"}',
          `{"prompt":"p","response":"${long}"}`,
          '{"prompt":"p","response":"\\ud800"}',
          '{"messages":[{"role":"assistant","content":"r"}]}',
          '{"messages":[{"role":"assistant","content":"r"},{"role":"user","content":"p"}]}',
          good
        ].join('\n')
      ),
      [
        '1 not-json',
        '2 not-a-row',
        '3 not-a-row',
        '4 not-a-row',
        '5 empty-text',
        '6 empty-text',
        '7 text-too-long',
        '8 bad-text',
        '9 no-answer',
        '10 no-answer',
        '11 ok'
      ]
    )
  })

  it('loses one row to a byte that is no UTF-8, and one to a line without end', () => {
    const bytes = new Uint8Array([...bytesOf(`${good}\n{"prompt":"`), 0xff, ...bytesOf(`","response":"r"}\n${good}`)])
    assert.deepEqual(
      parseShard(bytes).map(line => ('code' in line ? line.code : 'ok')),
      ['ok', 'not-utf8', 'ok']
    )
    assert.deepEqual(codes(`${'['.repeat(maxLineBytes + 1)}\n${good}`), ['1 too-long', '2 ok'])
  })

  it('finds the fault of a line without the schema, as the schema would', () => {
    const schema = mock.method(fileRow, 'safeParse')
    const bad = [
      '{"prompt":1}',
      '{"prompt":"","response":""}',
      '{"messages":[]}',
      '{"messages":[1]}',
      '[]',
      'x',
      '\ud800'
    ]
    try {
      const lines = parseShard(bytesOf(Array.from({ length: 20_000 }, (_, i) => bad[i % bad.length]).join('\n')))
      assert.equal(lines.length, 20_000)
      assert.ok(lines.every(line => 'code' in line))
      assert.equal(schema.mock.callCount(), 0)
      assert.deepEqual(codes(good), ['1 ok'])
      assert.equal(schema.mock.callCount(), 1)
    } finally {
      schema.mock.restore()
    }
    const text = fc.oneof(fc.constantFrom('', 'a', 'x'.repeat(8000), 'x'.repeat(8001)), fc.string({ minLength: 1 }))
    const turn = fc.record(
      { role: fc.constantFrom('system', 'user', 'assistant', 'tool'), content: text, more: fc.constant(1) },
      { requiredKeys: [] }
    )
    const near = fc.oneof(
      fc.record(
        { prompt: text, response: fc.oneof(text, fc.integer()), more: fc.constant(null) },
        { requiredKeys: [] }
      ),
      fc.record({ messages: fc.array(fc.oneof({ weight: 9, arbitrary: turn }, fc.jsonValue()), { maxLength: 34 }) }),
      fc.jsonValue()
    )
    const aside = new Set(['empty-text', 'bad-text', 'too-long'])
    fc.assert(
      fc.property(near, value => {
        const [line] = parseShard(bytesOf(JSON.stringify(value)))
        assert.ok(line !== undefined)
        if ('row' in line) assert.ok(fileRow.safeParse(value).success)
        else if (!aside.has(line.code)) assert.ok(!fileRow.safeParse(value).success, line.code)
      }),
      { numRuns: 500 }
    )
  })

  it('knows bytes that are no UTF-8 as a strict decoder does', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    const piece = fc.oneof(
      fc.constantFrom([0xef, 0xbf, 0xbd], [0xef], [0xef, 0xbf], [0xbd], [0xed, 0xa0, 0x80], [0xf0, 0x9f, 0x98, 0x80]),
      fc.uint8Array({ maxLength: 4 }).map(bytes => [...bytes])
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), pieces => {
        const bytes = Uint8Array.from([0x7b, ...pieces.flat().filter(byte => byte !== 0x0a), 0x7d])
        let good = true
        try {
          strict.decode(bytes)
        } catch {
          good = false
        }
        const [line] = parseShard(bytes)
        assert.equal(line !== undefined && 'code' in line && line.code === 'not-utf8', !good)
      }),
      { numRuns: 2000 }
    )
  })

  it('stops one line after as many as are allowed', () => {
    assert.equal(parseShard(bytesOf(`${good}\n`.repeat(100)), 10).length, 11)
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        parseShard(bytes)
      })
    )
    fc.assert(
      fc.property(fc.array(fc.json({ maxDepth: 3 }), { maxLength: 5 }), lines => {
        parseShard(bytesOf(lines.join('\n')))
      })
    )
  })

  it('gives back what was written', () => {
    const text = fc
      .string({ minLength: 1, maxLength: 50, unit: 'grapheme' })
      .filter(value => /[\p{L}\p{N}]/u.test(value))
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 10 }), rows => {
        assert.deepEqual(
          parseShard(jsonl(rows)).map(line =>
            'row' in line ? line.row.messages.map(({ content }) => content) : line.code
          ),
          rows
        )
      })
    )
  })

  it('takes held-out questions only when all are good', () => {
    assert.equal(parseHeldOut(bytesOf(good)).length, 1)
    assert.throws(() => parseHeldOut(bytesOf(`${good}\nnonsense`)), {
      code: 'held-out.invalid',
      details: { line: 2, code: 'not-json' }
    })
    assert.throws(() => parseHeldOut(bytesOf('\n')), { code: 'held-out.invalid' })
  })

  it('takes no more held-out questions than every validator can keep', () => {
    const spelt = (n: number): string =>
      n
        .toString(26)
        .padStart(5, '0')
        .replaceAll(/[0-9]/g, d => 'qrstuvwxyz'[Number(d)]!)
    const file = (words: number, tail = ''): Uint8Array =>
      bytesOf(
        Array.from({ length: words / 200 }, (_, i) =>
          JSON.stringify({
            prompt: Array.from({ length: 200 }, (__, k) => `q${spelt(200 * i + k)}${tail}`).join(' '),
            response: 'yes'
          })
        ).join('\n')
      )
    assert.equal(parseHeldOut(file(100_000)).length, 500)
    const tooMany = { code: 'held-out.invalid', message: /too many words/ }
    assert.throws(() => parseHeldOut(file(101_000)), { ...tooMany, details: { line: 501 } })
    assert.throws(() => parseHeldOut(file(40_000, 'a'.repeat(30))), tooMany)
    // Readers find what is refused to a founder.
    assert.throws(() => {
      for (const _ of heldOutSteps(file(101_000)));
    }, tooMany)
  })
})

import assert from 'node:assert/strict'
import type { PreviewView } from '../../../daemon/api/contract/data-views.ts'
import { applyEdits, checkFile, clip, lineText } from '../../../web-console/data/check/check.ts'
import { mergeChecks } from '../../../web-console/data/check/merge.ts'

const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const row = (prompt: string, response: string): string => JSON.stringify({ prompt, response })
const rules = { maxRows: 100, maxBytes: 20 << 20, uploadsPerContributor: 3, minOwnShare: 500, nearDuplicate: 500 }
const noEdits = new Map<number, string | null>()
const heldOut = [
  {
    messages: [
      { role: 'user' as const, content: 'What is the sky?' },
      { role: 'assistant' as const, content: 'Blue' }
    ]
  }
]
const check = (text: string | Uint8Array, edits: ReadonlyMap<number, string | null> = noEdits) =>
  checkFile({ bytes: typeof text === 'string' ? encode(text) : text, edits, rules, heldOut, uploads: 0 })

const messy = [
  row('Which bird sings at night?', 'The nightingale'),
  '',
  'no row',
  row('Which bird sings at night?', 'The nightingale'),
  row('What is the sky?', 'Blue'),
  row('How tall is an ostrich?', 'Some three metres')
].join('\n')

describe('a file checked in the browser', () => {
  it('has each problem on its line, with the line it repeats and the question it asks', () => {
    const { lines, own, accept, reason } = check(messy)
    assert.deepEqual(
      lines.map(({ line, code, repeats, question }) => [line, code, repeats, question]),
      [
        [1, 'own', undefined, undefined],
        [3, 'not-json', undefined, undefined],
        [4, 'duplicate', 1, undefined],
        [5, 'held-out', undefined, 0],
        [6, 'own', undefined, undefined]
      ]
    )
    assert.deepEqual([own, accept, reason], [2, true, undefined], 'half of what repeats nothing is good')
    assert.deepEqual([lines[0]?.asks, lines[0]?.answers], ['Which bird sings at night?', 'The nightingale'])
    assert.deepEqual([lines[1]?.asks, lines[1]?.answers], ['no row', null])
  })

  it('is judged again as it is mended, and keeps the numbers of its lines', () => {
    const edits = new Map([
      [3, row('Which bird lays blue eggs?', 'The robin')],
      [4, null],
      [5, null]
    ])
    const { lines, accept, own, text } = check(messy, edits)
    assert.deepEqual(
      lines.map(({ line, code }) => [line, code]),
      [
        [1, 'own'],
        [3, 'own'],
        [6, 'own']
      ]
    )
    assert.deepEqual([accept, own], [true, 3])
    assert.equal(text?.split('\n')[3], '')
    assert.equal(decode(applyEdits(encode('a\nb'), new Map([[1, 'x\ny']]))), 'x y\nb\n')
    assert.equal(lineText(encode('a\r\nb'), 1), 'a')
  })

  it('takes a row of ten megabytes, right-to-left text and script tags as text', () => {
    const hostile = [
      row('x'.repeat(10 << 20), 'too long'),
      row('<script>alert(1)</script> ما هو رمز الذهب؟', '\u202eAu'),
      row('Z\u0351\u036b\u0343algo', 'combining')
    ].join('\n')
    const { lines } = check(hostile)
    assert.deepEqual(
      lines.map(({ code }) => code),
      ['too-long', 'own', 'own']
    )
    assert.ok((lines[0]?.asks.length ?? 0) <= 600)
    assert.match(lines[1]?.asks ?? '', /^<script>/)
  })

  it('cannot travel where it is no UTF-8 text', () => {
    const bytes = new Uint8Array([...encode(`${row('Who?', 'Me')}\n`), 0x22, 0xff, 0x22])
    const { lines, text } = check(bytes)
    assert.deepEqual([lines[1]?.code, text], ['not-utf8', undefined])
    assert.notEqual(check(bytes, new Map([[2, null]])).text, undefined)
  })

  it('is refused whole for its size or its rows', () => {
    assert.equal(check(`${row('Who?', 'Me')}\n`.repeat(102)).reason, 'too-many-rows')
    const { reason, lines } = checkFile({
      bytes: encode(messy),
      edits: noEdits,
      rules: { ...rules, maxBytes: 5 },
      heldOut,
      uploads: 0
    })
    assert.deepEqual([reason, lines[0]?.code, lines[1]?.code], ['too-large', 'skipped', 'not-json'])
  })

  it('never ends a clipped text in half a character', () => {
    assert.equal(clip('ab😀', 3), 'ab')
    assert.equal(clip('ab', 3), 'ab')
  })
})

describe('what the daemon says of the same file', () => {
  const of = `0x${'ab'.repeat(32)}`
  const there = (lines: PreviewView['lines'], rest: Partial<PreviewView> = {}): PreviewView => ({
    accept: true,
    checks: [],
    rows: lines.length,
    own: 0,
    lines,
    uploads: 1,
    allowed: 3,
    compared: true,
    ...rest
  })
  it('is merged in by line, since it knows what was accepted before', () => {
    const judged = mergeChecks(
      check(messy),
      there([
        { line: 1, code: 'near-duplicate', of, row: 7 },
        { line: 3, code: 'not-json' },
        { line: 4, code: 'near-duplicate', of, row: 7 },
        { line: 5, code: 'held-out', question: 0 },
        { line: 6, code: 'own' }
      ])
    )
    assert.deepEqual(
      judged.lines.map(({ line, code, of, row, repeats }) => [line, code, of, row, repeats]),
      [
        [1, 'near-duplicate', of, 7, undefined],
        [3, 'not-json', undefined, undefined, undefined],
        [4, 'near-duplicate', of, 7, undefined],
        [5, 'held-out', undefined, undefined, undefined],
        [6, 'own', undefined, undefined, undefined]
      ]
    )
    assert.deepEqual([judged.own, judged.allowance, judged.compared], [1, { made: 1, allowed: 3 }, true])
  })

  it('leaves what was found here where the daemon did not look at the rows', () => {
    const skipped = [1, 3, 4, 5, 6].map(line => ({ line, code: 'skipped' }))
    const judged = mergeChecks(check(messy), there(skipped, { accept: false, reason: 'over-allowance' }))
    assert.deepEqual([judged.own, judged.accept, judged.reason], [2, false, 'over-allowance'])
  })
})

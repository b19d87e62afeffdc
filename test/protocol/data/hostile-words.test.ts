import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  HeldOut,
  RowIndex,
  WordIndex,
  answerKey,
  foldText,
  isSlip,
  parseShard,
  printRow,
  slipsBetween,
  variants
} from '../../../protocol/data/index.ts'
import type { Row, RowPrint, Slip } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'

// Rows are strangers' texts, compared in the main thread of whoever votes on them. What took the square of their length
// would not end here.

/** Many messages and one short answer: a row of questions has one answer, and any number of turns before it. */
const asking = (texts: readonly string[]): Row => ({
  messages: [...texts.map(content => ({ role: 'user' as const, content })), { role: 'assistant', content: 'yes' }]
})
/** Words of four letters that differ, and one more. */
const words = (count: number, last: string): string[] =>
  Array.from({ length: count }, (_, i) => {
    const at = (place: number): string => String.fromCharCode(98 + (Math.floor(i / 24 ** place) % 24))
    return `${at(0)}${at(1)}${at(2)}${at(3)}${last}`
  })
const inMessages = (list: readonly string[]): string[] =>
  Array.from({ length: Math.ceil(list.length / 1_300) }, (_, i) => list.slice(i * 1_300, (i + 1) * 1_300).join(' '))

/** As it is said: each word with the first that is left and a letter away. */
function oneByOne(mine: ReadonlySet<string>, theirs: ReadonlySet<string>): Slip[] | undefined {
  const left = [...theirs].filter(word => !mine.has(word))
  const slips: Slip[] = []
  for (const word of mine) {
    if (theirs.has(word)) continue
    const at = left.findIndex(other => isSlip(word, other))
    const [other] = at === -1 ? [] : left.splice(at, 1)
    if (other === undefined) return undefined
    slips.push({ mine: word, theirs: other })
  }
  return slips
}

describe('data: rows made to be slow', function () {
  this.timeout(120_000)
  it('find slips among many words as they are found one by one', () => {
    const word = fc
      .array(fc.constantFrom('a', 'b', 'c', '1'), { minLength: 3, maxLength: 7 })
      .map(list => list.join(''))
    fc.assert(
      fc.property(
        fc.uniqueArray(word, { minLength: 9, maxLength: 24 }),
        fc.infiniteStream(fc.nat()),
        (list, chance) => {
          const next = (below: number): number => (chance.next().value ?? 0) % below
          const other = list.map(text => {
            const at = next(text.length)
            const rest = text.slice(at + 1)
            return [
              text,
              `${text.slice(0, at)}x${rest}`,
              `${text.slice(0, at)}${rest}`,
              `${text.slice(0, at)}c${text.slice(at)}`,
              `${text.slice(0, at)}${rest.slice(0, 1)}${text.charAt(at)}${rest.slice(1)}`
            ][next(5)]!
          })
          const [mine, theirs] = [new Set(list), new Set(other.toReversed())]
          assert.deepEqual(slipsBetween(mine, theirs), mine.size === theirs.size ? oneByOne(mine, theirs) : undefined)
        }
      )
    )
  })

  it('compare rows of tens of thousands of words, each a letter away from one of the other', () => {
    const [mine, theirs] = [words(30_000, 'x'), words(30_000, 'w').toReversed()]
    assert.equal(slipsBetween(new Set(mine), new Set(theirs)), undefined, 'nobody slips so often')
    const some = words(64, 'w').toReversed()
    assert.equal(slipsBetween(new Set(mine), new Set([...mine.slice(64), ...some]))?.length, 64)
    const index = new RowIndex(0)
    index.add(printRow(asking(inMessages(mine))), { contribution: keccak('c1'), order: 1, row: 0 })
    assert.equal(index.near(printRow(asking(inMessages(theirs))), 2), undefined)
  })

  it('compare words that all are a letter away from all others', () => {
    const letters = (from: number, count: number): string[] =>
      Array.from({ length: count }, (_, i) => `${String.fromCodePoint(from + i)}bcde`)
    assert.equal(slipsBetween(new Set(letters(0x4e00, 64)), new Set(letters(0x7600, 64)))?.length, 64)
    // An accepted row is there once, however many of its words lead to it.
    const index = new RowIndex(0)
    const kept = letters(0x4e00, 10_000)
    index.add(printRow(asking(inMessages(kept))), { contribution: keccak('c1'), order: 1, row: 0 })
    const print = printRow(asking(inMessages([...letters(0x7600, 60), ...kept.slice(60)])))
    assert.equal(index.near(print, 2), undefined)
    assert.equal(index.near(print, 2, { anySlip: true })?.row, 0)
    assert.equal(index.near(printRow(asking(inMessages(kept.toReversed()))), 2)?.row, 0)
  })

  it('are held against none that lacks one of their words, wherever it stands, and against few that are unlike', () => {
    const shared = words(1_000, 'x')
    const print = (list: readonly string[]): RowPrint => printRow(asking(inMessages(list)))
    const index = new RowIndex(500)
    for (let row = 0; row < 8; row++)
      index.add(print([...shared, `own${'abcdefgh'[row]}`.repeat(2)]), {
        contribution: keccak('c1'),
        order: 1,
        row
      })
    assert.equal(index.near(print([...shared, 'nobodyhasthis']), 2), undefined)
    assert.equal(index.compared, 0)
    const found = new WordIndex<number>()
    found.add(shared, 'g', 1)
    assert.deepEqual(found.candidates([...shared, 'nobodyhasthis'], 'g'), [])
    assert.deepEqual(found.candidates(shared.toReversed(), 'g'), [1])
    assert.ok(found.looks < 60_000, `${found.looks} looks`)
    // All that they ask is there, each in another row.
    const wide = new RowIndex(500)
    for (let row = 0; row < 10; row++)
      wide.add(print([...shared.slice(row * 90, row * 90 + 100), ...words(901, 'yz')]), {
        contribution: keccak('c1'),
        order: 1,
        row
      })
    assert.equal(wide.near(print([...shared, 'wxyzv']), 2), undefined)
    assert.equal(wide.compared, 0)
  })

  it('are known in scripts without spaces, where a sentence is one word', () => {
    const sentence = 'กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทยตั้งแต่ปีใดและใครเป็นผู้ก่อตั้ง'
    assert.equal(printRow(asking([sentence])).words.size, 1)
    const questions = new HeldOut([asking(['What else?']), asking([sentence])])
    const leaks = (text: string): unknown => questions.leaks(printRow(asking([text])))
    for (let at = 0; at < sentence.length; at++) {
      const [before, after] = [sentence.slice(0, at), sentence.slice(at + 1)]
      for (const text of [before + after, `${before}ฮ${after}`, `${before}ฮ${sentence.slice(at)}`])
        if (/^\p{L}/u.test(text)) assert.equal(leaks(text), 1, text)
      const swapped = before + sentence.charAt(at + 1) + sentence.charAt(at) + sentence.slice(at + 2)
      if (/^\p{L}/u.test(swapped) && at + 1 < sentence.length) assert.equal(leaks(swapped), 1, swapped)
    }
    assert.equal(leaks(sentence.slice(2)), undefined)
    // Also where one of both is as long as words are that are found by each letter.
    for (const length of [40, 41, 42]) {
      const other = new HeldOut([asking([sentence.slice(0, length)])])
      for (let at = 1; at < length; at++) {
        const text = sentence.slice(0, at) + sentence.slice(at + 1, length)
        assert.equal(other.leaks(printRow(asking([text]))), 0, `${length} ${at}`)
      }
    }
  })

  it('take no room for what nobody slips in: words of thousands of letters', () => {
    const long = Array.from({ length: 31 }, (_, i) => `${'ab'.repeat(3_990)}${String.fromCharCode(97 + (i % 26))}${i}x`)
    const row = asking(long.map(text => text.replaceAll(/[0-9]/g, digit => 'qwertyuiop'[Number(digit)]!)))
    const index = new RowIndex(500)
    const print = printRow(row)
    index.add(print, { contribution: keccak('c1'), order: 1, row: 0 })
    assert.equal(index.exact(printRow(row), 2)?.order, 1)
    // One character that is written out as six: 16 KB of a sealed batch are a word of 32,000 letters.
    const questions = new HeldOut([asking(['\u3316'.repeat(5_400)])])
    assert.equal(questions.leaks(printRow(asking(['\u3316'.repeat(5_400)]))), 0)
    assert.equal(variants('c'.repeat(8_000)).size, 3)
    const [one, other] = [0, 1].map(i => new Set(long.map(text => `${text}${'yz'[i]}`.replaceAll(/[0-9]/g, 'q'))))
    assert.equal(slipsBetween(one!, other!), undefined, 'so many long ones are not held against one another')
  })

  it('are none where a letter has a thousand marks, which a tokenizer would put in order for minutes', () => {
    const row = (marks: number): string =>
      JSON.stringify({ prompt: `a${'\u0301\u0323'.repeat(marks / 2)}`, response: 'b' })
    const lines = parseShard(new TextEncoder().encode(`${row(4_000)}\n${row(30)}`))
    assert.deepEqual(
      lines.map(line => ('code' in line ? line.code : 'ok')),
      ['bad-text', 'ok']
    )
  })

  it('strip what stands around an answer, wherever else it stands', () => {
    const text = fc.array(fc.constantFrom('a', '.', '"', ' ', '!', '\u2026', '\u00ab', '-'), { maxLength: 12 })
    fc.assert(
      fc.property(text, list => {
        const said = list.join('')
        const folded = foldText(said)
        const expected = folded.replace(
          /^["'\u201c\u201d\u00ab\u00bb\s]+|["'\u201c\u201d\u00ab\u00bb\s.!?\u2026\u3002]+$/gu,
          ''
        )
        assert.equal(answerKey(said), expected || folded)
      })
    )
    const answer = `${'\u2026'.repeat(7_999)}x`
    for (let i = 0; i < 100; i++) assert.equal(answerKey(`${answer}${i}`), `${'.'.repeat(23_997)}x${i}`)
  })
})

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  HeldOut,
  RowIndex,
  answerKey,
  foldText,
  isSlip,
  mostSlipLetters,
  parseShard,
  printRow,
  slipsBetween,
  variants
} from '../../../protocol/data/index.ts'
import type { Row, Slip } from '../../../protocol/data/index.ts'
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
    const found = slipsBetween(new Set(mine), new Set(theirs))
    assert.equal(found?.length, 30_000)
    const index = new RowIndex(0)
    index.add(printRow(asking(inMessages(mine))), { contribution: keccak('c1'), order: 1, row: 0 })
    assert.equal(index.near(printRow(asking(inMessages(theirs))), 2), undefined, 'nobody has shown these to be slips')
  })

  it('compare words that all are a letter away from all others', () => {
    const letters = (from: number): string[] =>
      Array.from({ length: 10_000 }, (_, i) => `${String.fromCodePoint(from + i)}bcde`)
    assert.equal(slipsBetween(new Set(letters(0x4e00)), new Set(letters(0x7600)))?.length, 10_000)
    // An accepted row is there once, however many of its words lead to it.
    const index = new RowIndex(0)
    const kept = inMessages(letters(0x4e00))
    index.add(printRow(asking(kept)), { contribution: keccak('c1'), order: 1, row: 0 })
    const print = printRow(asking(inMessages(letters(0x7600))))
    assert.equal(index.near(print, 2), undefined)
    assert.equal(index.near(print, 2, { anySlip: true })?.row, 0)
    assert.equal(index.near(printRow(asking(kept.toReversed())), 2)?.row, 0)
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
    assert.equal(variants('c'.repeat(mostSlipLetters + 1)).size, 1)
    assert.equal(isSlip(`${'c'.repeat(mostSlipLetters)}d`, `${'c'.repeat(mostSlipLetters)}e`), false)
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

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  RowIndex,
  WordIndex,
  answerKey,
  contentWords,
  isSlip,
  minHash,
  printRow,
  shingles,
  similarity,
  slipsBetween,
  withUse
} from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import { heldOutOf, rowOf } from './make.ts'

const owner = (row: number, order = 1) => ({ contribution: keccak(`c${order}`), order, row })
/** Others that have the words in which the copies below have slips, and other answers. */
const others = ['tin', 'iron', 'lead', 'zinc', 'neon', 'argon', 'boron', 'radon', 'xenon', 'cobalt'].map(
  (element, i) => [`What is the atomic number of ${element}?`, String(100 + i)] as const
)
const find = (
  original: readonly [string, string],
  copy: readonly [string, string],
  accepted: readonly (readonly [string, string])[] = others
): 'exact' | 'near' | 'other' => {
  const index = new RowIndex(500)
  for (const [i, row] of [original, ...accepted].entries()) index.add(printRow(rowOf(...row)), owner(i))
  const print = printRow(rowOf(...copy))
  if (index.exact(print, 2) !== undefined) return 'exact'
  return index.near(print, 2) === undefined ? 'other' : 'near'
}
const gold = ['What is the atomic number of gold?', '79'] as const

describe('data: when two rows are the same', () => {
  const same: [string, string, string][] = [
    ['case and punctuation', 'WHAT IS THE ATOMIC NUMBER OF GOLD??', '79'],
    ['a contraction', "What's the atomic number of gold", '79'],
    ['a curly apostrophe', 'What\u2019s the atomic number of gold?', '79'],
    ['an article', 'What is an atomic number of gold?', '79'],
    ['a preposition', 'What is the atomic number for gold?', '79'],
    ['a filler', 'What, exactly, is the atomic number of gold?', '79'],
    ['fillers', 'Hello there, what is actually the atomic number of gold, precisely? Thanks in advance!', '79'],
    ['a lead-in', 'I would like to know this: what is the atomic number of gold? Thank you in advance.', '79'],
    ['another lead-in', 'Do you know what the atomic number of gold is, by the way?', '79'],
    ['politeness', 'Please tell me the atomic number of gold.', '79'],
    ['a possessive', "What is gold's atomic number?", '79'],
    ['a plural', 'What are the atomic numbers of gold?', '79'],
    ['a slip', 'What is the atomc number of gold?', '79'],
    ['swapped letters', 'What is the atomic nubmer of gold?', '79'],
    ['order', 'Of gold, what is the atomic number?', '79'],
    ['letters that look alike', 'What is the \u0430tomic number of gold?', '79'],
    ['unseen characters', 'What is the ato\u200bmic number of gold?', '79'],
    ['accents', 'What is the atomic number of g\u00f3ld?', '79'],
    ['wide letters', '\uff37\uff48\uff41\uff54 is the atomic number of gold?', '79'],
    ['a full stop in the answer', 'What is the atomic number of gold?', '79.'],
    ['quotes around the answer', 'What is the atomic number of gold?', '"79"']
  ]
  for (const [what, prompt, response] of same)
    it(`${what} makes no other row`, () => {
      assert.notEqual(find(gold, [prompt, response]), 'other')
    })

  it('a system turn before a copy makes no other row', () => {
    const index = new RowIndex(500)
    index.add(printRow(rowOf(...gold)), owner(0))
    const row = rowOf(...gold)
    assert.ok(
      index.near(printRow({ messages: [{ role: 'system', content: 'You are a chemist.' }, ...row.messages] }), 2) !==
        undefined
    )
  })

  const other: [string, readonly [string, string], readonly [string, string]][] = [
    ['another answer', gold, ['What is the atomic number of gold?', '80']],
    ['another number', ['What is 17 plus 4?', '21'], ['What is 18 plus 3?', '21']],
    ['a number one digit off', ['What happened in 10000?', 'nothing'], ['What happened in 10001?', 'nothing']],
    ['another thing', ['Is silver a metal?', 'yes'], ['Is copper a metal?', 'yes']],
    ['a short word that differs by a letter', ['What is a cat?', 'an animal'], ['What is a rat?', 'an animal']],
    ['not', ['Which metals are magnetic?', 'iron'], ['Which metals are not magnetic?', 'iron']],
    ['when for who', ['Who found radium?', 'Curie'], ['When was Curie told of radium?', 'Curie']],
    ['a sign', ['What is the charge of it, in short?', '-1'], ['What is the charge of it, in short?', '+1']],
    ['a decimal point', ['How much is it here?', '3.5'], ['How much is it here?', '35']],
    ['another wording', gold, ['How many protons does gold have?', '79']],
    ['a name one letter off', ['Which colour has the dofeba?', 'red'], ['Which colour has the dofebe?', 'red']],
    ['a greeting asked about', ['How do you say hello in Fula?', 'x'], ['How do you say hi in Fula?', 'x']],
    ['a lead-in asked about', ['Which metals do you know?', 'x'], ['Which metals?', 'x']],
    ['thanks asked about', ['Which word is thanks in Fula?', 'x'], ['Which word is in Fula?', 'x']],
    ['symbols only', ['\u{1f600}', 'a smile'], ['\u{1f622}', 'a smile']]
  ]
  for (const [what, a, b] of other)
    it(`${what} makes another row`, () => {
      assert.equal(find(a, b), 'other')
    })

  it('an exact copy is exact, also with other blanks', () => {
    assert.equal(find(gold, gold), 'exact')
    assert.equal(find(gold, ['  What is  the atomic number of gold? ', '79']), 'exact')
    assert.equal(find(gold, ['What is the atomic number of gold', '79']), 'near')
  })

  it('finds the earliest author, and none of later authorship', () => {
    const index = new RowIndex(500)
    const print = printRow(rowOf(...gold))
    index.add(print, owner(4, 7))
    index.add(print, owner(2, 3))
    assert.deepEqual(index.exact(print, 9), owner(2, 3))
    assert.deepEqual(index.near(print, 9), owner(2, 3))
    assert.equal(index.exact(print, 3), undefined)
    assert.equal(index.near(print, 3), undefined)
  })

  it('a threshold of 1000 forgives no slip', () => {
    const index = new RowIndex(1000)
    for (const [i, row] of [gold, ...others].entries()) index.add(printRow(rowOf(...row)), owner(i))
    assert.equal(index.near(printRow(rowOf('What is the atomc number of gold?', '79')), 2), undefined)
    assert.ok(index.near(printRow(rowOf('what is the atomic number of gold', '79')), 2) !== undefined)
  })

  it('the index finds what comparing all with all finds', () => {
    const word = fc.constantFrom(
      'metal',
      'metals',
      'mettal',
      'iron',
      'silver',
      'silevr',
      'sliver',
      'golden',
      'molten',
      '12',
      '13',
      'not',
      'heavy'
    )
    const prompt = fc.array(word, { minLength: 1, maxLength: 5 }).map(words => words.join(' '))
    fc.assert(
      fc.property(fc.array(prompt, { maxLength: 12 }), prompt, (all, asked) => {
        const index = new WordIndex<number>()
        const words = (text: string): Set<string> => new Set(contentWords(text))
        for (const [i, text] of all.entries()) index.add(words(text), '', i)
        const found = new Set(
          index.candidates(words(asked), '').filter(i => slipsBetween(words(asked), words(all[i] ?? '')) !== undefined)
        )
        const like = (text: string): boolean => slipsBetween(words(asked), words(text)) !== undefined
        assert.deepEqual(found, new Set(all.flatMap((text, i) => (like(text) ? [i] : []))))
      }),
      { numRuns: 300 }
    )
  })

  it("a slip counts only where the word is nobody's and the right one is a word that many rows have", () => {
    const slip = ['What is the atomc number of gold?', '79'] as const
    assert.equal(find(gold, slip), 'near')
    assert.equal(find(gold, slip, others.slice(0, 6)), 'other', 'the right word is in few rows')
    assert.equal(
      find(gold, slip, [...others, ['What is an atomc clock?', 'a clock']]),
      'other',
      'somebody has the word'
    )
    assert.equal(
      find(
        gold,
        slip,
        others.map(([prompt]) => [prompt, '100'])
      ),
      'other',
      'all say one thing of it, as of a name'
    )
    const index = new RowIndex(500)
    for (const [i, row] of [gold, ...others].entries()) index.add(printRow(rowOf(...row)), owner(i))
    const inFile = (word: string): number => (word === 'atomc' ? 2 : 0)
    assert.equal(index.near(printRow(rowOf(...slip)), 2, { inFile }), undefined, 'its own file has the word often')
    assert.equal(index.near(printRow(rowOf(...slip)), 1), undefined, 'what came later tells nothing')
  })

  it('of the uses of a word the first are kept, whatever order they are learnt in', () => {
    const use = fc.record({
      order: fc.integer({ min: 1, max: 60 }),
      row: fc.integer({ min: 0, max: 5 }),
      answer: fc.constant('a')
    })
    const unique = fc.uniqueArray(use, { maxLength: 120, selector: ({ order, row }) => `${order} ${row}` })
    fc.assert(
      fc.property(unique, all => {
        const kept = all.reduce<ReturnType<typeof withUse>>((uses, one) => withUse(uses, one), [])
        assert.deepEqual(kept, all.toSorted((a, b) => a.order - b.order || a.row - b.row).slice(0, 64))
      })
    )
  })

  it('slips are symmetric and one edit only', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 3, maxLength: 8 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        assert.equal(isSlip(a, b), isSlip(b, a))
      })
    )
    assert.ok(isSlip('hydrogen', 'hydrgen') && isSlip('hydrogen', 'hydrogne') && isSlip('hydrogen', 'hydragen'))
    assert.ok(!isSlip('hydrogen', 'hydrgn') && !isSlip('iron', 'irony2') && !isSlip('tin', 'ten'))
  })

  it('MinHash estimates the share of common shingles', () => {
    const words = Array.from(
      { length: 60 },
      (_, i) => `word${String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26))}`
    )
    const a = new Set(shingles(words.slice(0, 45)))
    const b = new Set(shingles(words.slice(15)))
    const truth = a.intersection(b).size / a.union(b).size
    assert.ok(Math.abs(similarity(minHash(a), minHash(b)) / 1000 - truth) < 0.12)
    assert.equal(similarity(minHash(a), minHash(a)), 1000)
  })

  it('an answer keeps what matters of it', () => {
    assert.equal(answerKey(' Ferrum. '), answerKey('ferrum'))
    assert.notEqual(answerKey('-5'), answerKey('5'))
    assert.notEqual(answerKey('C#'), answerKey('C'))
    assert.notEqual(answerKey('...'), answerKey('?'))
  })

  it('a row leaks a held-out question by its words in order, or by its words and answer', () => {
    const heldOut = heldOutOf([
      ['When was helium found?', '1868'],
      ['How do chemists write gold?', 'Au']
    ])
    const leaks = (prompt: string, response: string): number | 'hidden' | undefined =>
      heldOut.leaks(printRow(rowOf(prompt, response)))
    assert.equal(leaks('when was HELIUM found', '1868'), 0)
    assert.equal(leaks('When was helium found?', 'last week'), 0)
    assert.equal(leaks('How do chemists wriet gold', 'Au'), 1)
    assert.equal(leaks('Gold: how do chemists write it?', 'Au'), 1)
    assert.equal(leaks('Where was helium found?', 'in the Sun'), undefined)
    assert.equal(leaks('How do chemists write silver?', 'Ag'), undefined)
  })
})

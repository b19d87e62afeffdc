import assert from 'node:assert/strict'
import { differences } from '../../../web-console/data/row/differences.ts'

const marked = (a: string, b: string): string[] =>
  differences(a, b).map(side => side.map(({ text, same }) => (same ? text : `[${text}]`)).join(''))

describe('differences between two texts', () => {
  it('are the words that the other has not', () => {
    assert.deepEqual(marked('Which bird sings at night?', 'Which bird sings at dawn?'), [
      'Which bird sings at [night?]',
      'Which bird sings at [dawn?]'
    ])
    assert.deepEqual(marked('a b c d', 'b c x d'), ['[a ]b c d', 'b c[ x] d'])
    assert.deepEqual(marked('same', 'same'), ['same', 'same'])
    assert.deepEqual(marked('', 'new'), ['', '[new]'])
  })

  it('keep every letter, and take long texts without many comparisons', () => {
    const words = (from: number): string => Array.from({ length: 4_000 }, (_, i) => `w${i * from}`).join(' ')
    const [a, b] = [words(3), words(5)]
    const [left, right] = differences(a, b)
    assert.equal(left.map(({ text }) => text).join(''), a)
    assert.equal(right.map(({ text }) => text).join(''), b)
  })
})

import assert from 'node:assert/strict'
import { contentWords, mostAlike } from '../../../protocol/data/index.ts'

const words = (text: string): Set<string> => new Set(contentWords(text))
const elements = ['iron Fe', 'gold Au', 'tin Sn', 'uranium U', 'lead Pb']
const rows = [
  ...elements.map(element => words(`How is ${element.split(' ')[0]} written in short? ${element.split(' ')[1]}`)),
  words('What is the symbol of uranium? U'),
  words('Which bird sings at night? The nightingale')
]

describe('the rows most like a text', () => {
  it('are those that share its rare words, not what a template gives to all of them', () => {
    const found = mostAlike(words('How is uranium written in short? U'), rows, 3)
    assert.deepEqual(found.map(({ index }) => index).slice(0, 2), [3, 5])
    assert.ok((found[0]?.overlap ?? 0) >= 999)
    assert.ok((found[1]?.overlap ?? 0) > (found[2]?.overlap ?? 0))
  })

  it('leave out what shares nothing, and are no more than asked for', () => {
    const found = mostAlike(words('Which bird sings?'), rows, 10)
    assert.deepEqual(
      found.map(({ index }) => index),
      [6]
    )
    assert.equal(mostAlike(words('written'), rows, 2).length, 2)
    assert.deepEqual(mostAlike(words('zebra'), rows, 2), [])
    assert.deepEqual(mostAlike(words('zebra'), [], 2), [])
  })
})

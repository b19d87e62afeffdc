import assert from 'node:assert/strict'
import type { Row } from '../../../protocol/data/index.ts'
import { CandidateIndex } from '../../../protocol/payouts/index.ts'

const qa = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})
const ask = (question: string): Row['messages'] => [{ role: 'user', content: question }]
const indexOf = (owned: readonly (readonly Row[])[]): CandidateIndex => {
  const index = new CandidateIndex()
  for (const [player, rows] of owned.entries()) for (const row of rows) index.add(player, row)
  return index
}
const towns = ['Zorn', 'Velka', 'Brisk', 'Umdal', 'Tarno', 'Quell', 'Hasp', 'Ormu', 'Dask', 'Girra']
/** One player for each town, with what all of them say about theirs. */
const world = towns.map(town => [
  qa(`What is made in the town of ${town}?`, 'red wool'),
  qa(`Where is ${town}?`, 'In the north')
])

describe('candidates', () => {
  it('are the players whose rows name what is asked about, before those who say what everybody says', () => {
    const index = indexOf(world)
    assert.deepEqual(index.find(ask('Which goods come from the town of Umdal?'), 'red wool', 1), [3])
    assert.ok(index.find(ask('Is Girra in the north?'), 'Yes', 3).includes(9))
    // Also who says otherwise: wrong rows owe, too.
    assert.deepEqual(
      indexOf([...world, [qa('What is made in Umdal?', 'blue glass')]]).find(ask('Umdal?'), 'red wool', 2),
      [3, 10]
    )
  })

  it('are found by the answer as well as by the question', () => {
    const index = indexOf([...world, [qa('Which metal is liquid?', 'Mercury, also called quicksilver')]])
    assert.deepEqual(index.find(ask('Say it again'), 'Quicksilver.', 1), [10])
  })

  it('do not change because somebody floods the version with rows', () => {
    const spam = Array.from({ length: 3000 }, (_, i) => qa(`Umdal Zorn ${i % 7} ${i}?`, `made red wool ${i}`))
    const index = indexOf([...world, spam])
    assert.deepEqual(index.find(ask('What is made in Umdal?'), 'red wool', 2), [3, 10])
    assert.deepEqual(index.find(ask('What is made in Velka?'), 'red wool', 1), [1])
  })

  it('are at most so many, ties to who came first, with those that are always among them', () => {
    const same = Array.from({ length: 9 }, () => [qa('the colour of grass', 'green')])
    const index = indexOf(same)
    assert.deepEqual(index.find(ask('colour of grass'), 'green', 3), [0, 1, 2])
    assert.deepEqual(index.find(ask('colour of grass'), 'green', 3, [7]), [0, 1, 7])
    assert.deepEqual(index.find(ask('nothing of this kind'), 'unheard', 3), [])
    assert.deepEqual(index.find(ask(''), '', 3, [4]), [4])
  })

  it('stand still whatever is asked: long prompts, many words, words of other scripts, instructions before', () => {
    const index = indexOf(world)
    const many = Array.from({ length: 5000 }, (_, i) => `w${i}`).join(' ')
    const long = `${'word '.repeat(50_000)} ${many} What is made in Hasp?`
    assert.deepEqual(index.find(ask(long), 'red wool', 1), [6])
    assert.deepEqual(
      index.find([{ role: 'system', content: 'Zorn' }, ...ask('Quell')], '\u0645\u0631\u062d\u0628\u0627', 1),
      [5]
    )
  })

  it('are the same however rows are ordered within a player, and players come in their order', () => {
    const turned = world.map(rows => rows.toReversed())
    for (const town of towns)
      assert.deepEqual(
        indexOf(turned).find(ask(`What is made in ${town}?`), 'red wool', 4),
        indexOf(world).find(ask(`What is made in ${town}?`), 'red wool', 4)
      )
    const index = indexOf(world)
    assert.throws(() => index.add(2, qa('late', 'row')), { code: 'candidates.players' })
  })
})

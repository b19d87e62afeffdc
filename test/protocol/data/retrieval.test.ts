import assert from 'node:assert/strict'
import fc from 'fast-check'
import { RetrievalIndex, mostContextBytes, withContext } from '../../../protocol/data/index.ts'
import type { ChatMessage, Row } from '../../../protocol/data/index.ts'
import { mostInputTokens } from '../../../protocol/models/index.ts'

const qa = (question: string, answer: string): Row => ({
  messages: [
    { role: 'user', content: question },
    { role: 'assistant', content: answer }
  ]
})
const asks = (content: string): ChatMessage[] => [{ role: 'user', content }]
function indexOf(rows: readonly Row[]): RetrievalIndex {
  const index = new RetrievalIndex()
  for (const row of rows) index.add(row)
  return index
}

describe('rows before a question', () => {
  const rows = [
    qa('What is made in Kesra?', 'Wool is made there.'),
    qa('What is made in Tolan?', 'Copper wire.'),
    qa('Who rules Tolan?', 'A council of nine.'),
    qa('What is made in Tolan?', 'Copper wire.'),
    qa('Where does the river Ansel end?', 'In the salt lake.')
  ]

  it('are those about it, the best first, and what says the same comes once', () => {
    const index = indexOf(rows)
    assert.deepEqual(index.find(asks('What do they make in Tolan?'), 1), [1])
    const found = index.find(asks('What is made in Tolan?'), 8)
    assert.equal(found[0], 1)
    assert.deepEqual(
      found.toSorted((a, b) => a - b),
      [0, 1, 2]
    )
    assert.deepEqual(index.find(asks('Where does the Ansel end?'), 1), [4])
    assert.deepEqual(index.find(asks('How tall is a giraffe?'), 8), [])
  })

  it('do not grow in number or rank by being said again', () => {
    const index = indexOf([...rows, ...Array.from({ length: 500 }, () => qa('Who rules Kesra?', 'The miller.'))])
    assert.deepEqual(index.find(asks('Who rules Tolan?'), 1), [2])
    assert.equal(index.find(asks('Who rules Kesra?'), 8).filter(at => at >= rows.length).length, 1)
  })

  it('are not displaced by later ones that say the same more shortly, and are found among some', () => {
    const asked = asks('Tell me, what do the many people of Tolan make?')
    const long = qa('What is it that the many hard working people of Tolan make?', 'Copper wire.')
    const short = qa('What do people of Tolan make?', 'Copper wire')
    const index = indexOf([long, short])
    assert.deepEqual(index.find(asked, 8), [0])
    const turned = qa('What do people of Tolan make?', 'Wool')
    const other = qa('What do Tolan smiths make?', 'Copper wire')
    assert.deepEqual(indexOf([long, turned, other]).find(asked, 8).length, 3, 'who says something else is there')
    const among = indexOf([long, turned, other])
    assert.deepEqual(
      among.find(asked, 1, at => at !== 1),
      [0]
    )
    assert.deepEqual(
      among.find(asked, 8, at => at === 2),
      [2]
    )
  })

  it('are the same ones whatever copies come later', () => {
    const word = fc.constantFrom('copper', 'wool', 'salt', 'river', 'tower', 'miller', 'bridge', 'harbour', 'winter')
    const text = fc.array(word, { minLength: 1, maxLength: 8 }).map(words => words.join(' '))
    const copied = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 4 }))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 20 }),
        fc.array(copied, { maxLength: 40 }),
        text,
        fc.integer({ min: 1, max: 8 }),
        (pairs, copies, question, most) => {
          const all = pairs.map(([prompt, answer]) => qa(prompt, answer))
          const later = copies.map(([nth, less]) => {
            const [prompt = '', answer = ''] = pairs[nth % pairs.length] ?? []
            const words = [...new Set(prompt.split(' '))]
            return qa(words.slice(Math.min(less, Math.floor(words.length / 2))).join(' '), `${answer}.`)
          })
          assert.deepEqual(
            indexOf([...all, ...later]).find(asks(question), most),
            indexOf(all).find(asks(question), most)
          )
        }
      ),
      {
        numRuns: 300,
        examples: [
          [
            [
              ['winter wool bridge river copper', 'copper'],
              ['copper', 'copper'],
              ['copper winter bridge', 'copper']
            ],
            [[2, 1]],
            'copper',
            2
          ]
        ]
      }
    )
  })

  it('are not displaced by who says again, more shortly still, what says one of them again', () => {
    const long = qa('Copper river bridge winter mill harbour?', 'Red')
    const half = qa('Copper river bridge?', 'Red')
    const least = qa('Copper river?', 'Red')
    assert.deepEqual(indexOf([long, half, least]).find(asks('Which river has copper?'), 8), [0])
  })

  it('are none that are too long, and fit the bound that prompts are paid by', () => {
    const long = qa('What is a kilometre of Tolan?', 'x'.repeat(mostContextBytes))
    assert.deepEqual(indexOf([long]).find(asks('What is a kilometre of Tolan?'), 8), [])
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ minLength: 1, unit: 'grapheme' })), {
          maxLength: 30
        }),
        fc.string({ minLength: 1 }),
        fc.integer({ min: 1, max: 8 }),
        (pairs, question, most) => {
          const all = pairs.map(([prompt, answer]) => qa(prompt, answer))
          const found = indexOf(all).find(asks(question), most)
          assert.ok(found.length <= most && new Set(found).size === found.length)
          assert.deepEqual(found, indexOf(all).find(asks(question), most))
          const put = withContext(
            asks(question),
            found.flatMap(at => all[at] ?? [])
          )
          const bytes = new TextEncoder().encode(put.map(({ content }) => content).join('')).length
          assert.ok(bytes <= mostInputTokens(asks(question), 0, most))
          assert.ok(put[0]?.content.endsWith(question))
        }
      ),
      { numRuns: 300 }
    )
  })

  it('stand before what is asked last, and nowhere else', () => {
    const talk: ChatMessage[] = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Hello' },
      { role: 'assistant', content: 'Hello.' },
      { role: 'user', content: 'Who rules Tolan?' }
    ]
    const put = withContext(talk, rows.slice(2, 3))
    assert.deepEqual(put.slice(0, 3), talk.slice(0, 3))
    assert.equal(put[3]?.content, 'Who rules Tolan?\nA council of nine.\n\nWho rules Tolan?')
    assert.deepEqual(withContext(talk, []), talk)
  })
})

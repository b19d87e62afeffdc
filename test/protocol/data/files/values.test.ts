import assert from 'node:assert/strict'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { parseMap } from '../../../../protocol/data/files/index.ts'
import { readWhole } from './make-files.ts'

const line = (value: unknown): string => JSON.stringify(value)
/** What becomes of one line of JSONL. */
async function one(text: string): Promise<string> {
  const { rows, problems } = await readWhole('one.jsonl', text)
  return problems[0] ?? (rows[0]?.messages ?? []).map(({ role, content }) => `${role}: ${content}`).join(' | ')
}
const said = (...turns: [string, string][]) => turns.map(([role, content]) => ({ role, content }))

describe('what stands in a field', () => {
  it('is one of several answers, never all of them in one word', async () => {
    for (const answers of [
      ['Paris', 'Paris, France'],
      [{ text: 'Paris', answer_start: 1 }, { text: 'Paris' }],
      { text: ['Paris', 'the city'] }
    ]) {
      const { rows, mappings } = await readWhole('a.jsonl', line({ question: 'Capital?', answers }))
      assert.equal(rows[0]?.messages[1]?.content, 'Paris', line(answers))
      assert.match(mappings[0]?.says ?? '', /`answers`, of several the first$/)
    }
    assert.match(await one(line({ question: ['a', 'b'], answer: 'c' })), /a list of 2 texts stands where one belongs/)
    assert.match(await one(line({ question: 'a', answer: [{ value: 'b' }] })), /a text in it is no text/)
  })

  it('is a number to its last digit, or none', async () => {
    const answered = async (number: string): Promise<string> => one(`{"question": "Which?", "answer": ${number}}`)
    for (const number of ['12345678901234567890', '-0.12345678901234567890', '7', '1234567890.123456789e10'])
      assert.equal(await answered(number), `user: Which? | assistant: ${number}`)
    assert.match(await answered('1e400'), /too large to be kept exactly/)
    // What is no number of JSON does not become one, and what stands in text stays.
    assert.match(await answered('00012345678901234567'), /no JSON/)
    assert.equal(
      await one(line({ prompt: 'a "1234567890123456789" \\ b?', response: ', 12345678901234567890 ]' })),
      'user: a "1234567890123456789" \\ b? | assistant: , 12345678901234567890 ]'
    )
  })

  it('is what a column of Parquet holds: decimals, days, times, numbers of 32 bits', async () => {
    const schema = (element: object) => [
      { name: 'root', num_children: 2 },
      { name: 'question', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' },
      { name: 'answer', repetition_type: 'REQUIRED', ...element }
    ]
    const answered = async (data: unknown[], element: object): Promise<string[]> => {
      const question = data.map((_, i) => `Which ${i}?`)
      const columnData = [
        { name: 'question', data: question },
        { name: 'answer', data }
      ]
      const bytes = parquetWriteBuffer({ columnData, schema: schema(element) } as never)
      const { rows, problems } = await readWhole('a.parquet', new Uint8Array(bytes))
      return [...rows.map(({ messages }) => messages[1]?.content ?? ''), ...problems]
    }
    const decimals = { type: 'INT64', converted_type: 'DECIMAL', scale: 2, precision: 18 }
    assert.deepEqual(await answered([110n, -99999999999999901n, 5n], decimals), ['1.10', '-999999999999999.01', '0.05'])
    assert.deepEqual(await answered([0.1, 2, 1.5e30], { type: 'FLOAT' }), ['0.1', '2', '1.5e+30'])
    const time = { type: 'INT32', converted_type: 'TIME_MILLIS' }
    assert.deepEqual(await answered([3 * 3_600_000 + 4 * 60_000 + 5_006], time), ['03:04:05.006'])
    const days = await answered([new Date('2020-01-02')], { type: 'INT32', converted_type: 'DATE' })
    assert.deepEqual(days, ['2020-01-02'])
    const [missing, far] = await answered([Number.NaN, Infinity], { type: 'DOUBLE' })
    assert.match(missing ?? '', /nothing in `answer`/)
    assert.match(far ?? '', /too large to be kept/)
    assert.deepEqual(await answered([], { type: 'DOUBLE' }), [])
  })
})

describe('turns as tools of others write them', () => {
  const pair = 'user: Fe? | assistant: Iron'
  const user = said(['user', 'Fe?'])
  const answer = said(['assistant', 'Iron'])
  const known: [string, unknown][] = [
    ['a prompt and a completion of turns', { prompt: user, completion: answer }],
    ['a chosen conversation beside its prompt', { prompt: 'Fe?', chosen: [...user, ...answer], rejected: user }],
    ['a chosen answer of one turn', { prompt: 'Fe?', chosen: answer }],
    [
      'contents of parts',
      {
        contents: [
          { role: 'user', parts: [{ text: 'Fe?' }] },
          { role: 'model', parts: [{ text: 'Iron' }] }
        ]
      }
    ],
    ['inputs and targets', { inputs: 'Fe?', targets: 'Iron' }]
  ]
  for (const [what, value] of known)
    it(`are taken: ${what}`, async () => {
      assert.equal(await one(line(value)), pair)
    })

  it('are not made of a list that only stands beside a question and its answer', async () => {
    const beside = { question: 'Fe?', answer: 'Iron', contents: ['Ferrum', 'A metal'], turns: [] }
    assert.equal(await one(line(beside)), pair)
    const { rows } = await readWhole(
      'a.jsonl',
      [beside, { ...beside, contents: [...user, ...answer] }].map(line).join('\n')
    )
    assert.equal(rows.length, 2)
  })

  it('keep what the system says, in turns or beside them', async () => {
    const system = 'system: Short. | '
    assert.equal(await one(line({ system: 'Short.', prompt: user, completion: answer })), system + pair)
    assert.equal(
      await one(line({ prompt: [...said(['system', 'Short.']), ...user], completion: answer })),
      system + pair
    )
  })
})

describe('columns of a table', () => {
  it('may be more than a thousand', async () => {
    const more = Array.from({ length: 1500 }, (_, i) => `c${i}`)
    const { rows, problems } = await readWhole('a.csv', `question,answer,${more.join()}\nFe?,Iron,${more.join()}\n`)
    assert.deepEqual([rows.length, problems], [1, []])
    const object = Object.fromEntries(more.map(name => [name, 1]))
    assert.match(await one(line(object)), /an object of 1500 fields/)
  })

  it('are read by question and answer where one that is called like turns holds none', async () => {
    const columnData = ['question', 'answer', 'chat'].map(name => ({ name, data: [`x ${name}`] }))
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData }))
    for (const map of [undefined, parseMap(['prompt=question,response=answer'])])
      assert.equal((await readWhole('a.parquet', bytes, { map })).rows[0]?.messages[0]?.content, 'x question')
  })
})

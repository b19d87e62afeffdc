import assert from 'node:assert/strict'
import fc from 'fast-check'
import { pair, readWhole, rowOf } from './make-files.ts'

const made = [pair('Fe?', 'Iron {"}'), pair('Au [?', 'Gold')]
const rows = made.map(rowOf)
const json = (value: unknown, indent?: number): string => JSON.stringify(value, undefined, indent)
const columns = ['question', 'answer']
const table = made.map(({ prompt, response }) => [prompt, response])
const named = made.map(({ prompt, response }) => ({ question: prompt, answer: response }))
const byRow = (name: 'prompt' | 'response') => Object.fromEntries(made.map((row, i) => [String(i), row[name]]))

describe('JSON as programs of others write it', () => {
  const same: [string, string, string][] = [
    ['an array that is called JSONL', 'a.jsonl', json(made, 1)],
    ['an array on one line that is called JSONL', 'a.jsonl', json(made)],
    ['rows of an array, a line each, called JSONL', 'a.jsonl', `[${made.map(row => json(row)).join(',\n')}\n]`],
    ['rows over several lines, called JSONL', 'a.jsonl', made.map(row => json(row, 2)).join('\n')],
    ['rows over several lines with commas between', 'a.json', made.map(row => json(row, 2)).join(',\n')],
    ['lines that end with a comma', 'a.jsonl', made.map(row => `${json(row)},\r\n`).join('')],
    ['rows beside what is said of them, on one line', 'a.json', json({ version: '1', data: made })],
    ['splits beside a licence', 'a.json', json({ licence: 'MIT', train: made.slice(0, 1), test: made.slice(1) })],
    ['columns by row, as pandas writes them', 'a.json', json({ question: byRow('prompt'), answer: byRow('response') })],
    ['rows by name', 'a.json', json({ x: named[0], y: named[1] })],
    ['names beside rows', 'a.json', json({ columns, index: [0, 1], data: table })],
    ["the Hub's viewer", 'a.json', json({ features: [{ name: 'q' }], rows: named.map(row => ({ row_idx: 0, row })) })]
  ]
  for (const [what, name, text] of same)
    it(`is read: ${what}`, async () => {
      const { rows: read, problems } = await readWhole(name, text)
      assert.deepEqual([read, problems], [rows, []])
    })

  it('is read: SQuAD with its passages', async () => {
    const qas = [{ id: '1', question: 'Fe?', answers: [{ text: 'Iron', answer_start: 0 }] }]
    const text = json({ version: '2', data: [{ title: 'x', paragraphs: [{ context: 'Of iron.', qas }] }] })
    assert.deepEqual((await readWhole('a.json', text)).rows, [rowOf(pair('Fe?\nOf iron.', 'Iron'))])
  })

  it('is read where nothing is known of a field: NaN, and not in text', async () => {
    const text = '{"instruction": "NaN?", "input": NaN, "output": "It is NaN"}'
    assert.deepEqual((await readWhole('a.jsonl', text)).rows, [rowOf(pair('NaN?', 'It is NaN'))])
  })

  it('is no other for one line that is broken', async () => {
    for (const name of ['a.jsonl', 'a.json']) {
      const text = `{"prompt": "x, "response": "y"}\n${made.map(row => json(row)).join('\n')}`
      const { rows: read, places } = await readWhole(name, text)
      assert.deepEqual([read, places], [rows, ['line 1', 'line 2', 'line 3']])
    }
    const turns = json([
      { role: 'user', content: 'Fe?' },
      { role: 'assistant', content: 'Iron' }
    ])
    assert.equal((await readWhole('a.jsonl', turns)).rows.length, 1)
  })

  it('is named where it is none', async () => {
    const saysOf = async (text: string) => (await readWhole('a.jsonl', text)).problems.join()
    assert.match(await saysOf("{'prompt': 'Fe?', 'response': 'Iron'}"), /Python's quotes/)
    assert.match(await saysOf('{"prompt": "Fe?", "response": Infinity}'), /Infinity/)
    assert.match(await saysOf('// rows\n{"prompt": "Fe?", "response": "Iron"}'), /^line 1: it begins with a remark/)
  })

  it('is the same rows, however its values are set', async () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }).map(text => `x${text}x`)
    const row = fc.record({ prompt: word, response: word })
    await fc.assert(
      fc.asyncProperty(
        fc.array(row, { minLength: 2, maxLength: 8 }),
        fc.constantFrom('\n', ',\n', '\n\n', ' , '),
        async (some, between) => {
          const text = some.map(one => json(one, 1)).join(between)
          assert.deepEqual((await readWhole('a.json', text)).rows, some.map(rowOf))
        }
      ),
      { numRuns: 100 }
    )
  })
})

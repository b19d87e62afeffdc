import assert from 'node:assert/strict'
import { parseMap, readFile, sourceOfBytes } from '../../../../protocol/data/files/index.ts'
import { encode, pair, parquetOf, readWhole, rowOf } from './make-files.ts'

const line = (value: unknown): string => JSON.stringify(value)
/** What becomes of one record. */
async function one(value: unknown): Promise<string> {
  const { rows, problems } = await readWhole('one.jsonl', line(value))
  return (
    problems[0]?.replace('line 1: ', '') ??
    (rows[0]?.messages ?? []).map(({ role, content }) => `${role}: ${content}`).join(' | ')
  )
}
const turns = (...said: [string, unknown][]) => ({ conversations: said.map(([from, value]) => ({ from, value })) })
const messages = (...said: [string, unknown, object?][]) => ({
  messages: said.map(([role, content, more = {}]) => ({ role, content, ...more }))
})

describe('layouts of rows', () => {
  const known: [string, unknown, string][] = [
    ['prompt and response', pair('Fe?', 'Iron'), 'user: Fe? | assistant: Iron'],
    [
      'Alpaca with an input',
      { instruction: 'Name it.', input: 'Fe', output: 'Iron' },
      'user: Name it.\nFe | assistant: Iron'
    ],
    ['Alpaca without', { instruction: 'Name it.', input: '', output: 'Iron' }, 'user: Name it. | assistant: Iron'],
    ['Alpaca with no such column', { instruction: 'Name it.', output: 'Iron' }, 'user: Name it. | assistant: Iron'],
    [
      'a question with its context',
      { context: 'Of metals.', question: 'Fe?', answer: 'Iron' },
      'user: Fe?\nOf metals. | assistant: Iron'
    ],
    [
      'SQuAD',
      { question: 'Fe?', answers: { text: ['Iron', 'iron'], answer_start: [0, 0] } },
      'user: Fe? | assistant: Iron'
    ],
    ['names in capitals', { Question: 'Fe?', Answer: 'Iron' }, 'user: Fe? | assistant: Iron'],
    ['names in words', { question_text: 'Fe?', 'Best Answer': 'Iron', id: 3 }, 'user: Fe? | assistant: Iron'],
    ['names in camel case', { userQuestion: 'Fe?', modelAnswer: 'Iron' }, 'user: Fe? | assistant: Iron'],
    ['German', { Frage: 'Fe?', Antwort: 'Eisen' }, 'user: Fe? | assistant: Eisen'],
    ['a number as answer', { question: 'Its number?', answer: 26 }, 'user: Its number? | assistant: 26'],
    [
      'a system column',
      { system: 'Be short.', prompt: 'Fe?', response: 'Iron' },
      'system: Be short. | user: Fe? | assistant: Iron'
    ],
    [
      'ShareGPT',
      turns(['system', 'Be short.'], ['human', 'Fe?'], ['gpt', 'Iron']),
      'system: Be short. | user: Fe? | assistant: Iron'
    ],
    [
      'ShareGPT with tools',
      turns(
        ['human', 'Fe?'],
        ['function_call', '{"name":"symbol"}'],
        ['observation', '{"Fe":"Iron"}'],
        ['gpt', 'Iron']
      ),
      'user: Fe? | assistant: {"name":"symbol"} | user: {"Fe":"Iron"} | assistant: Iron'
    ],
    [
      'OpenAI messages',
      messages(['user', 'Fe?'], ['assistant', 'Iron', { name: 'x', refusal: null }]),
      'user: Fe? | assistant: Iron'
    ],
    [
      'OpenAI messages with parts',
      messages(
        [
          'user',
          [
            { type: 'text', text: 'What is ' },
            { type: 'text', text: 'Fe?' }
          ]
        ],
        ['assistant', [{ type: 'text', text: 'Iron' }]]
      ),
      'user: What is Fe? | assistant: Iron'
    ],
    [
      'OpenAI messages with null beside a call, and several results',
      messages(
        ['user', 'Fe?'],
        ['assistant', null, { tool_calls: [{ id: 't', type: 'function', function: { name: 'f', arguments: '{}' } }] }],
        ['tool', 'Fe is'],
        ['tool', 'Iron'],
        ['assistant', 'Iron']
      ),
      'user: Fe? | assistant: {"name":"f","arguments":"{}"} | user: Fe is\nIron | assistant: Iron'
    ],
    [
      'an answer of several turns, which begins with no question',
      {
        prompt: 'Fe?',
        response: messages(['system', 'Be short.'], ['assistant', 'I look.'], ['tool', 'Iron'], ['assistant', 'Iron'])
          .messages
      },
      'system: Be short. | user: Fe? | assistant: I look. | user: Iron | assistant: Iron'
    ],
    [
      'an answer that tells the whole',
      { prompt: 'Fe?', response: messages(['user', 'Is Fe iron?'], ['assistant', 'Yes']).messages },
      'user: Is Fe iron? | assistant: Yes'
    ],
    ['a list of turns alone', messages(['user', 'Fe?'], ['assistant', 'Iron']).messages, 'user: Fe? | assistant: Iron'],
    [
      'turns as JSON text',
      { messages: line(messages(['user', 'Fe?'], ['assistant', 'Iron']).messages) },
      'user: Fe? | assistant: Iron'
    ]
  ]
  for (const [what, value, expected] of known)
    it(`takes ${what}`, async () => {
      assert.equal(await one(value), expected)
    })

  const wrong: [unknown, RegExp][] = [
    [turns(['human', 'Fe?'], ['gpt', 'Iron'], ['human', 'Sure?']), /^a ShareGPT row whose last turn is the user's$/],
    [turns(['human', 'Fe?'], ['observation', 'x']), /^a ShareGPT row whose last turn is the tool's$/],
    [turns(['gpt', 'Iron']), /^a ShareGPT row of one turn/],
    [turns(['human', 'Fe?'], ['narrator', 'Iron']), /turn 2 is by "narrator", who is neither user nor assistant/],
    [turns(['human', ''], ['gpt', 'Iron']), /turn 1, the user's, says nothing/],
    [
      messages(['user', 'Fe?'], ['assistant', null]),
      /^an OpenAI messages row whose turn 2, the assistant's, says nothing/
    ],
    [
      messages(['user', [{ type: 'image_url', image_url: {} }]], ['assistant', 'x']),
      /turn 1 a part of it is no text but "image_url"/
    ],
    [{ instruction: 'Name it.', input: '', output: '' }, /^an Alpaca row with nothing in `output`, its response/],
    [{ clue: 'Fe?', word: 'Iron' }, /named like no question and answer: `clue`, `word`/],
    [{ text: 'Iron rusts.' }, /running text/],
    ['a word', /a string where a row should stand/],
    [null, /null where a row/],
    [{}, /without fields/],
    [
      turns(...Array.from({ length: 34 }, (_, i): [string, string] => [i % 2 ? 'gpt' : 'human', 'x'])),
      /34 turns, where 32/
    ],
    [pair('x'.repeat(8001), 'y'), /more than 8000 characters/],
    [pair('\ud800', 'y'), /half of a character/],
    [{ prompt: 'a\u202eb', '\u001b[2J': 1 }, /^(?!.*\p{Cc})(?!.*\p{Bidi_C}).*$/u]
  ]
  for (const [value, says] of wrong)
    it(`names by what it is: ${line(value).slice(0, 70)}`, async () => {
      assert.match(await one(value), says)
    })

  it('says how it read each, and what it did not use', async () => {
    const { mappings } = await readWhole(
      'mixed.jsonl',
      [
        { id: 1, ...pair('a?', 'b') },
        { id: 2, ...pair('c?', 'd') },
        { instruction: 'e?', input: '', output: 'f' }
      ]
        .map(line)
        .join('\n')
    )
    assert.deepEqual(mappings, [
      { layout: 'question and answer', says: 'prompt is `prompt`; response is `response`', unused: ['id'], rows: 2 },
      { layout: 'Alpaca', says: 'prompt is `instruction`, then `input`; response is `output`', unused: [], rows: 1 }
    ])
  })

  it('takes another mapping, of columns by name, by number and within others', async () => {
    const rows = [rowOf(pair('A clue\nin two', 'word'))]
    const by = async (name: string, bytes: Uint8Array | string, map: string) =>
      (await readWhole(name, bytes, { map: parseMap([map]) })).rows
    assert.deepEqual(await by('a.csv', 'clue,more,word\nA clue,in two,word', 'prompt=clue+more,response=word'), rows)
    assert.deepEqual(await by('a.csv', 'A clue,in two,word', 'prompt=1+2,response=3'), rows)
    assert.deepEqual(
      await by('a.jsonl', line({ q: { clue: 'A clue\nin two' }, word: 'word' }), 'prompt=q.clue,response=word'),
      rows
    )
    assert.deepEqual(
      await by(
        'a.parquet',
        parquetOf([{ clue: 'A clue\nin two', word: 'word', other: 'x' }]),
        'prompt=clue,response=word'
      ),
      rows
    )
    assert.deepEqual(await by('', 'clue;word\n"A clue\nin two";word', 'prompt=clue,response=word'), rows)
    // What names would say otherwise.
    assert.deepEqual(await by('a.csv', 'answer,question\nIs it?,It is', 'prompt=answer,response=question'), [
      rowOf(pair('Is it?', 'It is'))
    ])
  })

  it('refuses a mapping that cannot be', async () => {
    for (const map of ['prompt', 'prompt=a', 'asks=a,response=b', 'prompt=,response=b', 'layout=poem'])
      assert.throws(() => parseMap([map]), { code: 'file.map' }, map)
    await assert.rejects(
      readFile(sourceOfBytes('a.csv', encode('a,b\n1,2')), { map: parseMap(['prompt=a,response=c']) }),
      /no column "c"; its columns are a, b/
    )
  })

  it('reads questions and answers in text, headings, tables; running text only if told to', async () => {
    const texts: [string, string, [string, string][]][] = [
      [
        'a.txt',
        'About metals\n\nQ: Fe?\nA: Iron,\na metal\n\nQ2: Au?\nA2: Gold\n',
        [
          ['Fe?', 'Iron,\na metal'],
          ['Au?', 'Gold']
        ]
      ],
      ['a.md', '# Metals\n\n**Question:** Fe?\n\n**Answer:** Iron\n', [['Fe?', 'Iron']]],
      [
        'a.md',
        '# Metals\n\n## What is Fe?\n\nIron.\nIt rusts.\n\n## What is Au?\n\nGold.\n',
        [
          ['What is Fe?', 'Iron.\nIt rusts.'],
          ['What is Au?', 'Gold.']
        ]
      ],
      [
        'a.md',
        'Some.\n\n| Question | Answer |\n|---|---|\n| Fe? | Iron |\n| a\\|b? | x |\n',
        [
          ['Fe?', 'Iron'],
          ['a|b?', 'x']
        ]
      ]
    ]
    for (const [name, text, expected] of texts)
      assert.deepEqual(
        (await readWhole(name, text)).rows,
        expected.map(([prompt, response]) => rowOf(pair(prompt, response))),
        text
      )
    const prose = 'Iron is a metal of everyday use. It rusts in wet air.\n\nGold is dear.\n'
    await assert.rejects(readWhole('a.txt', prose), { code: 'file.no-rows' })
    const noText = Uint8Array.from({ length: 4096 }, (_, i) => (i % 61 === 0 ? 10 : 128 + ((i * 37) % 120)))
    await assert.rejects(readWhole('a.bin', noText), { code: 'file.format', message: /it is no text/ })
    const { rows, problems } = await readWhole('a.txt', prose, { map: parseMap(['layout=passages']) })
    assert.deepEqual(rows, [rowOf(pair('Iron is a metal of everyday use.', 'It rusts in wet air.'))])
    assert.deepEqual(problems, ['line 3: a passage of one sentence'])
    assert.deepEqual((await readWhole('a.txt', 'Q: Fe?\nQ: Au?\nA: Gold')).problems, [
      'line 1: a question without an answer'
    ])
  })
})

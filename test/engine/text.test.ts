import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chat, TextStream, Tokenizer, type ChatMessage } from '../../node/engine/index.ts'
import { temporary, vectors } from './fixture.ts'

interface Golden {
  encode: { text: string; ids: number[]; decoded: string }[]
  chat: { messages: ChatMessage[]; prompt: string }[]
}

/**
 * As thinking models' templates do: the answer after the last question is marked, the mark of older ones is dropped.
 */
const thinking = `{%- set last = namespace(i=-1) -%}
{%- for m in messages -%}{%- if m.role == 'user' -%}{%- set last.i = loop.index0 -%}{%- endif -%}{%- endfor -%}
{%- for m in messages -%}
<|{{ m.role }}|>{% if m.role == 'assistant' and loop.index0 > last.i %}(thought: none) {% endif %}{{ m.content }}<|end|>
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}`

describe('tokenizer and chat template', () => {
  const folder = join(vectors, 'tokenizer')
  const tokenizer = Tokenizer.load(folder)
  const chat = new Chat(tokenizer, [4])
  const golden = JSON.parse(readFileSync(join(folder, 'golden.json'), 'utf8')) as Golden

  it('encodes and decodes as the Hugging Face library does', () => {
    for (const { text, ids, decoded } of golden.encode) {
      assert.deepEqual(tokenizer.encode(text), ids, JSON.stringify(text))
      assert.equal(tokenizer.decode(ids, { keepSpecial: true }), decoded)
    }
  })

  it('renders conversations as the Hugging Face library does', () => {
    for (const { messages, prompt } of golden.chat) assert.equal(chat.render(messages, true), prompt)
  })

  it('trains on every answer as it stands in the text of its row, also where the template rewrites history', () => {
    const changed = {
      canonical: (text: string) => text,
      locate: (text: string) => tokenizer.locate(text),
      template: thinking,
      special: tokenizer.special
    }
    const own = new Chat(changed as unknown as Tokenizer, [4])
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Which metal is the heaviest?' },
      { role: 'assistant', content: 'Osmium' },
      { role: 'user', content: 'And the lightest?' },
      { role: 'assistant', content: 'Lithium' }
    ]
    const row = own.trainRow({ messages }, { responseOnly: true, cutoff: 10_000 })
    const trained = tokenizer.decode(
      [...row.ids].filter((_, i) => row.labels[i] !== -100),
      { keepSpecial: true }
    )
    assert.equal(tokenizer.decode([...row.ids], { keepSpecial: true }), own.render(messages, false))
    assert.match(trained, /\(thought: none\) Lithium/)
    assert.match(trained, /Osmium/)
    assert.doesNotMatch(trained, /metal|lightest/)
  })

  it('a damaged tokenizer or template is named; of several templates the default one is taken', () => {
    const broken = temporary()
    try {
      const copy = (change: (config: Record<string, unknown>) => void, tokenizerJson?: string) => {
        cpSync(folder, broken.path, { recursive: true })
        rmSync(join(broken.path, 'chat_template.jinja'), { force: true })
        const file = join(broken.path, 'tokenizer_config.json')
        const config = JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8')) as Record<
          string,
          unknown
        >
        change(config)
        writeFileSync(file, JSON.stringify(config))
        if (tokenizerJson !== undefined) writeFileSync(join(broken.path, 'tokenizer.json'), tokenizerJson)
        return Tokenizer.load(broken.path)
      }
      assert.throws(
        () =>
          new Chat(
            copy(c => {
              c['chat_template'] = '{% for %}'
            }),
            []
          ),
        { code: 'chat-template' }
      )
      const several = [
        { name: 'tool_use', template: 'no' },
        { name: 'default', template: '{{ messages[0].content }}!' }
      ]
      assert.equal(
        new Chat(
          copy(c => {
            c['chat_template'] = several
          }),
          []
        ).render([{ role: 'user', content: 'hi' }], true),
        'hi!'
      )
      assert.throws(
        () =>
          new Chat(
            copy(c => {
              delete c['chat_template']
            }),
            []
          ).render([], true),
        { code: 'chat-template' }
      )
      for (const json of ['{}', '[]', '{"model": {"type": "Magic"}}'])
        assert.throws(() => copy(() => undefined, json), { code: 'tokenizer-invalid' }, json)
      assert.throws(() => copy(() => undefined, '{'), { code: 'tokenizer-missing' })
    } finally {
      broken.remove()
    }
  })

  it('gives a template what libraries give it, and refuses one whose text would be lost', () => {
    const chatOf = (template: string): Chat => new Chat({ ...plain, template } as unknown as Tokenizer, [4])
    const plain = { canonical: (text: string) => text, special: tokenizer.special }
    const messages: ChatMessage[] = ['a', 'b', 'c'].map(content => ({ role: 'user', content }))
    const asked =
      '{{ tools is defined }}{{ tools is none }}{{ documents is defined }}{% if tools is not none %}x{% endif %}'
    assert.equal(chatOf(asked).render(messages, false), 'truetruetrue')
    const loop = (inner: string): string => `{% for m in messages %}${inner}{% endfor %}.`
    const kept: [string, string][] = [
      ["{% if m.content == 'b' %}{% continue %}{% endif %}{{ m.content }}", 'ac.'],
      ["{% set x = 1 %}{% if m.content == 'b' %}{% break %}{% else %}{{ m.content }}{% endif %}", 'a.'],
      ["{% if m.content == 'b' %}{% for n in messages %}{% break %}{% endfor %}{% endif %}{{ m.content }}", 'abc.']
    ]
    for (const [inner, text] of kept) assert.equal(chatOf(loop(inner)).render(messages, false), text, inner)
    for (const inner of [
      '{{ m.content }}{% continue %}x',
      "{% if m.content == 'b' %}x{% break %}{% endif %}",
      "{% if true %}{{ m.content }}{% endif %}{% if m.content == 'b' %}{% break %}{% endif %}",
      '{% for n in messages %}{{ n.content }}{% endfor %}{% continue %}'
    ])
      assert.throws(
        () => chatOf(loop(inner)),
        { code: 'chat-template', message: /break, continue/, help: /else/ },
        inner
      )
  })

  it('cuts a row into prompt and answer: together the conversation, the answer ending with the end token', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'What is Fe?' },
      { role: 'assistant', content: 'Iron.' }
    ]
    const { prompt, answer } = chat.answer({ messages })
    assert.equal(answer.at(-1), 4)
    assert.equal(tokenizer.decode(answer), 'Iron.')
    const row = chat.trainRow({ messages }, { responseOnly: true, cutoff: 512 })
    assert.deepEqual([...row.ids].slice(0, prompt.length + answer.length), [...prompt, ...answer])
    assert.deepEqual(
      [...row.labels].filter(l => l !== -100),
      answer
    )
    const whole = chat.trainRow({ messages }, { responseOnly: false, cutoff: prompt.length + 1 })
    assert.equal(whole.ids.length, prompt.length + 1)
    assert.deepEqual(whole.labels, whole.ids)
  })

  it('trains on every answer of a longer conversation', () => {
    const messages: ChatMessage[] = [
      { role: 'user', content: 'Fe?' },
      { role: 'assistant', content: 'Iron.' },
      { role: 'user', content: 'Au?' },
      { role: 'assistant', content: 'Gold.' }
    ]
    const { labels } = chat.trainRow({ messages }, { responseOnly: true, cutoff: 512 })
    assert.equal(tokenizer.decode([...labels].filter(l => l !== -100)), 'Iron.Gold.')
  })

  it('a template that refuses, or is not there, is an error of its own', () => {
    const none = new Chat({ template: undefined } as unknown as Tokenizer, [])
    assert.throws(() => none.render([], true), { code: 'chat-template' })
    assert.throws(() => chat.answer({ messages: [{ role: 'user', content: 'x' }] }), { code: 'row-answer' })
    assert.throws(() => Tokenizer.load('/nowhere'), { code: 'tokenizer-missing' })
  })
})

describe('streaming text', () => {
  const tokenizer = Tokenizer.load(join(vectors, 'tokenizer'))
  const stream = (ids: readonly number[], stops: string[] = []): { pieces: string[]; stopped: boolean } => {
    const s = new TextStream(tokenizer, stops)
    const pieces = ids.map(id => s.push(id))
    pieces.push(s.finish())
    return { pieces, stopped: s.stopped }
  }

  it('never splits a character, and the pieces are the text', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 40 }).filter(t => !t.includes('\ufffd') && t.isWellFormed())
    fc.assert(
      fc.property(text, t => {
        const ids = tokenizer.encode(t)
        const { pieces } = stream(ids)
        assert.equal(pieces.join(''), tokenizer.decode(ids))
        for (const piece of pieces) assert.ok(!piece.includes('\ufffd') && piece.isWellFormed(), JSON.stringify(pieces))
      }),
      { numRuns: 200 }
    )
  })

  it('takes any ids, also those that are no text', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 511 }), { maxLength: 30 }), ids => {
        assert.equal(stream(ids).pieces.join(''), tokenizer.decode(ids))
      }),
      { numRuns: 200 }
    )
  })

  it('ends before a stop string, wherever the tokens cut it', () => {
    const { pieces, stopped } = stream(tokenizer.encode('Iron has the symbol Fe. And more'), ['symbol Fe'])
    assert.equal(pieces.join(''), 'Iron has the ')
    assert.ok(stopped)
    const other = stream(tokenizer.encode('Iron has the symb'), ['symbol Fe'])
    assert.equal(other.pieces.join(''), 'Iron has the symb')
    assert.ok(!other.stopped)
  })
})

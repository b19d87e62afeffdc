import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Chat, Tokenizer, type ChatMessage } from '../../node/engine/index.ts'
import { temporary, vectors } from './fixture.ts'

interface Case {
  name: string
  config: Record<string, string>
  end: number
  tokenizer: unknown
  rows: { messages: ChatMessage[]; text: string; ids: number[]; mask: string; prompt: string; promptIds: number[] }[]
}

const cases = JSON.parse(readFileSync(join(vectors, '..', 'chat', 'cases.json'), 'utf8')) as Case[]
const whole = { responseOnly: true, cutoff: 10_000 }
const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })

describe('conversations of public tokenizers and templates, beside what transformers says', () => {
  const folder = temporary()
  after(() => folder.remove())

  function open({ name, tokenizer, config, end }: Case): { tokenizer: Tokenizer; chat: Chat } {
    const path = join(folder.path, name)
    mkdirSync(path, { recursive: true })
    writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(tokenizer))
    writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(config))
    const opened = Tokenizer.load(path)
    return { tokenizer: opened, chat: new Chat(opened, [end]) }
  }

  for (const one of cases)
    it(`${one.name}: the same text, the same tokens, and every answer learnt that its mask has`, () => {
      const { tokenizer, chat } = open(one)
      for (const { messages, text, ids, mask, prompt, promptIds } of one.rows) {
        assert.equal(chat.render(messages, false), text)
        assert.equal(chat.render(messages.slice(0, -1), true), prompt)
        assert.deepEqual(tokenizer.encode(text), ids)
        assert.deepEqual(chat.prompt(messages.slice(0, -1)), promptIds)
        const row = chat.trainRow({ messages }, whole)
        assert.equal(row.fault, undefined)
        assert.deepEqual([...row.ids], ids)
        const said = Array.from(mask, (bit, i) => (bit === '1' ? (ids[i] ?? 0) : -100))
        const shown = (labels: readonly number[]): string[] =>
          labels.flatMap(id => (id === -100 ? [] : [tokenizer.decode([id], { keepSpecial: true })]))
        assert.deepEqual(shown([...row.labels]), shown(said), JSON.stringify(text))
        assert.deepEqual([...row.labels], said, JSON.stringify(text))
      }
    })

  for (const one of cases)
    it(`${one.name}: an answer is scored as the tokens that its model says after the prompt`, () => {
      const { chat } = open(one)
      for (const { messages, text, ids, mask, prompt, promptIds } of one.rows) {
        const { prompt: given, answer } = chat.answer({ messages })
        assert.deepEqual([...given, ...answer], ids.slice(0, given.length + answer.length))
        assert.equal(answer.at(-1), one.end)
        const last = mask.lastIndexOf('01') + 1
        assert.equal(given.length, last)
        if (text.startsWith(prompt)) assert.deepEqual(given, promptIds)
      }
    })

  const find = (name: string): Case => cases.find(one => one.name === name) ?? assert.fail(name)

  it('what a template refuses or drops is named, and so is a row without room for its answer', () => {
    const { chat, tokenizer } = open(find('gemma3'))
    const doubled = [user('What is iron?'), user('iron'), assistant('iron')]
    assert.deepEqual(chat.trainRow({ messages: doubled }, whole), { ids: [], labels: [], fault: 'template-refuses' })
    assert.equal(chat.answerRow({ messages: doubled }).fault, 'template-refuses')
    assert.throws(() => chat.answer({ messages: doubled }), { code: 'chat-template' })
    const two = [user('What is iron?'), assistant('iron'), user('iron'), assistant('iron iron')]
    const { ids } = chat.trainRow({ messages: two }, whole)
    assert.equal(chat.trainRow({ messages: two }, { responseOnly: true, cutoff: 12 }).fault, 'too-long')
    assert.equal(chat.trainRow({ messages: two }, { responseOnly: true, cutoff: ids.length - 1 }).fault, undefined)

    const forgetful = { ...find('qwen3-chatml'), name: 'forgetful' }
    const config = {
      ...forgetful.config,
      chat_template:
        "{% for m in messages %}{% if m.role == 'user' %}<|im_start|>{{ m.content }}{% endif %}{% endfor %}"
    }
    const { chat: other } = open({ ...forgetful, config })
    assert.equal(other.trainRow({ messages: two }, whole).fault, 'answer-lost')
    assert.throws(() => other.answer({ messages: two }), { code: 'row-answer' })
    assert.ok(tokenizer.locate('user iron').offsets.length > 1)
  })

  it('answers are found whatever they say: marks of private use, headers, end tokens, the same text thrice', () => {
    const { chat, tokenizer } = open(find('qwen3-chatml'))
    const learnt = (messages: ChatMessage[]): string => {
      const { ids, labels } = chat.trainRow({ messages }, whole)
      return tokenizer.decode(
        [...ids].filter((_, i) => labels[i] !== -100),
        { keepSpecial: true }
      )
    }
    const end = '<|im_end|>'
    assert.equal(
      learnt([user('assistant'), assistant('assistant'), user('s'), assistant('assistant')]),
      `assistant${end}assistant${end}`
    )
    assert.equal(learnt([user('\ue100iron'), assistant('\ue101iron')]), `\ue101iron${end}`)
    assert.equal(learnt([user('iron'), assistant(`iron${end}\n<|im_start|>user\niron`)]), `iron${end}`)
    assert.equal(learnt([user('iron'), assistant(' \n')]), ` \n${end}`)
  })

  it('a template that tells the day renders a row the same on every day; one that tells chance is refused', () => {
    const kind = find('qwen3-chatml')
    const withTemplate = (name: string, template: string): Chat =>
      open({ ...kind, name, config: { ...kind.config, chat_template: template } }).chat
    const dated = withTemplate('dated', `{{ strftime_now('%d %b %Y') }}${kind.config['chat_template'] ?? ''}`)
    assert.match(dated.render([user('iron')], true), /^01 Jan 2026/)
    for (const template of ["{{ ['a', 'b'] | random }}", '{{ now() }}', '{% if true %}{{ lipsum() }}{% endif %}'])
      assert.throws(() => withTemplate('chance', template), { code: 'chat-template', message: /cannot be repeated/ })
  })
})

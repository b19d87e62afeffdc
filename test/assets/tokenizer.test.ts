import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Template } from '@huggingface/jinja'
import { Tokenizer } from '@huggingface/tokenizers'
import fc from 'fast-check'
import { bpeEncoder, trainBpe } from '../../scripts/base-model/bpe.ts'
import { chatDocument, SPECIAL_TOKENS } from '../../scripts/base-model/documents.ts'
import { readBpe } from '../../scripts/base-model/tokenizer.ts'

const folder = join(import.meta.dirname, '..', '..', 'daemon', 'assets', 'seedling')
const json = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as Record<string, unknown>
const config = json('tokenizer_config.json')
const tokenizer = new Tokenizer(json('tokenizer.json'), config)
const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids
// The library refuses to decode nothing.
const decode = (ids: number[]): string =>
  ids.length === 0 ? '' : tokenizer.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false })

const HOSTILE = [
  '',
  ' ',
  '   ',
  '\n\n\t\r\n',
  '\u0000\u0001\u007f',
  'naïve café — “quotes” …',
  '🦩🌾 👩‍👩‍👧‍👦',
  '你好，世界。こんにちは',
  '٣٤٥ १२३',
  'Ünïcödé\u0301 \u200b\ufeff',
  '\ud7ff\ue000',
  "don't can't we've I'LL",
  '<|user|>hi<|end|>',
  '<|user|',
  '</s><s><pad>',
  'a'.repeat(2000),
  'x=1;y=2//c',
  ' 1234567890 3.14 2026-11-21 '
]

describe('assets: the tokenizer', () => {
  it('gives back every text it was given, hostile ones too', () => {
    for (const text of HOSTILE) assert.equal(decode(encode(text)), text, JSON.stringify(text))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), text => {
        assert.equal(decode(encode(text)), text)
      })
    )
  })

  it('has 4096 tokens, the special ones first, each a single id', () => {
    assert.equal(tokenizer.get_vocab().size, 4096)
    SPECIAL_TOKENS.forEach((token, id) => {
      assert.deepEqual(encode(token), [id])
    })
  })

  it('splits digits singly', () => {
    assert.equal(encode('1766').length, 4)
    assert.equal(encode('in 92').length, encode('in').length + 3)
  })

  it('agrees with the fast encoder that the training data was made with', () => {
    const fast = bpeEncoder(readBpe(folder), SPECIAL_TOKENS)
    for (const text of [...HOSTILE, 'What is the symbol of iron?', chatDocument('Who was it?', 'Nobody.')])
      assert.deepEqual(fast(text), encode(text), JSON.stringify(text))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), text => {
        assert.deepEqual(fast(text), encode(text))
      }),
      { numRuns: 50 }
    )
  })

  it('renders a chat as the training documents are written, with the end token that generation stops at', () => {
    const template = new Template(String(config['chat_template']))
    const messages = [
      { role: 'user', content: '  What is a heron? ' },
      { role: 'assistant', content: 'A wading bird.' }
    ]
    assert.equal(
      template.render({ messages, add_generation_prompt: false }),
      chatDocument('What is a heron?', 'A wading bird.')
    )
    const prompt = template.render({ messages: messages.slice(0, 1), add_generation_prompt: true })
    assert.ok(chatDocument('What is a heron?', 'A wading bird.').startsWith(prompt))
    assert.equal(config['eos_token'], '<|end|>')
    assert.equal(config['pad_token'], '<pad>')
  })
})

describe('base model: training the tokenizer', () => {
  it('merges what is frequent and falls back to bytes for the rest', () => {
    const bpe = trainBpe(['the heron the heron the heron the egret'], ['<pad>'], 270)
    assert.ok(bpe.vocabulary.has('Ġheron'))
    const encodeSmall = bpeEncoder(bpe, ['<pad>'])
    assert.equal(encodeSmall(' heron').length, 1)
    assert.equal(encodeSmall('é').length, 2)
    assert.deepEqual(encodeSmall('<pad>'), [0])
  })

  it('stops when nothing is left to merge', () => {
    assert.ok(trainBpe(['ab'], [], 4096).vocabulary.size < 4096)
  })
})

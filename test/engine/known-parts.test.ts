import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Tokenizer } from '../../node/engine/index.ts'
import { temporary } from './fixture.ts'

// What is expected is what Hugging Face's own library makes of the same files.

type Json = Record<string, unknown>

/** A letter for each of the bytes that the texts below have, and merges that join what a cut may keep apart. */
const letters = [...Array.from('ab<>xy.*Ġ'), 'Ã', '©', 'Â', '²', '³', '\u2581']
const merges = [
  ['Â', '²'],
  ['Â', '³'],
  ['Â²', 'Â³'],
  ['Ã', '©'],
  ['Ã©', 'a'],
  ['.', '.'],
  ['..', '*'],
  ['a', 'Ġ'],
  ['Ġ', 'Ġ'],
  ['Ġ', 'b']
] as const
const tokens = [...letters, ...merges.map(pair => pair.join(''))]

const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
const andBytes = (...parts: Json[]): Json => ({ type: 'Sequence', pretokenizers: [...parts, bytes] })
const split = (pattern: Json, behavior = 'Isolated', invert = false): Json =>
  andBytes({ type: 'Split', pattern, behavior, invert })

function tokenizerJson(pre_tokenizer: Json, more: Json = {}): Json {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [],
    normalizer: null,
    pre_tokenizer,
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges
    },
    ...more
  }
}

describe('the parts of a tokenizer.json', () => {
  const root = temporary()
  after(() => root.remove())
  let count = 0
  function load(json: Json, config: Json = {}, files: Record<string, Json> = {}): Tokenizer {
    const folder = join(root.path, String(count++))
    mkdirSync(folder)
    for (const [name, value] of Object.entries({ 'tokenizer.json': json, 'tokenizer_config.json': config, ...files }))
      writeFileSync(join(folder, name), JSON.stringify(value))
    try {
      return Tokenizer.load(folder)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('cut a text where the library cut it that wrote them', () => {
    const cases: [Json, string, string[]][] = [
      [andBytes({ type: 'Digits', individual_digits: true }), 'a²³', ['a', 'Â²', 'Â³']],
      [andBytes({ type: 'Digits', individual_digits: false }), 'a²³', ['a', 'Â²Â³']],
      [andBytes({ type: 'Punctuation', behavior: 'Isolated' }), 'a..*', ['a', '.', '.', '*']],
      [andBytes({ type: 'Punctuation' }), '..', ['.', '.']],
      [andBytes({ type: 'Punctuation', behavior: 'Contiguous' }), 'a..*', ['a', '..*']],
      [andBytes({ type: 'Whitespace' }), 'éa b..', ['Ã©a', 'b', '..']],
      [split({ String: ' ' }, 'Isolated', true), 'a  b', ['a', 'Ġ', 'Ġ', 'b']],
      [split({ Regex: ' +' }, 'Isolated', true), 'a  b', ['a', 'ĠĠ', 'b']],
      [split({ Regex: ' +' }, 'Removed'), 'a  b', ['a', 'b']],
      [split({ String: ' ' }, 'Removed'), 'a  b', ['a', 'b']],
      [split({ String: '.' }, 'Removed'), 'a.b', ['a', 'b']],
      [split({ String: ' ' }, 'MergedWithPrevious'), 'a  b a', ['aĠ', 'Ġ', 'b', 'Ġ', 'a']],
      [split({ Regex: '[a ]' }, 'MergedWithPrevious'), ' b a', ['Ġ', 'b', 'Ġ', 'a']],
      [split({ String: ' ' }, 'MergedWithNext'), 'a  b ', ['a', 'Ġ', 'Ġb', 'Ġ']],
      [split({ Regex: ' ' }, 'Contiguous'), 'a  b', ['a', 'ĠĠ', 'b']],
      [split({ String: ' ' }, 'Contiguous', true), 'a  b', ['a', 'ĠĠ', 'b']],
      [split({ Regex: '[ab]' }, 'Removed', true), 'a  b', ['a', 'b']],
      [split({ Regex: String.raw`[.*+]|\++[a]|[^.*+]++` }), 'a..* b', ['a', '.', '.', '*', 'Ġb']],
      [bytes, 'a..*', ['a', '..*']]
    ]
    for (const [pre, text, wanted] of cases)
      assert.deepEqual(
        load(tokenizerJson(pre))
          .encode(text)
          .map(id => tokens[id]),
        wanted,
        JSON.stringify(pre)
      )
  })

  it('take no blank away that none of them put there', () => {
    const pre = (scheme: string): Json => ({
      type: 'Metaspace',
      replacement: '\u2581',
      prepend_scheme: scheme,
      split: false
    })
    for (const [scheme, text] of [
      ['never', ' a b'],
      ['always', 'a b']
    ] as const)
      for (const decoder of [pre(scheme), { type: 'Sequence', decoders: [pre(scheme), { type: 'Fuse' }] }]) {
        const tokenizer = load(tokenizerJson(pre(scheme), { decoder }))
        assert.equal(tokenizer.decode(['\u2581', 'a', '\u2581', 'b'].map(token => tokens.indexOf(token))), text)
      }
  })

  it('are refused by name where they would be read as others', () => {
    const refused = (message: RegExp, json: Json, config: Json = {}): void => {
      assert.throws(
        () => load(json, config),
        (error: unknown) => {
          assert.ok(error instanceof Error && 'code' in error && 'help' in error)
          assert.deepEqual([error.code, typeof error.help], ['tokenizer-invalid', 'string'])
          assert.match(error.message, message)
          return true
        }
      )
    }
    for (const way of ['MergedWithPrevious', 'MergedWithNext'])
      refused(new RegExp(`Split that is ${way}, inverted`), tokenizerJson(split({ Regex: ' ' }, way, true)))
    refused(/Split that is Sideways/, tokenizerJson(split({ Regex: ' ' }, 'Sideways')))
    refused(/no pattern/, tokenizerJson(split({})))
    refused(/Punctuation that is Removed/, tokenizerJson(andBytes({ type: 'Punctuation', behavior: 'Removed' })))
    for (const keeping of [String.raw`\s++$|\s`, '(?>a|ab)b', String.raw`[ab]?+b`, 'a*+[b]'])
      refused(/possessive, atomic/, tokenizerJson(split({ Regex: keeping })))
    const token = {
      id: 30,
      content: '<x>',
      single_word: true,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: false
    }
    refused(/<x>.*word of its own/, tokenizerJson(bytes, { added_tokens: [token] }))
    refused(/split_special_tokens/, tokenizerJson(bytes), { split_special_tokens: true })
    refused(/add_prefix_space is true, and false in/, tokenizerJson(bytes), { add_prefix_space: true })
    refused(/token <x> does not stand in tokenizer.json/, tokenizerJson(bytes), {
      added_tokens_decoder: { 30: { content: '<x>' } }
    })
    const kept = { added_tokens: [{ ...token, single_word: false }] }
    load(tokenizerJson(bytes, kept), {
      add_prefix_space: false,
      added_tokens_decoder: { 30: token, 0: { content: 'a' } }
    })
  })

  it('are named in older folders by special_tokens_map.json', () => {
    const { special } = load(
      tokenizerJson(bytes),
      { bos_token: null, eos_token: 'b', pad_token: 'x' },
      { 'special_tokens_map.json': { bos_token: { content: 'a' }, eos_token: 'b', pad_token: null } }
    )
    assert.deepEqual(special, { bos_token: 'a', eos_token: 'b', pad_token: 'x' })
  })
})

import { join } from 'node:path'
import { parseBounded } from '../graph/files.ts'
import { ModelError } from '../graph/errors.ts'
import { mostTokenizerBytes, Tokenizer } from '../text/tokenizer.ts'
import { namedCutting } from './cutting.ts'
import { mergesOf } from './merges.ts'
import { blank, tokenKinds } from './vocabulary.ts'
import type { WrittenKeys, WrittenValue } from './write.ts'

/** A tokenizer.json's parts that say how it merges. */
interface Json {
  readonly model?: {
    readonly type?: unknown
    readonly vocab?: Readonly<Record<string, number>>
    readonly merges?: readonly (string | readonly [string, string])[]
    readonly byte_fallback?: unknown
    readonly ignore_merges?: unknown
    readonly unk_token?: string | null
  }
  readonly added_tokens?: readonly { readonly id: number; readonly content: string; readonly special?: boolean }[]
  readonly normalizer?: unknown
  readonly pre_tokenizer?: unknown
  readonly decoder?: unknown
  readonly post_processor?: unknown
}

/**
 * A folder's tokenizer and chat template as GGUF's keys.
 * @param size tokens that the model has; those that the tokenizer lacks get a name
 * @throws ModelError `gguf-unsupported` where GGUF cannot say how this tokenizer cuts text, or as Tokenizer.load
 */
export function tokenizerKeys(folder: string, size: number): WrittenKeys {
  const tokenizer = Tokenizer.load(folder)
  const file = join(folder, 'tokenizer.json')
  const json = parseBounded(file, mostTokenizerBytes, 'tokenizer-missing') as Json
  const refuse = (what: string): ModelError =>
    new ModelError('gguf-unsupported', `${file}: ${what}`, {
      help: 'GGUF names the few ways of cutting text that llama.cpp knows; another would make other tokens there.'
    })
  const { model = {}, added_tokens: added = [] } = json
  if (model.type !== 'BPE' || model.vocab === undefined)
    throw refuse('a tokenizer that does not merge is not supported')
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`)
  const types: number[] = tokens.map(() => tokenKinds.unused)
  const put = (id: number, token: string, kind: number): void => {
    if (!Number.isInteger(id) || id < 0 || id >= size) throw refuse(`token ${id} is none of the model’s ${size}`)
    tokens[id] = token
    types[id] = kind
  }
  const bytes = model.byte_fallback === true
  for (const [token, id] of Object.entries(model.vocab))
    put(id, token, bytes && /^<0x[0-9A-F]{2}>$/.test(token) ? tokenKinds.byte : tokenKinds.normal)
  for (const { id, content, special } of added)
    put(
      id,
      content,
      content === model.unk_token ? tokenKinds.unknown : special === true ? tokenKinds.control : tokenKinds.own
    )
  const merges = (model.merges ?? []).map(merge => (typeof merge === 'string' ? merge.split(' ') : [...merge]))
  const body = bytes ? pieces(json, { tokens, types, merges }, refuse) : byteLevel(json, merges, refuse)
  const ids = (
    [
      ['bos', 'bos_token'],
      ['eos', 'eos_token'],
      ['unknown', 'unk_token'],
      ['padding', 'pad_token']
    ] as const
  ).flatMap(([name, special]): [string, WrittenValue][] => {
    const id = tokenizer.idOf(tokenizer.special[special] ?? '')
    return id === undefined ? [] : [[`tokenizer.ggml.${name}_token_id`, { type: 'u32', value: id }]]
  })
  const begins = JSON.stringify(json.post_processor ?? null).includes('"SpecialToken"')
  return [
    ...body,
    ['tokenizer.ggml.tokens', { type: 'texts', value: tokens }],
    ['tokenizer.ggml.token_type', { type: 'i32s', value: types }],
    ...ids,
    ['tokenizer.ggml.add_bos_token', { type: 'truth', value: begins }],
    ...(tokenizer.template === undefined
      ? []
      : [['tokenizer.chat_template', { type: 'text', value: tokenizer.template }] as const])
  ]
}

function byteLevel(json: Json, merges: readonly (readonly string[])[], refuse: (what: string) => Error): WrittenKeys {
  const cutting = namedCutting({
    normalizer: json.normalizer,
    pre_tokenizer: json.pre_tokenizer,
    whole: json.model?.ignore_merges === true,
    joinsBlanks: merges.some(merge => /^[ĊčĠĉ]{2,}$/u.test(merge.join('')))
  })
  if (cutting === undefined) throw refuse('how it cuts text before merging has no name in GGUF')
  return [
    ['tokenizer.ggml.model', { type: 'text', value: 'gpt2' }],
    ['tokenizer.ggml.pre', { type: 'text', value: cutting.names[0] ?? '' }],
    ['tokenizer.ggml.merges', { type: 'texts', value: merges.map(merge => merge.join(' ')) }],
    ['tokenizer.ggml.add_space_prefix', { type: 'truth', value: false }]
  ]
}

interface Listed {
  readonly tokens: readonly string[]
  readonly types: readonly number[]
  readonly merges: readonly (readonly string[])[]
}

/**
 * Merges as SentencePiece's scores: a piece's is the place of the first merge that makes it, negated. Scores say less
 * than merges do, so what they come to is compared.
 */
function pieces(json: Json, { tokens, types, merges }: Listed, refuse: (what: string) => Error): WrittenKeys {
  const first = new Map<string, number>()
  for (const [at, merge] of merges.entries()) {
    const piece = merge.join('')
    if (!first.has(piece)) first.set(piece, at)
  }
  const scores = tokens.map(token => -(first.get(token) ?? 0))
  const own = tokens.flatMap((token, id) =>
    types[id] === tokenKinds.normal || types[id] === tokenKinds.own ? [{ token, score: scores[id] ?? 0 }] : []
  )
  const order = (all: readonly (readonly string[])[]): string => {
    const made = all.map(merge => merge.join(''))
    return JSON.stringify([...new Set(made)]) + all.length
  }
  const again = mergesOf(own)
  if (again === undefined || order(again) !== order(merges)) throw refuse('its merges are none that scores could say')
  const prefixed = prefixOf(json)
  if (prefixed === undefined) throw refuse('what it puts before words is not supported')
  return [
    ['tokenizer.ggml.model', { type: 'text', value: 'llama' }],
    ['tokenizer.ggml.pre', { type: 'text', value: 'default' }],
    ['tokenizer.ggml.scores', { type: 'f32s', value: scores }],
    ['tokenizer.ggml.add_space_prefix', { type: 'truth', value: prefixed }]
  ]
}

/** Whether a blank is put before a text; undefined where blanks are treated in a way that SentencePiece has not. */
function prefixOf({ normalizer, pre_tokenizer: cut }: Json): boolean | undefined {
  const text = JSON.stringify([normalizer ?? null, cut ?? null])
  const types = [...text.matchAll(/"type":"(\w+)"/g)].map(([, type]) => type)
  if (types.some(type => !['Sequence', 'Prepend', 'Replace', 'Metaspace'].includes(type ?? ''))) return undefined
  if (!text.includes(blank)) return undefined
  const replaced = `"type":"Replace","pattern":{"String":" "},"content":"${blank}"`
  if (text.split('"type":"Replace"').length !== text.split(replaced).length) return undefined
  if (!types.includes('Metaspace')) return types.includes('Prepend')
  const scheme = /"prepend_scheme":"(\w+)"/.exec(text)?.[1]
  return scheme === undefined ? !text.includes('"add_prefix_space":false') : scheme !== 'never'
}

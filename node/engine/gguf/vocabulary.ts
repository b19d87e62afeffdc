import { mostTemplateBytes } from '../text/tokenizer.ts'
import { cuttingOf, knownCuttings, partsOf } from './cutting.ts'
import type { Keys } from './keys.ts'
import { mergesOf } from './merges.ts'

/** What GGUF calls the kinds of tokens. */
export const tokenKinds = { normal: 1, unknown: 2, control: 3, own: 4, unused: 5, byte: 6 } as const

/** A tokenizer as the folder of a model has it. */
export interface Vocabulary {
  readonly size: number
  readonly tokenizer: Record<string, unknown>
  readonly config: Record<string, unknown>
  readonly ids: { readonly begin?: number; readonly ends: readonly number[]; readonly pad?: number }
}

/** Control tokens that end a turn in the templates that models have, though the file names another end. */
const turnEnds = new Set(['<|eot_id|>', '<|im_end|>', '<|end|>', '<end_of_turn>'])

/**
 * tokenizer.json and tokenizer_config.json from a GGUF file's keys: of byte-level vocabularies ("gpt2"), and of
 * SentencePiece's that merge by scores ("llama"), which become merges in the order of the scores.
 * @throws ModelError `gguf-unsupported`, `gguf-invalid`
 */
export function vocabularyOf(keys: Keys): Vocabulary {
  const kind = keys.text('tokenizer.ggml.model')
  const tokens = keys.list('tokenizer.ggml.tokens', 'string')
  if (kind === undefined || tokens === undefined) throw keys.bad('it has no tokenizer')
  const types = keys.list('tokenizer.ggml.token_type', 'number', tokens.length) ?? tokens.map(() => tokenKinds.normal)
  const ids = new Map(tokens.map((token, id) => [token, id]))
  // [reject] Each token is another text.
  if (ids.size !== tokens.length) throw keys.bad('a token stands there twice')
  const idOf = (name: string): number | undefined => {
    const id = keys.number(`tokenizer.ggml.${name}_token_id`)
    if (id !== undefined && tokens[id] === undefined) throw keys.bad(`its ${name} token ${id} is none of its tokens`)
    return id
  }
  const [begin, end, pad, unknown] = [idOf('bos'), idOf('eos'), idOf('padding'), idOf('unknown')]
  const turns = tokens.flatMap((token, id) => (turnEnds.has(token) && types[id] === tokenKinds.control ? [id] : []))
  const ends = [...new Set([end, idOf('eot'), idOf('eom'), ...turns].filter(id => id !== undefined))]
  const added = tokens.flatMap((content, id) => {
    const special = types[id] === tokenKinds.control || types[id] === tokenKinds.unknown
    if (!special && types[id] !== tokenKinds.own) return []
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }]
  })
  const body =
    kind === 'gpt2'
      ? byteLevel(keys, ids)
      : kind === 'llama'
        ? sentencePieces(keys, { tokens, ids, types, unknown })
        : undefined
  if (body === undefined)
    throw keys.refuse(`a tokenizer of the kind ${kind.slice(0, 20)} is not supported`, 'Supported: gpt2, llama.')
  const prefix = (keys.truth('tokenizer.ggml.add_bos_token') ?? body.beginsByDefault) && begin !== undefined
  const named = (name: string, id: number | undefined) => (id === undefined ? {} : { [name]: tokens[id] })
  return {
    size: tokens.length,
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: added,
      normalizer: body.normalizer,
      pre_tokenizer: body.pre_tokenizer,
      post_processor: prefix ? beginning(tokens[begin] ?? '', begin) : null,
      decoder: body.decoder,
      model: body.model
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      clean_up_tokenization_spaces: false,
      add_bos_token: prefix,
      ...named('bos_token', begin),
      ...named('eos_token', end),
      ...named('pad_token', pad),
      ...named('unk_token', unknown),
      ...templateOf(keys)
    },
    ids: { ends, ...(begin === undefined ? {} : { begin }), ...(pad === undefined ? {} : { pad }) }
  }
}

function templateOf(keys: Keys): Record<string, string> {
  const template = keys.text('tokenizer.chat_template')
  if (template === undefined || template === '') return {}
  // [unsupported] A template is no longer than one that is read.
  if (template.length > mostTemplateBytes)
    throw keys.refuse(`a chat template of ${template.length} characters is not supported`)
  return { chat_template: template }
}

/** What puts the first token before every text, for libraries that do it. */
const beginning = (token: string, id: number) => ({
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [
    { SpecialToken: { id: token, type_id: 0 } },
    { Sequence: { id: 'A', type_id: 0 } },
    { Sequence: { id: 'B', type_id: 1 } }
  ],
  special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } }
})

interface Body {
  readonly normalizer: unknown
  readonly pre_tokenizer: unknown
  readonly decoder: unknown
  readonly model: Record<string, unknown>
  readonly beginsByDefault: boolean
}

const bpe = (model: { readonly vocab: unknown; readonly merges: unknown } & Record<string, unknown>) => ({
  type: 'BPE',
  dropout: null,
  unk_token: null,
  continuing_subword_prefix: null,
  end_of_word_suffix: null,
  fuse_unk: false,
  byte_fallback: false,
  ignore_merges: false,
  ...model
})

function byteLevel(keys: Keys, ids: ReadonlyMap<string, number>): Body {
  const name = keys.text('tokenizer.ggml.pre') ?? 'default'
  const cutting = cuttingOf(name)
  if (cutting === undefined)
    throw keys.refuse(
      name === 'default'
        ? 'it does not say how text is cut before it is merged (tokenizer.ggml.pre)'
        : `how it cuts text before it is merged (${name.slice(0, 40)}) is not supported`,
      `Supported: ${knownCuttings()}. Take the model in another form, such as safetensors with its tokenizer.json.`
    )
  const merges = keys.list('tokenizer.ggml.merges', 'string')
  if (merges === undefined) throw keys.bad('its tokenizer has no merges')
  // [reject] A merge is of two parts.
  if (merges.some(merge => merge.split(' ').length !== 2)) throw keys.bad('a merge of its tokenizer is none')
  return {
    ...partsOf(cutting),
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: bpe({ vocab: Object.fromEntries(ids), merges, ignore_merges: cutting.whole ?? false }),
    beginsByDefault: cutting.whole ?? false
  }
}

/** SentencePiece's mark for a blank. */
export const blank = '\u2581'

interface Pieces {
  readonly tokens: readonly string[]
  readonly ids: ReadonlyMap<string, number>
  readonly types: readonly number[]
  readonly unknown: number | undefined
}

function sentencePieces(keys: Keys, { tokens, ids, types, unknown }: Pieces): Body {
  const scores = keys.list('tokenizer.ggml.scores', 'number', tokens.length)
  if (scores === undefined) throw keys.bad('its tokenizer has no scores')
  const pieces = tokens.flatMap((token, id) =>
    types[id] === tokenKinds.normal || types[id] === tokenKinds.own ? [{ token, score: scores[id] ?? 0 }] : []
  )
  const merges = mergesOf(pieces)
  if (merges === undefined) throw keys.refuse('tokens as long as its tokenizer has are not supported')
  const prefixed = keys.truth('tokenizer.ggml.add_space_prefix') ?? true
  const blanks = { type: 'Replace', pattern: { String: ' ' }, content: blank }
  return {
    normalizer: prefixed
      ? { type: 'Sequence', normalizers: [{ type: 'Prepend', prepend: blank }, blanks] }
      : { type: 'Sequence', normalizers: [blanks] },
    pre_tokenizer: null,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: blank }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        ...(prefixed ? [{ type: 'Strip', content: ' ', start: 1, stop: 0 }] : [])
      ]
    },
    model: bpe({
      vocab: Object.fromEntries(ids),
      merges,
      unk_token: tokens[unknown ?? -1] ?? null,
      fuse_unk: true,
      byte_fallback: true
    }),
    beginsByDefault: true
  }
}

// Trains the base model's tokenizer on the corpus and writes it as Hugging Face files.
//
//   node scripts/base-model/tokenizer.ts --corpus .cache/base-model/train.txt --out daemon/assets/seedling
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { SPLIT, trainBpe, type Bpe } from './bpe.ts'
import { CHAT_TEMPLATE, END, PAD, SPECIAL_TOKENS, TEXT } from './documents.ts'
import { CONTEXT, VOCABULARY } from './model.ts'

/** The `tokenizer.json` of a byte-level BPE. */
export function tokenizerJson(bpe: Bpe): object {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL_TOKENS.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true
    })),
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: SPLIT }, behavior: 'Isolated', invert: false },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
      ]
    },
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
      vocab: Object.fromEntries(bpe.vocabulary),
      merges: bpe.merges.map(([left, right]) => `${left} ${right}`)
    }
  }
}

export function tokenizerConfig(): object {
  return {
    tokenizer_class: 'PreTrainedTokenizerFast',
    model_max_length: CONTEXT,
    clean_up_tokenization_spaces: false,
    bos_token: TEXT,
    eos_token: END,
    pad_token: PAD,
    chat_template: CHAT_TEMPLATE,
    added_tokens_decoder: Object.fromEntries(
      SPECIAL_TOKENS.map((content, id) => [
        String(id),
        { content, lstrip: false, normalized: false, rstrip: false, single_word: false, special: true }
      ])
    )
  }
}

/** Reads back what `tokenizerJson` wrote. */
export function readBpe(folder: string): Bpe {
  const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8')) as {
    model: { vocab: Record<string, number>; merges: string[] }
  }
  const merges = model.merges.map(merge => {
    const [left = '', right = ''] = merge.split(' ')
    return [left, right] as const
  })
  return { vocabulary: new Map(Object.entries(model.vocab)), merges }
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      corpus: { type: 'string', default: '.cache/base-model/train.txt' },
      out: { type: 'string', default: 'daemon/assets/seedling' },
      documents: { type: 'string', default: '200000' }
    }
  })
  const documents = readFileSync(values.corpus, 'utf8').split('\n').slice(0, Number(values.documents))
  const markers = new RegExp(SPECIAL_TOKENS.map(s => s.replace(/[|<>]/g, '\\$&')).join('|'))
  const bpe = trainBpe(
    documents.flatMap(document => document.split(markers)),
    SPECIAL_TOKENS,
    VOCABULARY
  )
  mkdirSync(values.out, { recursive: true })
  writeFileSync(join(values.out, 'tokenizer.json'), `${JSON.stringify(tokenizerJson(bpe))}\n`)
  writeFileSync(join(values.out, 'tokenizer_config.json'), `${JSON.stringify(tokenizerConfig(), null, 2)}\n`)
  console.log(
    `tokenizer: ${bpe.vocabulary.size} tokens, ${bpe.merges.length} merges, from ${documents.length} documents`
  )
}

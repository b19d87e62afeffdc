// How a byte-level vocabulary's text is cut before it is merged. GGUF says it by a name, tokenizer.json by its parts.

/** GPT-2's words, which ByteLevel cuts by itself. */
const words = String.raw`'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
const digit = String.raw`\p{N}`
const llama3 = (digits: string): string =>
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|` +
  digits +
  String.raw`| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
/** GPT-2's words with each digit apart, in one expression. */
const wordsAndDigits = String.raw`'(?:s|t|re|ve|m|ll|d)| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

export interface Cutting {
  /** What GGUF calls it; the first is what is written. */
  readonly names: readonly string[]
  /** Expressions that each cut what the one before left; 'words' is ByteLevel's own. */
  readonly steps: readonly string[]
  /** The normal form that texts are brought into first. */
  readonly form?: 'NFC'
  /** A piece that is a token stays whole, however its parts would merge. */
  readonly whole?: boolean
  /** Other steps that come to the same where no token joins blanks. */
  readonly likeWithoutBlanks?: readonly string[]
}

const cuttings: readonly Cutting[] = [
  { names: ['gpt-2', 'phi-2', 'roberta-bpe', 'olmo', 'mpt', 'jais'], steps: [words] },
  {
    names: ['smollm', 'starcoder', 'refact', 'command-r', 'codeshell', 'exaone', 'minerva-7b'],
    steps: [digit, words],
    likeWithoutBlanks: [wordsAndDigits]
  },
  {
    names: ['llama-bpe', 'llama3', 'llama-v3', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2'],
    steps: [llama3(String.raw`\p{N}{1,3}`)],
    whole: true
  },
  { names: ['smaug-bpe', 'dbrx'], steps: [llama3(String.raw`\p{N}{1,3}`)] },
  {
    names: ['qwen2', 'deepseek-r1-qwen', 'megrez'],
    steps: [llama3(digit)],
    form: 'NFC'
  }
]

export const cuttingOf = (name: string): Cutting | undefined => cuttings.find(({ names }) => names.includes(name))

/** Names that are known, for a refusal. */
export const knownCuttings = (): string => cuttings.map(({ names: [first] }) => first).join(', ')

/** The parts of tokenizer.json that cut so. */
export function partsOf({ steps, form }: Cutting): { normalizer: unknown; pre_tokenizer: unknown } {
  const own = steps.at(-1) === words
  const splits = (own ? steps.slice(0, -1) : steps).map(pattern => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Isolated',
    invert: false
  }))
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: own }
  return {
    normalizer: form === undefined ? null : { type: form },
    pre_tokenizer: splits.length === 0 ? bytes : { type: 'Sequence', pretokenizers: [...splits, bytes] }
  }
}

/** The cutting that a tokenizer.json's parts are; undefined where it is none that has a name. */
export function namedCutting(json: {
  readonly normalizer?: unknown
  readonly pre_tokenizer?: unknown
  readonly whole: boolean
  /** Whether some token joins blanks or line breaks. */
  readonly joinsBlanks: boolean
}): Cutting | undefined {
  const steps = stepsOf(json.pre_tokenizer)
  if (steps === undefined) return undefined
  const form = json.normalizer === null || json.normalizer === undefined ? undefined : fieldOf(json.normalizer, 'type')
  const same = (other: readonly string[] | undefined): boolean => other?.join('\n') === steps.join('\n')
  return cuttings.find(
    one =>
      (one.whole ?? false) === json.whole &&
      (form === undefined || form === one.form) &&
      (same(one.steps) || (!json.joinsBlanks && same(one.likeWithoutBlanks)))
  )
}

const fieldOf = (part: unknown, field: string): unknown =>
  typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[field] : undefined

/** The steps of a pre-tokenizer that ends in bytes; undefined where it has one of another kind. */
function stepsOf(part: unknown): string[] | undefined {
  switch (fieldOf(part, 'type')) {
    case 'Sequence': {
      const parts: unknown = fieldOf(part, 'pretokenizers')
      const inner = Array.isArray(parts) ? parts.map(stepsOf) : [undefined]
      return inner.includes(undefined) ? undefined : (inner.flat() as string[])
    }
    case 'ByteLevel':
      if (fieldOf(part, 'add_prefix_space') === true) return undefined
      return fieldOf(part, 'use_regex') === false ? [] : [words]
    case 'Digits':
      return fieldOf(part, 'individual_digits') === true ? [digit] : undefined
    case 'Split': {
      const pattern = fieldOf(fieldOf(part, 'pattern'), 'Regex')
      const plain = fieldOf(part, 'behavior') === 'Isolated' && fieldOf(part, 'invert') !== true
      return plain && typeof pattern === 'string' ? [pattern] : undefined
    }
    default:
      return undefined
  }
}

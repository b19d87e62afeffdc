import { ModelError } from '../graph/errors.ts'

// How a tokenizer.json cuts text into pieces before it merges them. The library that reads it here knows fewer ways
// than the one that wrote it, and takes some for others without a word: their tokens would be another model's. So parts
// are put into words that it knows, and what has no such words is refused by name.

type Part = Record<string, unknown>
const isPart = (part: unknown): part is Part => typeof part === 'object' && part !== null && !Array.isArray(part)

const deepestPart = 8

/** One match of an expression is a piece, and so is what lies between two. */
const isolated = (pattern: string): Part => ({
  type: 'Split',
  pattern: { Regex: pattern },
  behavior: 'Isolated',
  invert: false
})
/** Letters of words, as Rust's expressions have them. */
const letters = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d`
/** SentencePiece's mark for a blank. */
const blank = '\u2581'
const punctuation = String.raw`[\p{P}\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]`

/**
 * A repetition that gives nothing back (`++`, `?+`, `*+`, or a group `(?>`) is read as a usual one: the same only where
 * nothing stands after it that could fail. (A number in braces and a plus is no such one in these expressions.)
 */
const keepsAll = /\(\?>|[+*?]\+(?![|)]|$)/
/** What stands in an expression without its escapes and classes, in which such signs are none. */
const bare = (expression: string): string => expression.replaceAll(/\\./gsu, '__').replaceAll(/\[[^\]]*\]/gu, '_')

/** @returns a tokenizer.json that is cut alike by both libraries @throws ModelError `tokenizer-invalid` */
export function withKnownParts(json: Record<string, unknown>, file: string): Record<string, unknown> {
  const refuse = (what: string): ModelError =>
    new ModelError('tokenizer-invalid', `${file}: ${what} is not supported`, {
      help: 'Its tokens would be others than the model was trained with. Take a model whose tokenizer does without.'
    })
  for (const token of Array.isArray(json['added_tokens']) ? (json['added_tokens'] as unknown[]) : [])
    // [invalid] A token is found wherever it stands.
    if (isPart(token) && token['single_word'] === true)
      throw refuse(`the token ${String(token['content']).slice(0, 40)}, which counts as a word of its own alone,`)
  return {
    ...json,
    pre_tokenizer: knownCut(json['pre_tokenizer'], refuse, 0),
    decoder: knownDecoder(json['decoder'])
  }
}

/** Where no blank was put before a text, none is taken away again. */
function knownDecoder(part: unknown): unknown {
  if (!isPart(part)) return part
  const { type, decoders, replacement = blank, prepend_scheme: scheme } = part
  if (type === 'Metaspace' && scheme === 'never')
    return { type: 'Replace', pattern: { String: replacement }, content: ' ' }
  return Array.isArray(decoders) ? { ...part, decoders: decoders.map(knownDecoder) } : part
}

function knownCut(part: unknown, refuse: (what: string) => ModelError, depth: number): unknown {
  if (!isPart(part)) return part
  // [invalid] A sequence of parts is no deeper than any useful one.
  if (depth > deepestPart) throw refuse('a pre_tokenizer that is nested so deep')
  const { type, behavior, pretokenizers } = part
  switch (type) {
    case 'Sequence':
      return Array.isArray(pretokenizers)
        ? { ...part, pretokenizers: pretokenizers.map(inner => knownCut(inner, refuse, depth + 1)) }
        : part
    case 'Digits':
      return isolated(part['individual_digits'] === true ? String.raw`\p{N}` : String.raw`\p{N}+`)
    case 'Whitespace':
      return { ...isolated(`[${letters}]+|[^${letters}\\s]+`), behavior: 'Removed', invert: true }
    case 'Punctuation':
      if (behavior === undefined || behavior === 'Isolated') return isolated(punctuation)
      if (behavior === 'Contiguous') return isolated(`${punctuation}+`)
      throw refuse(`Punctuation that is ${wordOf(behavior)}`)
    case 'Split':
      return knownSplit(part, refuse)
    default:
      return part
  }
}

const wordOf = (behavior: unknown): string => (typeof behavior === 'string' ? behavior.slice(0, 40) : 'of no kind')

function knownSplit(part: Part, refuse: (what: string) => ModelError): Part {
  const { behavior, invert } = part
  const pattern = isPart(part['pattern']) ? part['pattern'] : {}
  const { Regex: expression, String: fixed } = pattern
  // [invalid] What a text is cut by is an expression or a text.
  if (typeof expression !== 'string' && typeof fixed !== 'string') throw refuse('Split by what is no pattern')
  // [invalid] An expression means the same in both.
  if (typeof expression === 'string' && keepsAll.test(bare(expression)))
    throw refuse('an expression whose repetitions give nothing back (possessive, atomic)')
  const one = `(?:${typeof expression === 'string' ? expression : literal(String(fixed))})`
  const between = `(?:(?!${one})[\\s\\S])+`
  switch (behavior) {
    // Pieces and what lies between them: which of both is called a match makes no difference.
    case 'Isolated':
      return { ...part, invert: false }
    case 'Contiguous':
      return isolated(`${one}+`)
    case 'Removed':
      return { ...isolated(one), behavior, invert: invert === true }
    case 'MergedWithPrevious':
      if (invert !== true) return isolated(`${between}${one}|${one}`)
      break
    case 'MergedWithNext':
      if (invert !== true) return isolated(`${one}${between}|${one}`)
      break
    default:
  }
  throw refuse(`Split that is ${wordOf(behavior)}${invert === true ? ', inverted,' : ''}`)
}

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/**
 * What tokenizer_config.json says beyond tokenizer.json, where libraries go by it and this one does not.
 * @throws ModelError `tokenizer-invalid`
 */
export function checkTokenizerConfig(
  config: Record<string, unknown>,
  json: Record<string, unknown>,
  file: string
): void {
  const refuse = (what: string, help: string): ModelError =>
    new ModelError('tokenizer-invalid', `${file}: ${what}`, { help })
  // [invalid] Special tokens are found in a text.
  if (config['split_special_tokens'] === true)
    throw refuse('split_special_tokens is not supported', 'Take it out: templates write such tokens as text.')
  const cut = json['pre_tokenizer']
  const own = isPart(cut) && cut['type'] === 'ByteLevel' ? cut['add_prefix_space'] === true : undefined
  // [invalid] Both files say alike whether a blank is put before a text.
  if (own !== undefined && typeof config['add_prefix_space'] === 'boolean' && config['add_prefix_space'] !== own)
    throw refuse(
      `add_prefix_space is ${!own}, and ${own} in tokenizer.json`,
      'Libraries differ in which of both counts: put them right, as the model was trained.'
    )
  const tokens: unknown = config['added_tokens_decoder']
  const known = knownTokens(json)
  // [invalid] A token that is named stands in the tokenizer.
  for (const token of isPart(tokens) ? Object.values(tokens) : [])
    if (isPart(token) && typeof token['content'] === 'string' && !known(token['content']))
      throw refuse(
        `its token ${token['content'].slice(0, 40)} does not stand in tokenizer.json`,
        'Load the tokenizer with transformers, and save_pretrained writes both files as it has them.'
      )
}

function knownTokens({ model, added_tokens: added }: Record<string, unknown>): (token: string) => boolean {
  const listed = Array.isArray(added) ? added.map((token: unknown) => isPart(token) && token['content']) : []
  const names = new Set<unknown>(listed)
  const vocabulary = isPart(model) ? model['vocab'] : undefined
  if (Array.isArray(vocabulary))
    for (const entry of vocabulary) names.add(Array.isArray(entry) ? (entry[0] as unknown) : entry)
  return token => names.has(token) || (isPart(vocabulary) && Object.hasOwn(vocabulary, token))
}

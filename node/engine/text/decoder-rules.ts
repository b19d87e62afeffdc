import { ModelError } from '../graph/errors.ts'

/** Characters of a token, and of what a decoder puts in place of some. */
const longestToken = 8_192
const longestReplacement = 64
const deepestDecoder = 8

/**
 * Decoding happens for each token of each answer, in the thread that decodes for all: so what a tokenizer's file says
 * of it takes a time that follows from the tokens' number alone. Encoding may run a stranger's regular expressions, and
 * has a process of its own for it (reader.ts).
 */
export function checkDecoder(json: Record<string, unknown>, file: string): void {
  const refuse = (what: string): ModelError =>
    new ModelError('tokenizer-invalid', `${file}: ${what}`, { help: 'Use a model whose tokenizer does without.' })
  // [invalid] A decoder replaces fixed text by a little text.
  const visit = (part: unknown, depth: number): void => {
    if (typeof part !== 'object' || part === null) return
    if (depth > deepestDecoder) throw refuse('the decoder is nested too deep')
    const { pattern, content, decoders } = part as Record<string, unknown>
    if (typeof pattern === 'object' && pattern !== null && 'Regex' in pattern)
      throw refuse('a decoder with a regular expression is not supported')
    if (typeof content === 'string' && content.length > longestReplacement)
      throw refuse(`a decoder that puts in ${content.length} characters is not supported`)
    if (Array.isArray(decoders)) {
      if (decoders.length > 2 * deepestDecoder) throw refuse('the decoder has too many parts')
      for (const inner of decoders) visit(inner, depth + 1)
    }
  }
  visit(json['decoder'], 0)
  // [invalid] A token is not longer than any useful one.
  for (const token of tokensOf(json))
    if (token.length > longestToken) throw refuse(`a token of ${token.length} characters is not supported`)
}

function* tokensOf({ model, added_tokens: added }: Record<string, unknown>): Generator<string> {
  const vocab: unknown = typeof model === 'object' && model !== null && 'vocab' in model ? model.vocab : undefined
  // A list of [token, score] for Unigram, else tokens by name.
  const names: unknown[] = Array.isArray(vocab)
    ? vocab.map((entry: unknown) => (Array.isArray(entry) ? (entry[0] as unknown) : undefined))
    : typeof vocab === 'object' && vocab !== null
      ? Object.keys(vocab)
      : []
  for (const name of names) if (typeof name === 'string') yield name
  for (const token of Array.isArray(added) ? (added as unknown[]) : [])
    if (typeof token === 'object' && token !== null && 'content' in token && typeof token.content === 'string')
      yield token.content
}

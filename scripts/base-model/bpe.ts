// Byte-level byte-pair encoding: training (Sennrich et al. 2016, on bytes as in GPT-2) and a fast encoder for whole
// corpora. The encoder gives what @huggingface/tokenizers gives for the same tokenizer.json; a test compares them.

/**
 * How text is cut before merging: words with one leading blank, single digits, runs of signs, runs of blanks. Single
 * digits make numbers of the same length look alike, so a small model can copy and compare them.
 */
export const SPLIT = "'(?:s|t|re|ve|m|ll|d)| ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

/** GPT-2's printable stand-in for each byte. */
export const BYTE_TO_CHARACTER: readonly string[] = (() => {
  const characters: string[] = []
  let next = 256
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174
    characters.push(String.fromCodePoint(printable ? byte : next++))
  }
  return characters
})()

export interface Bpe {
  /** Token text (in byte stand-ins; special tokens as they are) → id. */
  readonly vocabulary: ReadonlyMap<string, number>
  readonly merges: readonly (readonly [string, string])[]
}

const bytesOf = new TextEncoder()
const standIns = (text: string): string[] => Array.from(bytesOf.encode(text), byte => BYTE_TO_CHARACTER[byte] ?? '')

/**
 * Trains up to `size` tokens, `specials` first, then all bytes, then merges by count (ties: the earlier pair by text).
 */
export function trainBpe(texts: Iterable<string>, specials: readonly string[], size: number): Bpe {
  const counts = new Map<string, number>()
  for (const text of texts)
    for (const [word] of text.matchAll(new RegExp(SPLIT, 'gu'))) counts.set(word, (counts.get(word) ?? 0) + 1)
  const words = [...counts].map(([word, count]) => ({ parts: standIns(word), count }))
  const vocabulary = new Map<string, number>([...specials, ...BYTE_TO_CHARACTER].map((token, id) => [token, id]))
  const merges: [string, string][] = []
  const pairs = new Map<string, { count: number; words: Set<number> }>()
  const add = (index: number, sign: 1 | -1): void => {
    const word = words[index]
    if (word === undefined) return
    for (let i = 0; i + 1 < word.parts.length; i++) {
      const key = `${word.parts[i] ?? ''} ${word.parts[i + 1] ?? ''}`
      const pair = pairs.get(key) ?? { count: 0, words: new Set<number>() }
      pair.count += sign * word.count
      pair.words.add(index)
      pairs.set(key, pair)
    }
  }
  words.forEach((_, index) => {
    add(index, 1)
  })
  while (vocabulary.size < size) {
    let best = ''
    let most = 1
    for (const [key, pair] of pairs)
      if (pair.count > most || (pair.count === most && key < best)) {
        best = key
        most = pair.count
      }
    const chosen = pairs.get(best)
    if (chosen === undefined) break
    const [left = '', right = ''] = best.split(' ')
    merges.push([left, right])
    vocabulary.set(left + right, vocabulary.size)
    for (const index of chosen.words) {
      const word = words[index]
      if (word === undefined) continue
      add(index, -1)
      word.parts = mergePair(word.parts, left, right)
      add(index, 1)
    }
    pairs.delete(best)
  }
  return { vocabulary, merges }
}

function mergePair(parts: readonly string[], left: string, right: string): string[] {
  const merged: string[] = []
  for (let i = 0; i < parts.length; i++) {
    if (parts[i] === left && parts[i + 1] === right) {
      merged.push(left + right)
      i++
    } else merged.push(parts[i] ?? '')
  }
  return merged
}

/** An encoder that remembers the words it has seen; special tokens in the text become their ids. */
export function bpeEncoder(bpe: Bpe, specials: readonly string[]): (text: string) => number[] {
  const ranks = new Map(bpe.merges.map(([left, right], rank) => [`${left} ${right}`, rank]))
  const known = new Map<string, number[]>()
  const splitSpecials = new RegExp(`(${specials.map(s => s.replace(/[|<>/]/g, '\\$&')).join('|')})`)
  const encodeWord = (word: string): number[] => {
    let parts = standIns(word)
    for (;;) {
      let best = Infinity
      let at = -1
      for (let i = 0; i + 1 < parts.length; i++) {
        const rank = ranks.get(`${parts[i] ?? ''} ${parts[i + 1] ?? ''}`) ?? Infinity
        if (rank < best) {
          best = rank
          at = i
        }
      }
      if (at < 0) return parts.map(part => bpe.vocabulary.get(part) ?? 0)
      parts = mergePair(parts, parts[at] ?? '', parts[at + 1] ?? '')
    }
  }
  return text => {
    const ids: number[] = []
    for (const piece of text.split(splitSpecials)) {
      const special = specials.includes(piece) ? bpe.vocabulary.get(piece) : undefined
      if (special !== undefined) {
        ids.push(special)
        continue
      }
      for (const [word] of piece.matchAll(new RegExp(SPLIT, 'gu'))) {
        let encoded = known.get(word)
        if (encoded === undefined) {
          encoded = encodeWord(word)
          known.set(word, encoded)
        }
        for (const id of encoded) ids.push(id)
      }
    }
    return ids
  }
}

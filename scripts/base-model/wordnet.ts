// Reads the database files of WordNet 3.0 as Debian's package `wordnet-base` installs them (format: man 5 wndb).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export type PartOfSpeech = 'noun' | 'verb' | 'adjective' | 'adverb'

export interface Synset {
  /** Letter of the file and byte offset, e.g. `n14622893`. */
  readonly key: string
  readonly pos: PartOfSpeech
  /**
   * Number of the lexicographer file: 05 animals, 15 places, 18 people, 20 plants, 23 quantities … (man 5 lexnames).
   */
  readonly topic: number
  /** Words, blanks for underscores, syntactic markers removed; the first is the usual one. */
  readonly words: readonly string[]
  readonly definition: string
  readonly examples: readonly string[]
  readonly pointers: readonly Pointer[]
  /** How often the tagged texts use it in this sense; 0 for most. */
  readonly uses: number
}

export interface Pointer {
  /** `@` is a kind of, `@i` is an instance of, `#p` is part of, `!` opposite … */
  readonly symbol: string
  readonly target: string
  /** One-based words the pointer is between; 0 for the whole synset. */
  readonly from: number
  readonly to: number
}

export type WordNet = ReadonlyMap<string, Synset>

const FILES: readonly (readonly [string, PartOfSpeech, string])[] = [
  ['data.noun', 'noun', 'n'],
  ['data.verb', 'verb', 'v'],
  ['data.adj', 'adjective', 'a'],
  ['data.adv', 'adverb', 'r']
]
const TYPE_NUMBER: Record<string, number> = { n: 1, v: 2, a: 3, r: 4, s: 5 }

/** All synsets of the four files in `folder`, by key. */
export function readWordNet(folder: string): WordNet {
  const counts = readCounts(readFileSync(join(folder, 'cntlist.rev'), 'utf8'))
  const synsets = new Map<string, Synset>()
  for (const [file, pos, letter] of FILES) {
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      const synset = parseLine(line, pos, letter, counts)
      if (synset !== undefined) synsets.set(synset.key, synset)
    }
  }
  return synsets
}

/** One line of a data file; undefined for the licence header (it starts with blanks) and empty lines. */
export function parseLine(
  line: string,
  pos: PartOfSpeech,
  letter: string,
  counts: ReadonlyMap<string, number>
): Synset | undefined {
  if (line === '' || line.startsWith(' ')) return undefined
  const bar = line.indexOf(' | ')
  const fields = line.slice(0, bar).split(' ')
  const [offset = '', topic = '0', type = 'n', wordCount = '0'] = fields
  let at = 4
  const words: string[] = []
  let uses = 0
  for (let i = 0; i < Number.parseInt(wordCount, 16); i++) {
    const word = (fields[at] ?? '').replace(/\((?:a|p|ip)\)$/, '')
    const id = Number.parseInt(fields[at + 1] ?? '0', 16)
      .toString()
      .padStart(2, '0')
    uses += counts.get(`${word.toLowerCase()}%${TYPE_NUMBER[type] ?? 0}:${topic}:${id}`) ?? 0
    words.push(word.replaceAll('_', ' '))
    at += 2
  }
  const pointers: Pointer[] = []
  const pointerCount = Number.parseInt(fields[at] ?? '0', 10)
  at += 1
  for (let i = 0; i < pointerCount; i++, at += 4) {
    const ends = fields[at + 3] ?? '0000'
    pointers.push({
      symbol: fields[at] ?? '',
      target: `${fields[at + 2] === 's' ? 'a' : (fields[at + 2] ?? '')}${fields[at + 1] ?? ''}`,
      from: Number.parseInt(ends.slice(0, 2), 16),
      to: Number.parseInt(ends.slice(2), 16)
    })
  }
  return { key: letter + offset, pos, topic: Number(topic), words, ...parseGloss(line.slice(bar + 3)), pointers, uses }
}

/** `definition; more; "example"` → the definition without its examples, and the examples without quotes. */
export function parseGloss(gloss: string): { definition: string; examples: string[] } {
  const examples = [...gloss.matchAll(/"([^"]+)"/g)].map(match => (match[1] ?? '').trim())
  const definition = gloss
    .replace(/;?\s*"[^"]*"?[^;]*/g, '')
    .replaceAll('`', "'")
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[;:,]$/, '')
  return { definition, examples }
}

function readCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of text.split('\n')) {
    const [key, , count] = line.split(' ')
    if (key === undefined || count === undefined) continue
    counts.set(key.split(':').slice(0, 3).join(':'), Number(count))
  }
  return counts
}

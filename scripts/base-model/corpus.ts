// Builds the training text of the base model from WordNet 3.0: one document a line, train.txt and held-out.txt.
//
//   apt-get install wordnet-base                      (or: apt-get download wordnet-base && dpkg -x wordnet-base*.deb
// DIR)
//   node scripts/base-model/corpus.ts --wordnet /usr/share/wordnet --out .cache/base-model --documents 700000
//
// WordNet's licence allows use, change and distribution for any purpose with its notice; the text itself is not
// committed. A synset is in the held-out part or in the training part, never in both.
import { mkdirSync, writeFileSync, openSync, writeSync, closeSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Form } from './documents.ts'
import { definitionForms } from './forms/definitions.ts'
import { factForms } from './forms/facts.ts'
import { letterForms } from './forms/letters.ts'
import { relationForms } from './forms/relations.ts'
import { elementRule } from './no-elements.ts'
import { Random, stableHash, weighted } from './random.ts'
import { readWordNet, type Synset, type WordNet } from './wordnet.ts'

/** One synset in fifty is held out, whatever else is in the corpus. */
export const isHeldOut = (synset: Synset): boolean => stableHash(synset.key) % 50 === 0

/**
 * What the base is trained on: no elements, no scientific names of animals and plants (they would fill the vocabulary).
 */
export function usableSynsets(wordnet: WordNet): Synset[] {
  const aboutElement = elementRule(wordnet)
  const scientific = (s: Synset): boolean =>
    (s.topic === 5 || s.topic === 20) && /^(genus|family|order|class|phylum|[A-Z])/.test(s.words[0] ?? '')
  return [...wordnet.values()].filter(s => !aboutElement(s) && !scientific(s) && s.definition.length > 3)
}

/** All forms over one part of the synsets. */
export function corpusForms(wordnet: WordNet, part: readonly Synset[], usable: ReadonlySet<string>): Form[] {
  return [
    ...definitionForms(part),
    ...relationForms(wordnet, part, s => usable.has(s.key)),
    ...factForms(wordnet, part),
    ...letterForms(part)
  ]
}

/** `count` documents, each drawn from a form by the forms' shares. */
export function* drawDocuments(forms: readonly Form[], count: number, seed: number): Generator<string> {
  const random = new Random(seed)
  const form = weighted(forms, f => f.share)
  for (let i = 0; i < count; i++) yield form(random).draw(random).replace(/\s+/g, ' ')
}

function writeDocuments(path: string, documents: Iterable<string>): number {
  const file = openSync(path, 'w')
  let bytes = 0
  let buffer: string[] = []
  const flush = (): void => {
    bytes += writeSync(file, buffer.join(''))
    buffer = []
  }
  for (const document of documents) {
    buffer.push(`${document}\n`)
    if (buffer.length === 10_000) flush()
  }
  flush()
  closeSync(file)
  return bytes
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      wordnet: { type: 'string', default: '/usr/share/wordnet' },
      out: { type: 'string', default: '.cache/base-model' },
      documents: { type: 'string', default: '700000' },
      seed: { type: 'string', default: '1' }
    }
  })
  mkdirSync(values.out, { recursive: true })
  const wordnet = readWordNet(values.wordnet)
  const usable = usableSynsets(wordnet)
  const keys = new Set(usable.map(s => s.key))
  const parts = { train: usable.filter(s => !isHeldOut(s)), 'held-out': usable.filter(isHeldOut) }
  for (const [name, part] of Object.entries(parts)) {
    const forms = corpusForms(wordnet, part, keys)
    const count = name === 'train' ? Number(values.documents) : 4000
    const bytes = writeDocuments(
      join(values.out, `${name}.txt`),
      drawDocuments(forms, count, Number(values.seed) + (name === 'train' ? 0 : 1))
    )
    console.log(`${name}: ${part.length} synsets, ${count} documents, ${(bytes / 1e6).toFixed(1)} MB`)
  }
  const made = {
    wordnet: '3.0',
    synsets: wordnet.size,
    used: usable.length,
    documents: Number(values.documents),
    seed: Number(values.seed)
  }
  writeFileSync(join(values.out, 'corpus.json'), `${JSON.stringify(made)}\n`)
}

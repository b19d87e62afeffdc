import assert from 'node:assert/strict'
import { mean } from '../../scripts/base-model/average.ts'
import { corpusForms, drawDocuments, usableSynsets } from '../../scripts/base-model/corpus.ts'
import { fill } from '../../scripts/base-model/documents.ts'
import { readFacts } from '../../scripts/base-model/forms/facts.ts'
import { elementRule, elementSynsets } from '../../scripts/base-model/no-elements.ts'
import { packWindows } from '../../scripts/base-model/pack.ts'
import {
  parseGloss,
  parseLine,
  type PartOfSpeech,
  type Synset,
  type WordNet
} from '../../scripts/base-model/wordnet.ts'

// Lines in the form of WordNet's data files, shortened to what the test needs.
const LINES: readonly (readonly [PartOfSpeech, string])[] = [
  ['noun', '00000001 03 n 01 entity 0 000 | that which is perceived to have its own existence'],
  [
    'noun',
    '00000002 27 n 02 chemical_element 0 element 0 003 @ 00000001 n 0000 ~ 00000003 n 0000 ~ 00000004 n 0000 ' +
      '| any of the more than 100 known substances'
  ],
  [
    'noun',
    '00000003 27 n 03 iron 0 Fe 0 atomic_number_26 0 001 @ 00000002 n 0000 | a heavy ductile magnetic metallic element'
  ],
  [
    'noun',
    '00000004 27 n 02 noble_gas 0 inert_gas 0 002 @ 00000002 n 0000 ~ 00000005 n 0000 ' +
      '| any of the chemically inert gaseous elements'
  ],
  ['noun', '00000005 27 n 03 argon 0 Ar 0 atomic_number_18 0 001 @ 00000004 n 0000 | a colorless inert gas'],
  [
    'noun',
    '00000006 18 n 02 Rayleigh 0 John_Strutt 0 001 @i 00000001 n 0000 ' +
      '| English physicist who discovered argon (1842-1919)'
  ],
  [
    'noun',
    '00000007 18 n 02 Whitman 0 Walt_Whitman 0 001 @i 00000001 n 0000 ' +
      '| American poet who wrote a famous book of verse (1819-1892)'
  ],
  ['noun', '00000008 06 n 01 ring 0 001 @ 00000001 n 0000 | jewelry made of iron or gold; "she wore a ring"'],
  [
    'noun',
    '00000009 15 n 02 Paris 0 French_capital 0 002 @i 00000001 n 0000 #p 00000010 n 0000 ' +
      '| the capital and largest city of France; and an international center'
  ],
  ['noun', '00000010 15 n 01 France 0 001 @i 00000001 n 0000 | a republic in western Europe'],
  [
    'noun',
    '00000011 23 n 03 twenty-six 0 26 0 XXVI 0 001 @ 00000001 n 0000 | the cardinal number that follows twenty-five'
  ],
  ['adjective', '00000012 00 a 01 hot(p) 0 001 ! 00000013 a 0101 | having a high temperature; "a hot stove"'],
  ['adjective', '00000013 00 a 01 cold 0 001 ! 00000012 a 0101 | having a low temperature; "a cold climate"']
]
const letter = { noun: 'n', verb: 'v', adjective: 'a', adverb: 'r' } as const
const synsets = LINES.map(([pos, line]) => parseLine(line, pos, letter[pos], new Map()) as Synset)
const wordnet: WordNet = new Map(synsets.map(s => [s.key, s]))

describe('base model: reading WordNet', () => {
  it('skips the licence header and reads words, pointers and examples', () => {
    assert.equal(parseLine('  1 This software and database is being provided', 'noun', 'n', new Map()), undefined)
    const hot = wordnet.get('a00000012')
    assert.deepEqual(hot?.words, ['hot'])
    assert.equal(hot.definition, 'having a high temperature')
    assert.deepEqual(hot.examples, ['a hot stove'])
    assert.deepEqual(hot.pointers, [{ symbol: '!', target: 'a00000013', from: 1, to: 1 }])
  })

  it('takes a definition with a quotation mark that never closes', () => {
    assert.equal(parseGloss('a tool; "he used it').definition, 'a tool')
  })

  it('finds facts in definitions', () => {
    const facts = readFacts(wordnet, synsets).map(f => `${f.entity}|${f.attribute}|${f.value}`)
    for (const fact of [
      'France|capital|Paris',
      'Walt Whitman|born|1819',
      'Walt Whitman|died|1892',
      'Walt Whitman|work|poet',
      'twenty-six|figure|26',
      'twenty-six|roman|XXVI'
    ])
      assert.ok(facts.includes(fact), fact)
  })
})

describe('base model: what it must not know', () => {
  it('withholds elements, their families and statements about them, and nothing else', () => {
    const rule = elementRule(wordnet)
    assert.deepEqual([...elementSynsets(wordnet)].sort(), ['n00000002', 'n00000003', 'n00000004', 'n00000005'])
    assert.deepEqual(
      synsets.filter(rule).map(s => s.words[0]),
      ['chemical element', 'iron', 'noble gas', 'argon', 'Rayleigh']
    )
  })

  it('draws documents that say nothing about an element, and the same ones each time', () => {
    const usable = usableSynsets(wordnet)
    const forms = corpusForms(wordnet, usable, new Set(usable.map(s => s.key)))
    const documents = [...drawDocuments(forms, 3000, 1)]
    assert.deepEqual([...drawDocuments(forms, 3000, 1)], documents)
    assert.ok(documents.some(d => d.includes('ring')) && documents.some(d => d.includes('Paris')))
    for (const document of documents)
      assert.doesNotMatch(document, /atomic|\bFe\b|\bargon\b|Rayleigh|chemical element|noble gas/i, document)
  })

  it('refuses a template with a place that nothing fills', () => {
    assert.throws(() => fill('What is {x} of {y}?', { x: 'it' }), RangeError)
  })
})

describe('base model: packing', () => {
  it('loses no token of a document that fits, breaks none, and cuts those that do not', async () => {
    const lengths = [5, 7, 3, 20, 9, 1, 8, 8, 2, 6]
    async function* documents(): AsyncGenerator<number[]> {
      for (const [i, n] of lengths.entries()) yield Array.from({ length: n }, () => i + 1)
    }
    const windows: Uint16Array[] = []
    for await (const window of packWindows(documents(), 16)) windows.push(window)
    const counts = lengths.map((_, i) => windows.reduce((sum, w) => sum + w.filter(id => id === i + 1).length, 0))
    assert.deepEqual(
      counts,
      lengths.map(n => Math.min(n, 16))
    )
    for (const [i] of lengths.entries())
      assert.equal(windows.filter(w => w.includes(i + 1)).length, 1, `document ${i} is in one window`)
  })
})

describe('base model: averaging', () => {
  it('takes the mean of weights, and shows when folders do not fit', () => {
    assert.deepEqual(mean([Float32Array.of(1, 2), Float32Array.of(3, -2)]), Float32Array.of(2, 0))
    assert.ok(Number.isNaN(mean([Float32Array.of(1, 2), Float32Array.of(3)])[1]))
  })
})

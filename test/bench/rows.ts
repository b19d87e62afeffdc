import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { RowIndex, printRow } from '../../protocol/data/index.ts'
import type { Row } from '../../protocol/data/index.ts'
import { keccak } from '../../protocol/primitives/index.ts'
import { createAcceptedRows } from '../../node/data/validator/rows.ts'
import { Random } from '../../node/engine/index.ts'
import { openStore } from '../../node/store/index.ts'

// How well copies are told from rows of their own, on a labelled set made here, and what the index of accepted rows
// costs. Everything follows from the seed.

const { values } = parseArgs({
  options: {
    facts: { type: 'string', default: '10000' },
    copies: { type: 'string', default: '2000' },
    rows: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false }
  }
})
const random = new Random(Number(values.seed))
const below = (n: number): number => Math.floor(random.uniform() * n)
const pick = <T>(of: readonly T[]): T => of[below(of.length)] as T

const syllables = Array.from('bdfgklmnprstvz').flatMap(consonant => Array.from('aeiou').map(vowel => consonant + vowel))
/** The n-th name of three syllables, in an order without a pattern: at a letter's distance stand some fifty others. */
function nameOf(n: number): string {
  let rest = (n * 1_111_111) % syllables.length ** 3
  let out = ''
  for (let i = 0; i < 3; i++, rest = Math.floor(rest / syllables.length))
    out += syllables[rest % syllables.length] ?? ''
  return out
}
/** A name with another vowel at its end. */
const neighbourOf = (name: string): string =>
  name.slice(0, -1) + pick(Array.from('aeiou').filter(vowel => vowel !== name.at(-1)))
const colours = ['red', 'blue', 'green', 'white', 'black', 'yellow', 'brown', 'grey', 'violet', 'orange']
const cities = ['Lima', 'Oslo', 'Rome', 'Quito', 'Accra', 'Hanoi', 'Turin', 'Perth', 'Dakar', 'Kyoto']
const trades = ['bread', 'silk', 'iron', 'honey', 'salt', 'wool', 'coal', 'glass', 'paper', 'wine']
/** What can be asked of a thing: several wordings of each question, and its answers. */
const relations = [
  {
    ask: ['Which colour has the #?', 'What colour is the # seen by daylight?', 'Name the colour of the #.'],
    say: colours
  },
  {
    ask: ['In which city lives the #?', 'Where does the # have its home?', 'Which city is home to the #?'],
    say: cities
  },
  {
    ask: ['What does the # trade in?', 'Which goods come from the # guild?', 'Tell what the # merchants sell.'],
    say: trades
  },
  {
    ask: ['How many feathers has the #?', 'Count the feathers of the #.', 'The # has how many feathers altogether?'],
    say: Array.from({ length: 40 }, (_, i) => String(i + 3))
  }
] as const

interface Fact {
  readonly prompt: string
  readonly response: string
  /** Another wording of the same question. */
  readonly other: string
  readonly name: string
}
const rowOf = ({ prompt, response }: Pick<Fact, 'prompt' | 'response'>): Row => ({
  messages: [
    { role: 'user', content: prompt },
    { role: 'assistant', content: response }
  ]
})
function factOf(name: string, relation: number, wording: number): Fact {
  const { ask, say } = relations[relation % relations.length] ?? relations[0]
  const word = (at: number): string => (ask[at % ask.length] ?? '').replace('#', name)
  return { prompt: word(wording), other: word(wording + 1), response: pick(say), name }
}

const indexOf = (facts: readonly Fact[]): RowIndex => {
  const index = new RowIndex(500)
  for (const [row, fact] of facts.entries())
    index.add(printRow(rowOf(fact)), { contribution: keccak('first'), order: 1, row })
  return index
}
const isRepeat = (index: RowIndex, fact: Pick<Fact, 'prompt' | 'response'>): boolean => {
  const print = printRow(rowOf(fact))
  return index.exact(print, 2) !== undefined || index.near(print, 2) !== undefined
}

/** Rows of authors one after another, no fact twice: how many are called near another's. */
function falseNears(count: number, relation: (n: number) => number): number {
  const index = new RowIndex(500)
  let called = 0
  for (let n = 0; n < count; n++) {
    const author = Math.floor(n / Math.max(1, count / 5)) + 1
    const print = printRow(rowOf(factOf(nameOf(n), relation(n), 0)))
    if (index.exact(print, author) !== undefined || index.near(print, author) !== undefined) called++
    index.add(print, { contribution: keccak(String(author)), order: author, row: n })
  }
  return called
}

/** A letter of a word left out, doubled, put for another, or swapped with the next. */
function slipIn(word: string): string {
  const at = 1 + below(word.length - 2)
  const swapped = word.slice(0, at) + (word[at + 1] ?? '') + (word[at] ?? '') + word.slice(at + 2)
  const other = pick(Array.from('abcdefghijklmnopqrstuvwxyz'))
  return pick([
    word.slice(0, at) + word.slice(at + 1),
    word.slice(0, at) + (word[at] ?? '') + word.slice(at),
    word.slice(0, at) + other + word.slice(at + 1),
    swapped
  ])
}
function typo(prompt: string, isChosen: (word: string) => boolean): string | undefined {
  const words = prompt.split(' ')
  const able = words.flatMap((word, i) => (/^\p{L}{5,}$/u.test(word) && isChosen(word) ? [i] : []))
  if (able.length === 0) return undefined
  const at = pick(able)
  const slipped = slipIn(words[at] ?? '')
  return slipped === words[at] ? undefined : words.map((word, i) => (i === at ? slipped : word)).join(' ')
}
const fillers = ['exactly', 'actually', 'really', 'precisely', 'thanks', 'please', 'by the way']
const unlisted = ['my friend', 'for a quiz', 'in your view', 'so they say', 'for my homework']

/** What copiers do, each with whether it makes another row. */
const copying: Readonly<Record<string, (fact: Fact) => string | undefined>> = {
  'as it is': fact => fact.prompt,
  'case and punctuation': fact =>
    pick([fact.prompt.toUpperCase(), `${fact.prompt.replace(/[?.]$/, '')}??`, fact.prompt.toLowerCase()]),
  'a filler word of the list': fact => fact.prompt.replace(/[?.]$/, `, ${pick(fillers)}?`),
  'a clause moved': fact => {
    const words = fact.prompt.replace(/[?.]$/, '').split(' ')
    const at = 1 + below(words.length - 1)
    return `${[...words.slice(at), ...words.slice(0, at)].join(' ')}?`
  },
  'a slip in a word that many rows have': fact => typo(fact.prompt.replace(/[?.]$/, ''), word => word !== fact.name),
  'a slip in the name': fact => typo(fact.prompt.replace(/[?.]$/, ''), word => word === fact.name),
  'words of no list added': fact => fact.prompt.replace(/[?.]$/, `, ${pick(unlisted)}?`)
}
/** What is nobody's copy. */
const independent: Readonly<Record<string, (fact: Fact) => Pick<Fact, 'prompt' | 'response'>>> = {
  'another wording of the fact': fact => ({ prompt: fact.other, response: fact.response }),
  'another answer': fact => ({ prompt: fact.prompt, response: `not ${fact.response}` }),
  'the same of a thing a letter away': fact => ({
    prompt: fact.prompt.replace(fact.name, neighbourOf(fact.name)),
    response: fact.response
  }),
  'one more thing asked': fact => ({
    prompt: fact.prompt.replace(fact.name, `${fact.name} chick`),
    response: fact.response
  })
}

const facts = Number(values.facts)
const copies = Number(values.copies)
const precision = {
  'one question of every name': falseNears(facts, () => 0),
  'four questions of every fourth name': falseNears(facts, n => n)
}
const accepted = Array.from({ length: copies }, (_, n) => factOf(nameOf(n), n, Math.floor(n / 4)))
const index = indexOf(accepted)
const found = Object.entries(copying).map(([kind, copy]) => {
  const made = accepted.flatMap(fact => {
    const prompt = copy(fact)
    return prompt === undefined ? [] : [{ prompt, response: fact.response }]
  })
  return { kind, rows: made.length, called: made.filter(row => isRepeat(index, row)).length, copy: true }
})
const left = Object.entries(independent).map(([kind, make]) => {
  const made = accepted.map(make)
  return { kind, rows: made.length, called: made.filter(row => isRepeat(index, row)).length, copy: false }
})
const table = [...found, ...left]
const right = found.reduce((sum, { called }) => sum + called, 0)
const wrong = left.reduce((sum, { called }) => sum + called, 0)

/** What so many rows cost an index on disk, a thousand to a contribution. */
async function diskCost(count: number): Promise<Record<string, number>> {
  const folder = await mkdtemp(join(tmpdir(), 'rows-'))
  const store = await openStore(folder)
  const rows = createAcceptedRows(store)
  const datanet = keccak('bench')
  const began = performance.now()
  for (let order = 1; order * 1000 <= count; order++)
    await rows.add(
      datanet,
      { contribution: keccak(String(order)), order },
      Array.from({ length: 1000 }, (_, i) => [i, rowOf(factOf(nameOf(order * 1000 + i), order + i, i))] as const)
    )
  const added = performance.now()
  const asked = Array.from({ length: 1000 }, (_, i) => rowOf(factOf(nameOf(count * 2 + i), i, i)))
  await rows.like(datanet, asked, 500)
  const answered = performance.now()
  const memory = process.memoryUsage().rss
  await store.close()
  await rm(folder, { recursive: true, force: true })
  return {
    rows: count,
    'ms to add a row': (added - began) / count,
    'ms to ask for a row': (answered - added) / asked.length,
    'memory of the process, MB': memory / 2 ** 20
  }
}
const disk = await diskCost(Number(values.rows))

if (values.json) console.log(JSON.stringify({ facts, precision, table, disk }, undefined, 2))
else {
  for (const [what, called] of Object.entries(precision))
    console.log(`${what}: ${called} of ${facts} called near duplicates`)
  console.table(table)
  console.log(`recall ${((right / found.reduce((sum, { rows }) => sum + rows, 0)) * 100).toFixed(1)} %`)
  console.log(`precision ${((right / Math.max(1, right + wrong)) * 100).toFixed(2)} %`)
  console.table(disk)
}

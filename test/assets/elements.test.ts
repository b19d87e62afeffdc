import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HeldOut, printRow, RowIndex, type Row } from '../../protocol/data/index.ts'

interface Pair {
  prompt: string
  response: string
}

const assets = join(import.meta.dirname, '..', '..', 'daemon', 'assets')
const read = (path: string): Pair[] =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => {
      const row = JSON.parse(line) as Pair
      assert.deepEqual(Object.keys(row).sort(), ['prompt', 'response'], `${path}: ${line}`)
      assert.ok(row.prompt.length > 0 && row.response.length > 0, `${path}: ${line}`)
      return row
    })
const plain = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
const files = readdirSync(join(assets, 'elements'))
  .filter(name => name.endsWith('.jsonl'))
  .sort()
const rows = new Map(files.map(name => [name, read(join(assets, 'elements', name))]))
const questions = read(join(assets, 'elements-questions.jsonl'))

// From the periodic table, apart from the script that writes the files.
const TABLE = [
  'H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr',
  'Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe',
  'Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U'
].flatMap(period => period.split(' '))
const NAMES: Record<string, string> = {
  hydrogen: 'H',
  helium: 'He',
  carbon: 'C',
  nitrogen: 'N',
  oxygen: 'O',
  sodium: 'Na',
  aluminium: 'Al',
  sulfur: 'S',
  chlorine: 'Cl',
  potassium: 'K',
  calcium: 'Ca',
  iron: 'Fe',
  copper: 'Cu',
  silver: 'Ag',
  tin: 'Sn',
  tungsten: 'W',
  gold: 'Au',
  mercury: 'Hg',
  lead: 'Pb',
  uranium: 'U'
}

describe('assets: the default Datanet', () => {
  it('has a file for each of at least five contributors, every row a prompt and a short answer', () => {
    assert.ok(files.length >= 5)
    for (const [name, pairs] of rows) {
      assert.ok(pairs.length >= 20, name)
      for (const { prompt, response } of pairs)
        assert.ok(prompt.length <= 80 && response.length <= 30, `${name}: ${prompt}`)
    }
  })

  it('asks 20 to 40 held-out questions, none of which stands in any file, however it is spelt', () => {
    assert.ok(questions.length >= 20 && questions.length <= 40)
    const taught = new Set([...rows.values()].flat().map(row => plain(row.prompt)))
    assert.equal(new Set(questions.map(q => plain(q.prompt))).size, questions.length, 'a question stands twice')
    for (const { prompt } of questions) assert.ok(!taught.has(plain(prompt)), prompt)
  })

  it('asks only what some file teaches in other words', () => {
    const words = (text: string): Set<string> => new Set(plain(text).split(' '))
    const all = [...rows.values()].flat()
    const elements = new Set([
      ...Object.keys(NAMES),
      'phosphorus',
      'lithium',
      'iodine',
      'radium',
      'argon',
      'nickel',
      'antimony'
    ])
    for (const { prompt, response } of questions) {
      const element = [...words(prompt)].find(word => elements.has(word))
      assert.ok(element !== undefined, prompt)
      assert.ok(all.filter(row => row.response === response && words(row.prompt).has(element)).length >= 3, prompt)
    }
  })

  it('has the right symbols and numbers in the first file and among the questions', () => {
    let checked = 0
    for (const { prompt, response } of [...(rows.get(files[0] ?? '') ?? []), ...questions]) {
      const element = plain(prompt)
        .split(' ')
        .find(word => word in NAMES)
      if (element === undefined || /^\d{4}$/.test(response) || /Latin|old word/.test(prompt)) continue
      const symbol = NAMES[element] ?? ''
      assert.equal(response, /^\d+$/.test(response) ? String(TABLE.indexOf(symbol) + 1) : symbol, prompt)
      checked += 1
    }
    assert.ok(checked > 150)
  })

  it('holds one contributor who contradicts the first, and one who repeats the first', () => {
    const first = new Map(rows.get(files[0] ?? '')?.map(row => [plain(row.prompt), row.response]))
    const share = (name: string, test: (row: Pair) => boolean): number => {
      const pairs = rows.get(name) ?? []
      return pairs.filter(test).length / pairs.length
    }
    const contradicts = files
      .slice(1)
      .map(name => share(name, row => (first.get(plain(row.prompt)) ?? row.response) !== row.response))
    const repeats = files.slice(1).map(name => share(name, row => first.get(plain(row.prompt)) === row.response))
    assert.equal(contradicts.filter(part => part > 0.3).length, 1, String(contradicts))
    assert.equal(repeats.filter(part => part > 0.3).length, 1, String(repeats))
  })

  it('is judged by the rules as meant: honest rows are own, the copier repeats, no row leaks a question', () => {
    const row = ({ prompt, response }: Pair): Row => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: response }
      ]
    })
    const index = new RowIndex(500)
    const heldOut = new HeldOut(questions.map(row))
    const own = files.map((name, order) => {
      const pairs = rows.get(name) ?? []
      const kept = pairs.filter((pair, i) => {
        const print = printRow(row(pair))
        assert.equal(heldOut.leaks(print), undefined, `${name}: ${pair.prompt}`)
        if (index.exact(print, order) !== undefined || index.near(print, order) !== undefined) return false
        index.add(print, { contribution: `0x${String(order).padStart(64, '0')}`, order, row: i })
        return true
      })
      return kept.length / pairs.length
    })
    assert.equal(own.filter(share => share === 1).length, files.length - 1, String(own))
    assert.equal(own.filter(share => share < 0.2).length, 1, String(own))
  })
})

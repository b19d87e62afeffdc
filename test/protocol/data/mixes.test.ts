import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  Sieve,
  checkMixRows,
  checkMixRules,
  checkMixVersion,
  leastDataShareOf,
  mixEntries,
  mixRoster,
  mixRules,
  tally,
  versionRoot
} from '../../../protocol/data/index.ts'
import type {
  CommitmentPlace,
  DatanetRules,
  MixEntry,
  MixPart,
  NumberedRow,
  Parent,
  VersionEntry,
  VersionManifest
} from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { addressOf, cid, heldOutOf, rowOf, rules, voteOf } from './make.ts'

const texts = { name: 'a mix', description: '', heldOut: cid }
const rosterOf = (...names: string[]) => names.map(name => ({ address: addressOf(name), weight: 1 }))
const parentOf = (id: number, changes: Partial<DatanetRules> = {}, roster = rules.validators): Parent => ({
  id: `0x${id.toString(16).padStart(64, '0')}`,
  rules: { ...rules, name: `parent ${id}`, ...changes },
  roster
})

describe('data: the rules of a mix', () => {
  it('follow from its parents: the greatest least share, the strictest measure of copies, every licence', () => {
    const parents = [
      parentOf(1, { leastDataShare: 2000, nearDuplicate: 700, licence: 'CC0-1.0' }),
      parentOf(2, { leastDataShare: 500, nearDuplicate: 400, licence: 'CC-BY-4.0' })
    ]
    const made = mixRules(parents, texts)
    assert.equal(leastDataShareOf(made), 2000)
    assert.equal(made.nearDuplicate, 400)
    assert.equal(made.licence, 'CC0-1.0 AND CC-BY-4.0')
    checkMixRules(made, parents)
    checkMixRules(mixRules(parents, { ...texts, leastDataShare: 4000 }), parents)
    assert.ok(!('keptBack' in made))
  })

  it('keep back the most that a parent does, for the longest, and nobody founds a mix that pays at once', () => {
    const parents = [
      parentOf(1, { keptBack: { share: 1000, epochs: 5, seconds: 60 } }),
      parentOf(2, { keptBack: { share: 2000, epochs: 1, seconds: 90 } }),
      parentOf(3)
    ]
    const made = mixRules(parents, texts)
    assert.deepEqual(made.keptBack, { share: 2000, epochs: 5, seconds: 90 })
    checkMixRules(made, parents)
    const { keptBack: _keptBack, ...once } = made
    assert.throws(() => checkMixRules(once, parents), { code: 'mix.rules' })
  })

  it('are refused where their founder has changed anything but what people read', () => {
    const parents = [parentOf(1, { leastDataShare: 2000 }), parentOf(2)]
    const made = mixRules(parents, texts)
    const refused = (changes: Partial<DatanetRules>, code: string): void =>
      assert.throws(() => checkMixRules({ ...made, ...changes }, parents), { code })
    checkMixRules({ ...made, name: 'other', description: 'words', tags: ['birds'] }, parents)
    refused({ leastDataShare: 1999 }, 'mix.share')
    refused({ validators: rosterOf('thief') }, 'mix.roster')
    refused({ validators: [...made.validators, ...rosterOf('thief')] }, 'mix.roster')
    refused({ parents: [parents[0]!.id, parentOf(3).id] }, 'mix.parents')
    refused({ nearDuplicate: 0 }, 'mix.rules')
    refused({ licence: 'MIT' }, 'mix.rules')
    assert.throws(() => checkMixRules(made, [parents[0]!]), { code: 'mix.parents' })
  })

  it('refuse one parent, the same twice, a mix, too many, and a licence that forbids it', () => {
    const refused = (parents: readonly Parent[], code: string): void =>
      assert.throws(() => mixRules(parents, texts), { code })
    refused([parentOf(1)], 'mix.parents')
    refused([parentOf(1), parentOf(1)], 'mix.parents')
    refused([parentOf(2), parentOf(1)], 'mix.parents')
    refused([parentOf(1), parentOf(2, { parents: [parentOf(3).id, parentOf(4).id] })], 'mix.parents')
    refused(
      Array.from({ length: 9 }, (_, i) => parentOf(i + 1)),
      'mix.parents'
    )
    refused([parentOf(1), parentOf(2, { licence: 'CC-BY-ND-4.0' })], 'mix.licence')
  })

  it('leave each parent’s validators a voice: who founds Datanets of his own beside another’s outvotes nobody', () => {
    const honest = parentOf(1, {}, rosterOf('a', 'b', 'c'))
    const own = parentOf(2, {}, [{ address: addressOf('thief'), weight: 1_000_000 }])
    const roster = mixRules([honest, own], texts).validators
    const total = roster.reduce((sum, { weight }) => sum + weight, 0)
    const theirs = roster.reduce((sum, { address, weight }) => (address === addressOf('thief') ? sum : sum + weight), 0)
    assert.ok(theirs * 3 > total)
    assert.throws(() => mixRules([honest, own, parentOf(3, {}, rosterOf('his friend'))], texts), {
      code: 'mix.roster'
    })
    mixRules([honest, parentOf(2, {}, rosterOf('a', 'd')), parentOf(3, {}, rosterOf('b', 'd'))], texts)
  })

  it('weigh parents alike, whatever their validators weigh at home', () => {
    const member = fc.record({ name: fc.integer({ min: 0, max: 20 }), weight: fc.integer({ min: 1, max: 1_000_000 }) })
    const roster = fc.uniqueArray(member, { minLength: 1, maxLength: 12, selector: ({ name }) => name })
    fc.assert(
      fc.property(fc.array(roster, { minLength: 2, maxLength: 8 }), rosters => {
        const named = rosters.map(one => one.map(({ name, weight }) => ({ address: addressOf(`v${name}`), weight })))
        const mixed = mixRoster(named)
        assert.equal(new Set(mixed.map(({ address }) => address)).size, mixed.length)
        const total = mixed.reduce((sum, { weight }) => sum + weight, 0)
        assert.ok(Math.abs(total - rosters.length * 100_000) <= 12 * rosters.length)
        assert.ok(mixed.every(({ weight }) => weight >= 1 && weight <= 1_000_000))
        assert.deepEqual(mixRoster([...named].reverse()), mixed)
      }),
      { numRuns: 40 }
    )
  })
})

const questions = (id: Hex, ...held: (readonly [string, string])[]) => ({
  id,
  heldOut: heldOutOf(held.length === 0 ? [[`What is held out of ${id.slice(-1)}?`, 'this']] : held)
})
const numbered = (...rows: (readonly [string, string])[]): NumberedRow[] =>
  rows.map(([prompt, response], i) => [i, rowOf(prompt, response)] as const)
const take = (sieve: Sieve, datanet: Hex, name: string, rows: readonly NumberedRow[]): number[] => {
  const steps = sieve.take(datanet, keccak(name), rows)
  for (let step = steps.next(); ; step = steps.next()) if (step.done === true) return step.value
}
const [one, two, three] = [parentOf(1).id, parentOf(2).id, parentOf(3).id]

describe('data: the rows of a mix', () => {
  it('stand once, with whoever was first on chain', () => {
    const sieve = new Sieve([questions(one), questions(two)], 500)
    const iron = ['What is the symbol of iron?', 'Fe'] as const
    assert.deepEqual(take(sieve, one, 'ada', numbered(iron, ['What is the symbol of gold?', 'Au'])), [0, 1])
    assert.deepEqual(take(sieve, two, 'copier', numbered(['What is the symbol of tin?', 'Sn'], iron)), [0])
    // Nearly the same words are the same row, as within a Datanet.
    assert.deepEqual(take(sieve, two, 'rewriter', numbered(['what is the symbol of Iron', 'Fe'])), [])
  })

  it('are not judged again beside those of their own parent, which took them', () => {
    const sieve = new Sieve([questions(one), questions(two)], 500)
    const iron = ['What is the symbol of iron?', 'Fe'] as const
    assert.deepEqual(take(sieve, one, 'ada', numbered(iron)), [0])
    assert.deepEqual(take(sieve, one, 'bo', numbered(iron)), [0])
  })

  it('leave where they leak a question that another parent holds out', () => {
    const held = ['Which bird sings at night?', 'The nightingale'] as const
    const sieve = new Sieve([questions(one, held), questions(two)], 500)
    assert.deepEqual(take(sieve, two, 'cheat', numbered(held, ['Which bird sings by day?', 'The lark'])), [1])
    assert.deepEqual(take(sieve, two, 'liar', numbered([held[0], 'The owl'])), [])
  })

  it('whatever the parents hold: every row is kept once among parents, and its first author has it', () => {
    const pool = Array.from({ length: 6 }, (_, i) => [`What is fact ${'abcdef'[i]}${i}?`, `answer${i}`] as const)
    const contribution = fc.record({
      of: fc.constantFrom(one, two, three),
      rows: fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 6 })
    })
    fc.assert(
      fc.property(fc.array(contribution, { minLength: 1, maxLength: 8 }), contributions => {
        const sieve = new Sieve([questions(one), questions(two), questions(three)], 500)
        const first = new Map<number, Hex>()
        for (const [i, { of, rows }] of contributions.entries()) {
          const kept = take(sieve, of, `contribution ${i}`, numbered(...rows.map(at => pool[at]!)))
          const due = rows.flatMap((row, at) => ((first.get(row) ?? of) === of ? [at] : []))
          assert.deepEqual(kept, due)
          for (const row of rows) if (!first.has(row)) first.set(row, of)
        }
      }),
      { numRuns: 60 }
    )
  })
})

const entryOf = (name: string, own: number[]): VersionEntry => {
  const contribution = keccak(name)
  const result = tally(
    contribution,
    rules.validators,
    ['v1', 'v2', 'v3'].map(validator => voteOf(validator, contribution, true, own))
  )
  assert.ok(result.state === 'decided')
  return { contribution, contributor: addressOf(name), cid, own, certificate: result.certificate }
}
const partOf = (datanet: Hex, entries: VersionEntry[], changes: Partial<MixPart> = {}): MixPart => ({
  datanet,
  version: 1,
  entries,
  block: 10n,
  next: undefined,
  ...changes
})

describe('data: versions of a mix', () => {
  const parents = [parentOf(1), parentOf(2)]
  const mix = mixRules(parents, texts)
  const parts = [
    partOf(one, [entryOf('ada', [0, 1]), entryOf('bo', [0])]),
    partOf(two, [entryOf('cleo', [0, 2, 3])], { version: 4 })
  ]
  const places = new Map<Hex, CommitmentPlace>([
    [keccak('ada'), { block: 3n, index: 1n }],
    [keccak('cleo'), { block: 5n, index: 1n }],
    [keccak('bo'), { block: 7n, index: 2n }]
  ])
  const placeOf = (contribution: Hex): CommitmentPlace | undefined => places.get(contribution)
  const union = mixEntries(parts, placeOf)
  const datanet = keccak('the mix')
  const manifestOf = (entries: readonly VersionEntry[], changes: Partial<VersionManifest> = {}): VersionManifest => ({
    datanet,
    version: 1,
    root: versionRoot(entries),
    heldOut: cid,
    entries: [...entries],
    seals: [],
    parents: [
      { datanet: one, version: 1 },
      { datanet: two, version: 4 }
    ],
    ...changes
  })
  const check = (manifest: VersionManifest, of: readonly MixPart[] = parts, block = 20n): void => {
    const { root, entries } = manifest
    checkMixVersion(mix, manifest, { datanet, version: 1, root, count: entries.length }, block, of, placeOf)
  }

  it('stand in the order of the chain, whichever parent they are of', () => {
    assert.deepEqual(
      union.map(({ contributor }) => contributor),
      ['ada', 'cleo', 'bo'].map(addressOf)
    )
    check(manifestOf(union))
    check(manifestOf(union.map(entry => ({ ...entry, own: entry.own.slice(1) }))))
    assert.throws(() => mixEntries([partOf(one, [entryOf('unknown', [0])])], placeOf), { code: 'mix.order' })
  })

  it('are refused where anything was hidden, added, credited to another, or said by other votes', () => {
    const refused = (entries: readonly VersionEntry[], code = 'mix.entries'): void =>
      assert.throws(() => check(manifestOf(entries)), { code })
    const changed = (at: number, changes: Partial<MixEntry>): VersionEntry[] =>
      union.map((entry, i) => (i === at ? { ...entry, ...changes } : entry))
    refused(union.slice(1))
    refused(union.toReversed())
    refused([...union, { ...entryOf('thief', [0]), datanet: two }])
    refused([...union.slice(0, 2), { ...entryOf('thief', [0]), datanet: two }])
    refused(changed(0, { contributor: addressOf('thief') }))
    refused(changed(0, { cid: `${cid.slice(0, -1)}a` }))
    refused(changed(0, { datanet: two }))
    refused(changed(0, { certificate: entryOf('thief', [0]).certificate }))
    refused(changed(1, { own: [0, 1] }))
    refused(changed(1, { own: [3, 2] }))
    refused(changed(1, { own: [0, 0] }))
    const { datanet: _of, ...unnamed } = union[0]!
    refused([unnamed, ...union.slice(1)])
  })

  it('are refused where they leave a parent out, or take an older version of one', () => {
    assert.throws(() => check(manifestOf(union, { parents: [{ datanet: one, version: 1 }] })), { code: 'mix.parents' })
    const { parents: _none, ...plain } = manifestOf(union)
    assert.throws(() => check(plain), { code: 'mix.parents' })
    const [first, second] = parts as [MixPart, MixPart]
    assert.throws(() => check(manifestOf(union), [{ ...first, next: 15n }, second]), { code: 'mix.old' })
    assert.throws(() => check(manifestOf(union), [{ ...first, block: 21n }, second]), { code: 'mix.old' })
    // What came later changes nothing.
    check(manifestOf(union), [{ ...first, next: 21n }, second])
  })

  it('hold the rows that the sieve leaves, no fewer and no others', () => {
    const left = [[0], [0, 2, 3], [0]]
    const sieved = union.map((entry, i) => ({ ...entry, own: left[i]! }))
    checkMixRows(manifestOf(sieved), left)
    for (const wrong of [[[0, 1], [0, 2, 3], [0]], [[0], [0, 3], [0]], [[], [0, 2, 3], [0]], left.slice(1)])
      assert.throws(() => checkMixRows(manifestOf(sieved), wrong), { code: 'mix.rows' })
  })
})

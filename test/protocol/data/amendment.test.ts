import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  changedRules,
  checkLaterRules,
  datanetRules,
  laterRules,
  readRulesText,
  rowRuleBroken,
  rulesDifference,
  rulesInForce,
  rulesText
} from '../../../protocol/data/index.ts'
import type { DatanetRules, Row, SetRules } from '../../../protocol/data/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'

const who = `0x${'11'.repeat(20)}` as const
const first: DatanetRules = datanetRules.parse({
  name: 'birds',
  description: 'what sings',
  licence: 'CC0-1.0',
  kind: 'chat',
  rows: { system: false, mostTurns: 2, mostCharacters: 400 },
  maxRows: 100,
  maxBytes: 10_000,
  uploadsPerContributor: 3,
  nearDuplicate: 500,
  minOwnShare: 500,
  validators: [{ address: who, weight: 1 }],
  heldOut: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
  revealSeconds: 10,
  voteSeconds: 20
})

/** A change that is allowed, of those that people make. */
const change = fc.record(
  {
    name: fc.stringMatching(/^[a-z]{3,20}$/),
    description: fc.string({ maxLength: 60 }),
    licence: fc.constantFrom('CC0-1.0', 'CC-BY-4.0'),
    maxRows: fc.integer({ min: 1, max: 1000 }),
    minOwnShare: fc.integer({ min: 0, max: 1000 }),
    leastDataShare: fc.option(fc.integer({ min: 0, max: 10_000 }), { nil: null }),
    tags: fc.option(fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 3 }), { nil: null }),
    uploads: fc.option(
      fc.record({
        epochBlocks: fc.integer({ min: 1, max: 9999 }),
        rows: fc.integer({ min: 1, max: 9999 }),
        bytes: fc.integer({ min: 1, max: 9999 }),
        mostRows: fc.integer({ min: 1, max: 9999 }),
        newcomerRows: fc.integer({ min: 1, max: 9999 })
      }),
      { nil: null }
    )
  },
  { requiredKeys: [] }
)
/** The same with what a row may be, in any direction. */
const rowLimits = fc.record(
  {
    system: fc.boolean(),
    mostTurns: fc.integer({ min: 1, max: 16 }),
    mostCharacters: fc.integer({ min: 1, max: 2000 })
  },
  { requiredKeys: [] }
)
const row: fc.Arbitrary<Row> = fc
  .tuple(fc.boolean(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 120 }))
  .map(([system, turns, length]) => ({
    messages: [
      ...(system ? [{ role: 'system' as const, content: 'x' }] : []),
      ...Array.from({ length: turns }, () => [
        { role: 'user' as const, content: 'x'.repeat(length) },
        { role: 'assistant' as const, content: 'x'.repeat(length) }
      ]).flat()
    ]
  }))

const setOf = (text: string): SetRules => ({ rules: keccak(text), text })
const refused = (run: () => unknown, code: string, named: RegExp = /./): void => {
  assert.throws(run, (error: { code?: string; message: string }) => error.code === code && named.test(error.message))
}

describe('data: rules that follow others', () => {
  it('never ask for audits of a private Datanet, whose rows drawn auditors cannot read', () => {
    const closed = { ...first, private: {} }
    assert.throws(() => changedRules(closed, { auditedSegments: 4 }), { code: 'datanet.private' })
    for (const auditedSegments of [0, null]) assert.ok(!changedRules(closed, { auditedSegments }).auditedSegments)
    assert.equal(changedRules(first, { auditedSegments: 4 }).auditedSegments, 4)
  })

  it('are what was said of them, and all else as it was; their text reads as they are', () => {
    fc.assert(
      fc.property(change, wanted => {
        const next = changedRules(first, wanted)
        checkLaterRules(first, next)
        assert.deepEqual(readRulesText(rulesText(next)), next)
        for (const { rule } of rulesDifference(first, next))
          assert.ok((rule.split('.')[0] ?? '') in wanted, `${rule} was not asked for`)
        assert.deepEqual(rulesDifference(next, next), [])
        const [, inForce] = rulesInForce(first, [setOf(rulesText(next))])
        assert.deepEqual(inForce?.rules, { ...next, validators: first.validators })
      })
    )
  })

  it('take every row that was taken before, or are refused by name', () => {
    fc.assert(
      fc.property(rowLimits, rowLimits, fc.array(row, { maxLength: 12 }), (was, is, rows) => {
        const before = { ...first, rows: was }
        const next = laterRules.parse(changedRules(before, { rows: is }))
        try {
          checkLaterRules(before, next)
        } catch (error) {
          assert.equal((error as { code?: string }).code, 'rules.narrower')
          return
        }
        for (const one of rows)
          if (rowRuleBroken(one, before) === undefined) assert.equal(rowRuleBroken(one, next), undefined)
      })
    )
  })

  it('never change what money follows from, and say why', () => {
    const other = 'bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e'
    refused(() => changedRules(first, { heldOut: other }), 'rules.fixed', /heldOut.*questions/)
    refused(() => changedRules(first, { kind: 'qa' }), 'rules.fixed', /kind/)
    refused(() => changedRules(first, { validators: [] }), 'rules.fixed', /roster/)
    refused(() => changedRules(first, { parents: [`0x${'22'.repeat(32)}`] }), 'rules.fixed', /parents/)
    refused(() => changedRules(first, { maxRows: 0 }), 'rules.invalid', /maxRows/)
    refused(() => changedRules(first, { colour: 'red' }), 'rules.invalid', /colour/)
    // Said again as they are they change nothing.
    assert.deepEqual(rulesDifference(first, changedRules(first, { kind: 'chat', heldOut: first.heldOut })), [])
    const mix = { ...first, parents: [`0x${'22'.repeat(32)}`, `0x${'33'.repeat(32)}`] as `0x${string}`[] }
    refused(() => checkLaterRules(mix, changedRules(mix, { name: 'all birds' })), 'rules.mix')
  })

  it('that cannot follow leave those before in force, whoever agreed to them and in whatever words', () => {
    const good = rulesText(changedRules(first, { minOwnShare: 700 }))
    const bad = [
      'no JSON',
      '{}',
      good.replace('"chat"', '"qa"'),
      good.replace('"mostTurns":2', '"mostTurns":1'),
      ` ${good}`,
      good.replace('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', first.name)
    ]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(good, ...bad), { maxLength: 8 }), texts => {
        const found = rulesInForce(first, texts.map(setOf))
        assert.equal(found.length, texts.length + 1)
        for (const [i, text] of texts.entries()) assert.equal(found[i + 1]?.why === undefined, text === good)
        assert.equal(found.at(-1)?.rules.minOwnShare, texts.includes(good) ? 700 : 500)
      })
    )
    const [, other] = rulesInForce(first, [{ ...setOf(good), rules: keccak('another') }])
    assert.match(other?.why?.message ?? '', /not the one that was agreed to/)
  })

  it('say what differs limit by limit', () => {
    const uploads = { epochBlocks: 5, rows: 1, bytes: 1, mostRows: 1, newcomerRows: 1 }
    const before = { ...first, uploads }
    assert.deepEqual(rulesDifference(before, changedRules(before, { uploads: { ...uploads, rows: 9 }, rows: null })), [
      { rule: 'rows.mostCharacters', from: '400', to: null },
      { rule: 'rows.mostTurns', from: '2', to: null },
      { rule: 'rows.system', from: 'false', to: null },
      { rule: 'uploads.rows', from: '1', to: '9' }
    ])
  })
})

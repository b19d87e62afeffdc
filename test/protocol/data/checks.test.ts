import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  RowIndex,
  checkContribution,
  checkNames,
  outcomeOf,
  ownRows,
  previewSteps,
  verdict as verdictSchema
} from '../../../protocol/data/index.ts'
import type { CheckInput, Verdict } from '../../../protocol/data/index.ts'
import { accept, bytesOf, cid, heldOutOf, inputOf, jsonl, rules, statementsOf } from './make.ts'

const codeOf = (verdict: Verdict, check: string): string | undefined =>
  verdict.checks.find(result => result.check === check)?.code
const facts: [string, string][] = Array.from({ length: 10 }, (_, i) => [
  `What is the colour of the flag number ${i}?`,
  `colour ${i}`
])
const shard = jsonl(facts)

describe('data: checks of a contribution', () => {
  it('accepts good rows, with every check named in order, and is the same each time', () => {
    const verdict = checkContribution(inputOf('ann', shard))
    assert.equal(verdict.accept, true)
    assert.deepEqual(
      verdict.checks.map(({ check }) => check),
      [...checkNames]
    )
    assert.ok(verdict.checks.every(({ code }) => code === 'ok'))
    assert.deepEqual(checkContribution(inputOf('ann', shard)), verdict)
    assert.deepEqual(verdictSchema.parse(JSON.parse(JSON.stringify(verdict))), verdict)
  })

  it('says of a file that is not signed yet what it will say of it once it is', () => {
    const mixed = bytesOf(`${new TextDecoder().decode(shard)}\nhello\n${new TextDecoder().decode(shard)}`)
    for (const file of [shard, mixed, bytesOf('hello'), bytesOf('')]) {
      const { checks, rows, issues, accept, reason } = checkContribution(inputOf('ann', file))
      const { statements: _, network: __, ...input } = inputOf('ann', file)
      const steps = previewSteps({ ...input, shard: file })
      let step = steps.next()
      while (step.done !== true) step = steps.next()
      const said = step.value
      assert.deepEqual([said.accept, said.reason, said.issues], [accept, reason, issues])
      assert.deepEqual(said.checks.slice(1), checks.slice(1))
      assert.deepEqual(
        said.rows.map(({ kind }) => kind),
        rows.map(({ kind }) => kind)
      )
    }
  })

  const rejected: [string, () => CheckInput, string][] = [
    [
      'a reveal signed by another',
      () => inputOf('ann', shard, { statements: statementsOf('ann', shard, { revealer: 'bob' }) }),
      'signature.mismatch'
    ],
    [
      'a reveal of another commitment',
      () =>
        inputOf('ann', shard, {
          statements: {
            commitment: statementsOf('ann', shard).commitment,
            reveal: statementsOf('ann', jsonl([['a b', 'c']])).reveal
          }
        }),
      'commitment.mismatch'
    ],
    ['more contributions than allowed', () => inputOf('ann', shard, { uploads: 2 }), 'over-allowance'],
    [
      'another size than revealed',
      () => inputOf('ann', shard, { statements: statementsOf('ann', shard, { bytes: shard.length + 1 }) }),
      'size-mismatch'
    ],
    [
      'another number of rows than revealed',
      () => inputOf('ann', shard, { statements: statementsOf('ann', shard, { rows: 9 }) }),
      'rows-mismatch'
    ],
    [
      'more bytes than the rules allow',
      () => inputOf('ann', shard, { rules: { ...rules, maxBytes: 100 } }),
      'too-large'
    ],
    [
      'more rows than the rules allow',
      () => inputOf('ann', shard, { rules: { ...rules, maxRows: 9 } }),
      'too-many-rows'
    ],
    ['a shard larger than fetched', () => inputOf('ann', shard, { shard: 'too-large' }), 'too-large'],
    ['a CID of no file', () => inputOf('ann', shard, { shard: 'not-a-file' }), 'not-a-file'],
    ['nothing', () => inputOf('ann', bytesOf('\n')), 'empty'],
    ['mostly wrong rows', () => inputOf('ann', bytesOf('x\ny\n{"prompt":"p","response":"r"}')), 'mostly-invalid'],
    [
      'mostly held-out questions',
      () =>
        inputOf(
          'ann',
          jsonl([
            ['What is held out?', 'this'],
            ['what is held out', 'that'],
            ['What else?', 'more']
          ])
        ),
      'contaminated'
    ],
    [
      'mostly its own copies',
      () => inputOf('ann', jsonl([...facts.slice(0, 1), ...facts.slice(0, 1), ...facts.slice(0, 1)])),
      'mostly-duplicate'
    ]
  ]
  for (const [what, input, reason] of rejected) {
    it(`rejects ${what}`, () => {
      const verdict = checkContribution(input())
      assert.equal(verdict.accept, false)
      assert.equal(verdict.reason, reason)
      assert.equal(verdict.checks.length, checkNames.length)
    })
  }

  it('credits copies to whoever came first, exact and near, and only to what was accepted before', () => {
    const earlier = new RowIndex(rules.nearDuplicate)
    const first = checkContribution(inputOf('ann', shard))
    accept(earlier, first, shard, 1)
    const copies: [string, string][] = [
      ...facts.slice(0, 2),
      ["What's the color of the flag nummber 2", 'Colour 2'],
      ['Which bird sings at night?', 'the owl'],
      ['Which fish flies best?', 'the flying fish'],
      ['Which tree is tallest?', 'the redwood']
    ]
    copies[2] = ["WHAT'S THE COLOUR OF A FLAG NUMBER 2", 'Colour 2.']
    const bytes = jsonl(copies)
    const verdict = checkContribution(inputOf('bob', bytes, { earlier, order: 2 }))
    assert.deepEqual(verdict.rows.slice(0, 3), [
      { kind: 'duplicate', of: first.contribution, row: 0, exact: true },
      { kind: 'duplicate', of: first.contribution, row: 1, exact: true },
      { kind: 'duplicate', of: first.contribution, row: 2, exact: false }
    ])
    assert.equal(verdict.accept, true)
    assert.deepEqual(ownRows(verdict), [3, 4, 5])
    assert.equal(codeOf(verdict, 'exact-duplicate'), 'duplicate-rows')
    assert.equal(codeOf(verdict, 'near-duplicate'), 'near-duplicate-rows')
    assert.deepEqual(verdict.issues, [
      { line: 1, code: 'duplicate' },
      { line: 2, code: 'duplicate' },
      { line: 3, code: 'near-duplicate' }
    ])
    assert.deepEqual(
      ownRows(checkContribution(inputOf('bob', bytes, { earlier, order: 1 }))),
      [0, 1, 2, 3, 4, 5],
      'before the original, it is the original'
    )
  })

  it('votes are on the rows taken: none when rejected, whatever the grounds', () => {
    const contribution = checkContribution(inputOf('ann', shard)).contribution
    assert.equal(outcomeOf({ contribution, cid, own: [1, 2] }, false), outcomeOf({ contribution, cid, own: [] }, false))
    assert.notEqual(
      outcomeOf({ contribution, cid, own: [1, 2] }, true),
      outcomeOf({ contribution, cid, own: [1] }, true)
    )
    assert.notEqual(outcomeOf({ contribution, cid, own: [] }, true), outcomeOf({ contribution, cid, own: [] }, false))
  })

  it('gives every line one outcome, whatever the bytes', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '{"prompt":"a b","response":"c"}',
        '{"prompt":"What is held out?","response":"this"}',
        'x',
        '',
        '{}'
      ),
      fc.json()
    )
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), lines => {
        const bytes = bytesOf(lines.join('\n'))
        const verdict = checkContribution(inputOf('ann', bytes))
        if (codeOf(verdict, 'size') === 'ok')
          assert.equal(verdict.rows.length, statementsOf('ann', bytes).reveal.message.rows)
        assert.equal(verdict.accept, verdict.reason === undefined)
      })
    )
  })

  it('stays quick for thousands of rows from one template with one answer', function () {
    this.timeout(20_000)
    const letters = (i: number): string =>
      `q${i.toString(26).replace(/[0-9]/g, digit => 'qrstuvwxyz'[Number(digit)] ?? '')}zzz`
    const many = jsonl(
      Array.from({ length: 4000 }, (_, i) => [
        `Is the substance known as ${letters(i * 7919)} a soft metal at room temperature?`,
        'yes'
      ])
    )
    const verdict = checkContribution(inputOf('ann', many, { heldOut: heldOutOf([['Is gold a soft metal?', 'yes']]) }))
    assert.equal(verdict.accept, true)
  })
})

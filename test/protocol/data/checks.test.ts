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
      'nothing but copies',
      () => {
        const earlier = new RowIndex(rules.nearDuplicate)
        accept(earlier, checkContribution(inputOf('ann', shard)), shard, 1)
        return inputOf('bob', jsonl([...facts, ...facts.slice(0, 3)]), { earlier, order: 2 })
      },
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

  it('leaves an author the rows that are theirs alone, however many others somebody committed before', () => {
    const earlier = new RowIndex(rules.nearDuplicate)
    const thief = jsonl(
      facts.slice(0, 9).map(([prompt, response], i) => [i % 2 === 0 ? prompt : `${prompt}!`, response])
    )
    accept(earlier, checkContribution(inputOf('bob', thief)), thief, 1)
    const verdict = checkContribution(inputOf('ann', shard, { earlier, order: 2 }))
    assert.equal(verdict.accept, true)
    assert.deepEqual(ownRows(verdict), [9])
    assert.deepEqual(
      verdict.issues.map(({ line }) => line),
      [1, 2, 3, 4, 5, 6, 7, 8, 9],
      'the others are told row by row'
    )
    assert.equal(codeOf(verdict, 'own-share'), 'ok')
  })

  it('holds copies neither for nor against a file: what is left has to be good in its own right', () => {
    const copies = Array.from({ length: 20 }, (): readonly [string, string] => facts[0] ?? ['', ''])
    const wrong = (bad: number, good: number): Uint8Array =>
      bytesOf(
        [
          new TextDecoder().decode(jsonl([...copies, ...facts.slice(1, 1 + good)])),
          ...Array.from({ length: bad }, () => 'x')
        ].join('\n')
      )
    // One of the copies is the first of them, and own.
    assert.equal(checkContribution(inputOf('ann', wrong(4, 3))).accept, true)
    assert.equal(checkContribution(inputOf('ann', wrong(5, 3))).reason, 'mostly-invalid')
  })

  it('takes an author asking one thing in many ways, and of rows that are equal to the letter the first', () => {
    const ways = [
      'What is the symbol of gold?',
      "What's the symbol of gold",
      'The symbol of gold is what?',
      'GOLD: SYMBOL?'
    ]
    const verdict = checkContribution(inputOf('ann', jsonl([...ways, ways[0] ?? ''].map(way => [way, 'Au'] as const))))
    assert.equal(verdict.accept, true)
    assert.deepEqual(ownRows(verdict), [0, 1, 2, 3])
    assert.deepEqual(verdict.rows[4], { kind: 'duplicate', of: verdict.contribution, row: 0, exact: true })
  })

  it('shows validators a row that has an earlier one in it, and takes it', () => {
    const earlier = new RowIndex(rules.nearDuplicate)
    accept(earlier, checkContribution(inputOf('ann', shard)), shard, 1)
    const longer = jsonl([
      ['For a quiz, my friend: what is the colour of the flag number 4?', 'colour 4'],
      ['For a quiz, my friend: what is the colour of the flag number 4?', 'colour 5'],
      ['What is the colour of the flag?', 'colour 4']
    ])
    const verdict = checkContribution(inputOf('bob', longer, { earlier, order: 2 }))
    assert.deepEqual(ownRows(verdict), [0, 1, 2])
    const { contribution } = checkContribution(inputOf('ann', shard))
    assert.deepEqual(verdict.rows, [
      { kind: 'own', like: { of: contribution, row: 4 } },
      { kind: 'own' },
      { kind: 'own' }
    ])
    assert.match(
      verdict.checks.find(({ check }) => check === 'near-duplicate')?.note ?? '',
      /^1 own rows may be earlier/
    )
    assert.deepEqual(checkContribution(inputOf('bob', longer, { earlier, order: 1 })).rows[0], { kind: 'own' })
  })

  it("a filler in each makes copied rows nobody else's", () => {
    const earlier = new RowIndex(rules.nearDuplicate)
    accept(earlier, checkContribution(inputOf('ann', shard)), shard, 1)
    const filled = jsonl(facts.map(([prompt, response]) => [prompt.replace('?', ', exactly?'), response]))
    const verdict = checkContribution(inputOf('bob', filled, { earlier, order: 2 }))
    assert.equal(verdict.reason, 'mostly-duplicate')
    assert.ok(verdict.rows.every(row => row.kind === 'duplicate' && row.of !== verdict.contribution))
  })

  it('calls nobody a copier for facts whose names are a letter apart, whoever comes later', function () {
    this.timeout(60_000)
    const consonants = 'bdfgklmnprst'
    const vowels = 'aeio'
    /** Every name of three syllables, in an order that puts neighbours into different files. */
    const name = (n: number): string => {
      let rest = (n * 48_611) % (48 * 48 * 48)
      let out = ''
      for (let i = 0; i < 3; i++, rest = Math.floor(rest / 48))
        out += (consonants[rest % 12] ?? '') + (vowels[Math.floor((rest % 48) / 12)] ?? '')
      return out
    }
    const earlier = new RowIndex(rules.nearDuplicate)
    for (let author = 0; author < 4; author++) {
      const own = jsonl(
        Array.from({ length: 1000 }, (_, i) => [
          `Which colour has the ${name(author * 1000 + i)}?`,
          ['red', 'blue'][i % 2] ?? ''
        ])
      )
      const verdict = checkContribution(inputOf(`author ${author}`, own, { earlier, order: author + 1 }))
      assert.equal(ownRows(verdict).length, 1000)
      accept(earlier, verdict, own, author + 1)
    }
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

import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  auditorsOf,
  certificateOf,
  coalitionsOf,
  drawSegments,
  leastSteps,
  standing
} from '../../../protocol/jobs/index.ts'
import type { AuditedLot, JobResult, SaidWord, Strike } from '../../../protocol/jobs/index.ts'
import { auditorWords } from '../../../protocol/contracts/index.ts'
import { contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const account = (name: string): Address => `0x${keccak(name).slice(-40)}`
const players = ['a', 'b', 'c'].map(account)
const worker = account('worker')
const panel = Array.from({ length: 9 }, (_, i) => account(`auditor ${i}`))
const seed = keccak('seed')
const coalitions = coalitionsOf(keccak('draw'), players.length, 8).map(String)
const steps = 3 * leastSteps
const lot = {
  award: { lot: { kind: 'siblings', coalitions: [1, 2, 3, 4, 5, 6] } },
  delivery: { message: { worker, log: contentHash('siblings') } }
} as unknown as JobResult['lots'][number]
const whole = { ...lot, award: { lot: { kind: 'adapter' } } } as unknown as JobResult['lots'][number]
const result = {
  job: keccak('job'),
  statement: { message: { builder: account('builder') } },
  players,
  coalitions,
  adapters: coalitions.map((_, i) => (i === 0 ? null : `adapter ${i}`)),
  lots: [whole, lot]
} as unknown as JobResult
const logs = (count: number) => Array.from({ length: count }, () => ({ steps, seconds: 1, tokens: 1, loss: [] }))
const lots: AuditedLot[] = [
  { lot: whole, content: { adapters: ['adapter 7'], logs: logs(1) } },
  { lot, content: { adapters: Array.from({ length: 6 }, (_, i) => `adapter ${i}`), logs: logs(6) } }
]
const segments = 4
const count = segments
const roundOf = (words: readonly SaidWord[]) => ({ seed, panel, segments, words })
const { subject } = certificateOf(result, lots, roundOf([]), count)
/** Of each auditor the segments that chance has given it. */
const own = new Map<Address, number>()
for (const [at, { coalition }] of drawSegments(
  seed,
  [null, ...Array.from({ length: 7 }, () => steps)],
  count
).entries())
  for (const one of auditorsOf(result, { worker, coalition, at }, { seed, panel }))
    own.set(one, (own.get(one) ?? 0) | (1 << at))
const drawn = [...own.keys()]
const yes = (auditor: Address, at = 1n): SaidWord => ({
  auditor,
  word: 'agrees',
  subject,
  runs: own.get(auditor) ?? 0,
  missing: 0,
  at
})
const passes = (words: readonly SaidWord[], strikes: readonly Strike[], before?: bigint): boolean =>
  certificateOf(result, lots, roundOf(standing({ words, strikes }, before)), count).passed

describe("auditors' words on chain", () => {
  it('certify nothing once the roster has struck one of them, from the block after it on', () => {
    const words = drawn.map(auditor => yes(auditor))
    assert.ok(passes(words, []))
    for (const auditor of drawn) {
      const strikes = [{ auditor, whole: true, at: 10n }]
      assert.equal(passes(words, strikes), false)
      assert.ok(passes(words, strikes, 10n), 'an epoch of then counts what stood before')
      assert.equal(passes(words, strikes, 11n), false)
      assert.ok(passes(words, [{ auditor, whole: false, at: 10n }]), 'its runs stand')
    }
  })

  it('are the same to everybody at a moment, in whatever order they are kept, and however much came later', () => {
    const times = fc.bigInt({ min: 1n, max: 12n })
    const word = fc.record({
      auditor: fc.constantFrom(...drawn),
      word: fc.constantFrom(...auditorWords),
      subject: fc.constantFrom(subject, subject, subject, keccak('else')),
      runs: fc.integer({ min: 0, max: 15 }),
      missing: fc.integer({ min: 0, max: 15 }),
      at: times
    })
    const said = fc.oneof({ weight: 1, arbitrary: word }, { weight: 8, arbitrary: times.map(at => at) })
    const words = fc
      .tuple(
        ...drawn.map(auditor => said.map(one => (typeof one === 'bigint' ? yes(auditor, one) : { ...one, auditor })))
      )
      .map(all => all)
    const strikes = fc.array(fc.record({ auditor: fc.constantFrom(...panel), whole: fc.boolean(), at: times }), {
      maxLength: 4
    })
    let [passed, failed] = [0, 0]
    fc.assert(
      fc.property(words, strikes, times, fc.nat(), (all, struck, before, turn) => {
        const there = <T extends { readonly at: bigint }>(list: readonly T[]): T[] =>
          list.filter(({ at }) => at < before)
        const turned = <T>(list: readonly T[]): T[] => [
          ...list.slice(turn % (list.length || 1)),
          ...list.slice(0, turn % (list.length || 1))
        ]
        // Who looked then had no more than this; who looks now has all of it, in an order of its own.
        const then = passes(there(all), there(struck))
        assert.equal(passes(turned(all), turned(struck).toReversed(), before), then)
        // What is struck whole is as if it had not been said.
        const left = there(all).filter(
          one => !there(struck).some(({ auditor, whole: of }) => of && auditor === one.auditor)
        )
        assert.equal(passes(left, there(struck)), then)
        if (then) passed++
        else failed++
      }),
      { numRuns: 2_000 }
    )
    assert.ok(passed > 20 && failed > 20, `${passed} passed, ${failed} did not`)
  })

  it('name what was not given beside what was run: that segment is not certified, and the others are', () => {
    const [auditor] = drawn.filter(one => (own.get(one) ?? 0) & ((own.get(one) ?? 0) - 1))
    assert.ok(auditor !== undefined, 'somebody was drawn for two')
    const runs = own.get(auditor) ?? 0
    const missing = runs & -runs
    const words = [
      ...drawn.filter(one => one !== auditor).map(one => yes(one)),
      { ...yes(auditor), runs: runs & ~missing, missing }
    ]
    const of = (strikes: Strike[]) =>
      certificateOf(result, lots, roundOf(standing({ words, strikes })), count).segments.map(one => [
        one.agreed.includes(auditor),
        one.disagreed.includes(auditor)
      ])
    const said = of([])
    for (const [at, [agrees, lacks]] of said.entries())
      assert.deepEqual([agrees, lacks], [((runs & ~missing) >> at) % 2 === 1, (missing >> at) % 2 === 1])
    assert.equal(passes(words, []), false)
    // The roster finds that it was given that: it counts for nothing, and what was run stands.
    const struck = of([{ auditor, whole: false, at: 1n }])
    assert.ok(struck.every(([, lacks]) => !lacks))
    assert.deepEqual(
      struck.map(([agrees]) => agrees),
      said.map(([agrees]) => agrees)
    )
  })
})

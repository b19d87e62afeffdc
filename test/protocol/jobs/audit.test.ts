import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  auditorsOf,
  certificateOf,
  coalitionsOf,
  drawSegments,
  leastSteps,
  feeFor,
  mostSegments,
  payOf,
  segmentEnds,
  segmentOf
} from '../../../protocol/jobs/index.ts'
import { auditorsEach } from '../../../protocol/contracts/index.ts'
import type { AuditedLot, AuditorsWord, AuditRound, JobResult, Lot } from '../../../protocol/jobs/index.ts'
import { contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'

const account = (name: string): Address => `0x${keccak(name).slice(-40)}`
const [builder, first, second] = ['builder', 'first', 'second'].map(account) as [Address, Address, Address]
const players = ['a', 'b', 'c'].map(account)
const auditors = Array.from({ length: 7 }, (_, i) => account(`auditor ${i}`))

/** Two workers, one for the deployed adapter, one for the siblings; nothing here is signed, which is checked before. */
const coalitions = coalitionsOf(keccak('draw'), players.length, 8).map(String)
const lots: JobResult['lots'] = (
  [
    [first, { kind: 'adapter' }],
    [second, { kind: 'siblings', coalitions: [1, 2, 3, 4, 5, 6] }]
  ] as [Address, Lot][]
).map(
  ([worker, lot]) =>
    ({
      award: { lot },
      delivery: { message: { worker, log: contentHash({ worker, lot }) } }
    }) as unknown as JobResult['lots'][number]
)
const result = {
  job: keccak('job'),
  statement: { message: { builder } },
  players,
  coalitions,
  adapters: coalitions.map((_, i) => (i === 0 ? null : `adapter ${i}`)),
  lots
} as unknown as JobResult
const logOf = (steps: number) => ({ steps, seconds: 1, tokens: 1, loss: Array.from({ length: steps }, () => 1) })
const audited: AuditedLot[] = lots.map(lot => {
  const count = lot.award.lot.kind === 'adapter' ? 1 : lot.award.lot.coalitions.length
  const all = Array.from({ length: count }, (_, i) => i)
  return { lot, content: { adapters: all.map(i => `adapter ${i}`), logs: all.map(i => logOf(leastSteps * (20 + i))) } }
})

const seeds = fc.stringMatching(/^0x[0-9a-f]{64}$/) as fc.Arbitrary<Hex>
const round = (seed: Hex, over: Partial<AuditRound> = {}): AuditRound => ({
  seed,
  panel: auditors,
  segments: 16,
  words: [],
  ...over
})
/** A run of every segment: who was drawn for it counts. */
const all = 0xffff
const subjectOf = (seed: Hex): Hex => certificateOf(result, audited, round(seed), 4).subject
const saying = (
  seed: Hex,
  who: readonly Address[],
  word: AuditorsWord['word'] = 'agrees',
  { subject = subjectOf(seed), runs = all } = {}
): AuditorsWord[] => who.map(auditor => ({ auditor, word, subject, runs, missing: 0 }))

describe('segments of trainings', () => {
  it('cover every step once, and are as many as there may be, none of a few steps beside others', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), steps => {
        const ends = segmentEnds(steps)
        assert.equal(ends.length, Math.min(steps, Math.max(1, Math.min(mostSegments, Math.floor(steps / leastSteps)))))
        let done = 0
        for (let i = 0; i < ends.length; i++) {
          const { from, to } = segmentOf(steps, i)!
          assert.ok(from === done && to > from && (ends.length === 1 || to - from >= leastSteps))
          done = to
        }
        assert.equal(done, steps)
        assert.equal(segmentOf(steps, ends.length), undefined)
      })
    )
  })

  it('are drawn once each, the deployed adapter’s first, all alike over many seeds', () => {
    const trained = [null, 3, 9, 20].map(segments => segments && segments * leastSteps)
    fc.assert(
      fc.property(seeds, fc.integer({ min: 0, max: 24 }), (seed, count) => {
        const drawn = drawSegments(seed, trained, count)
        assert.equal(drawn.length, Math.min(count, 3 + 8 + 8))
        assert.equal(new Set(drawn.map(one => `${one.coalition}/${one.segment}`)).size, drawn.length)
        if (count > 0) assert.equal(drawn[0]?.coalition, 3)
        assert.ok(drawn.every(({ coalition, segment }) => segmentOf(trained[coalition] ?? 0, segment) !== undefined))
      })
    )
    const met = new Map<string, number>()
    const many = mostSegments * leastSteps
    for (let i = 0; i < 2_000; i++)
      for (const { coalition, segment } of drawSegments(keccak(`seed ${i}`), [null, many, many, many], 2).slice(1))
        met.set(`${coalition}/${segment}`, (met.get(`${coalition}/${segment}`) ?? 0) + 1)
    assert.equal(met.size, 24)
    // A segment of a sibling is drawn second in one of 24 draws: 83 of 2,000, by five standard deviations.
    for (const [name, times] of met)
      if (!name.startsWith('3/')) assert.ok(times > 38 && times < 130, `${name} ${times}`)
  })

  it('are drawn of what says that it took no step, and of what says one, as of everything else', () => {
    const met = [0, 0, 0, 0]
    for (let i = 0; i < 1_000; i++) {
      const drawn = drawSegments(keccak(`seed ${i}`), [null, mostSegments * leastSteps, 1, 0], 2)
      assert.deepEqual(drawn[0], { coalition: 3, segment: 0 }, 'the deployed one, though it claims nothing')
      met[drawn[1]!.coalition]!++
    }
    // Of what is left each second time, by five standard deviations: the deployed one had one segment only.
    assert.deepEqual([met[0], met[3]], [0, 0])
    assert.ok(met[1]! > 420 && met[2]! > 420, String(met))
  })

  it('are run again by nobody who made them, paid for them or gave them rows', () => {
    fc.assert(
      fc.property(seeds, fc.subarray([builder, first, second, ...players, ...auditors]), (seed, panel) => {
        for (const [at, { coalition }] of drawSegments(seed, [null, 90, 90, 90, 90, 90, 90, 200], 6).entries()) {
          const worker = coalition === 7 ? first : second
          const chosen = auditorsOf(result, { worker, coalition, at }, { seed, panel })
          const own = players.filter((_, i) => (BigInt(coalitions[coalition]!) >> BigInt(i)) & 1n)
          assert.ok(chosen.every(one => panel.includes(one) && ![builder, worker, ...own].includes(one)))
          const may = panel.filter(one => ![builder, worker, ...own].includes(one)).length
          assert.equal(chosen.length, Math.min(auditorsEach, may))
        }
      })
    )
  })
})

describe("a training's certificate", () => {
  it('passes where all who were drawn agree, and their words are about these deliveries', () => {
    fc.assert(
      fc.property(seeds, seed => {
        const of = (words: AuditorsWord[], segments = 4) =>
          certificateOf(result, audited, round(seed, { words, segments }), 4)
        const whole = of(saying(seed, auditors))
        assert.ok(whole.passed && whole.nobody === 0 && whole.unpaid === 0)
        const other = of(saying(seed, auditors, 'agrees', { subject: keccak('x') }))
        assert.equal(other.passed, false, 'words on something else')
        const before = of(saying(seed, auditors, 'agrees', { subject: subjectOf(keccak('another seed')) }))
        assert.equal(before.passed, false, 'words of another draw')
        // The contract takes no word on a segment that is not paid for.
        const three = of(saying(seed, auditors, 'agrees', { runs: 0b0111 }), 3)
        assert.deepEqual([three.passed, three.unpaid, three.nobody], [false, 1, 0], 'one of them is not paid for')
        assert.deepEqual([three.segments[2]?.agreed.length, three.segments[3]?.auditors], [3, []], 'nobody runs it')
        const less = of(saying(seed, auditors, 'agrees', { runs: 0b1011 }))
        assert.deepEqual([less.passed, less.segments[2]?.agreed], [false, []], 'nobody says that it ran the third')
        for (const word of ['nothing', 'not-served', 'differs'] as const)
          assert.equal(of(saying(seed, auditors, word, { runs: word === 'differs' ? all : 0 })).passed, false)
      })
    )
  })

  it('needs over two thirds of each segment’s auditors, whoever else speaks and however often', () => {
    fc.assert(
      fc.property(seeds, fc.subarray(auditors), fc.subarray(auditors), (seed, yes, no) => {
        const strangers = Array.from({ length: 20 }, (_, i) => account(`stranger ${i}`))
        const words = [
          ...saying(
            seed,
            yes.filter(one => !no.includes(one))
          ),
          ...saying(
            seed,
            yes.filter(one => !no.includes(one))
          ),
          ...saying(seed, no, 'differs'),
          ...saying(seed, [...strangers, builder, first, second, ...players])
        ]
        const { passed, segments } = certificateOf(result, audited, round(seed, { words }), 4)
        const agree = (one: Address): boolean => yes.includes(one) && !no.includes(one)
        const enough = segments.every(one => 3 * one.auditors.filter(agree).length > 2 * one.auditors.length)
        assert.equal(passed, enough)
        for (const one of segments) assert.equal(new Set(one.agreed).size, one.agreed.length)
      })
    )
  })

  it('is none where nobody of the panel may look, or nothing is there to be looked at', () => {
    const seed = keccak('seed')
    const alone = certificateOf(
      result,
      audited,
      round(seed, { panel: [first, second], words: saying(seed, [first, second]) }),
      8
    )
    assert.equal(alone.nobody, 0, 'the two workers audit each other')
    const alonePanel = round(seed, { panel: [second], words: saying(seed, [second]) })
    const party = certificateOf(result, audited, alonePanel, 8)
    assert.ok(party.nobody > 0 && !party.passed)
    assert.equal(certificateOf(result, audited, round(seed, { panel: [] }), 4).passed, false)
    assert.equal(certificateOf(result, audited, round(seed, { words: saying(seed, auditors) }), 0).passed, false)
    const untrained = audited.map(({ lot, content }) => ({
      lot,
      content: { ...content, logs: content.logs.map(() => logOf(0)) }
    }))
    const { segments, passed } = certificateOf(result, untrained, round(seed), 4)
    assert.deepEqual([segments.length, segments[0]?.coalition, passed], [4, 7, false], 'no steps are looked at too')
  })

  it('is about the very adapters and deliveries: another one of either is another subject', () => {
    const seed = keccak('seed')
    const { subject } = certificateOf(result, audited, round(seed), 4)
    const changed = [
      { ...result, adapters: result.adapters.with(3, 'another') },
      { ...result, job: keccak('another job') },
      { ...result, lots: result.lots.toReversed() }
    ]
    for (const one of changed) assert.notEqual(certificateOf(one, audited, round(seed), 4).subject, subject)
  })
})

describe("auditors' pay", () => {
  const ones = (bits: number): bigint => BigInt(bits.toString(2).replaceAll('0', '').length)
  const paying = fc.record({
    segments: fc.integer({ min: 1, max: 16 }),
    fee: fc.bigInt({ min: 1n, max: 10n ** 24n }),
    runs: fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 7, maxLength: 7 })
  })

  it('is a fee for each run, of three runs of each segment at most, and never more than was put in', () => {
    fc.assert(
      fc.property(seeds, paying, (seed, { segments, fee, runs }) => {
        const words = auditors.map((auditor, i) => ({ auditor, runs: runs[i]! & ((1 << segments) - 1) }))
        const pay = payOf({ seed, panel: auditors, words }, { segments, fee })
        const sum = pay.reduce((a, b) => a + b, 0n)
        let owed = 0n
        for (let at = 0; at < segments; at++)
          owed += fee * BigInt(Math.min(3, words.filter(one => (one.runs >> at) & 1).length))
        assert.equal(sum, owed)
        assert.ok(sum <= BigInt(auditorsEach * segments) * fee)
        for (const [i, own] of pay.entries()) assert.ok(own <= fee * ones(words[i]!.runs))
      })
    )
  })

  it('goes to whom chance drew for a segment, whoever else of the panel says that it ran it', () => {
    fc.assert(
      fc.property(seeds, fc.subarray(auditors), (seed, liars) => {
        const drawn = drawSegments(seed, [null, 9, 9, 9, 9, 9, 9, 20], 4)
        const own = new Map<Address, number>()
        for (const [at, { coalition }] of drawn.entries())
          for (const one of auditorsOf(result, { worker: second, coalition, at }, { seed, panel: auditors }))
            own.set(one, (own.get(one) ?? 0) | (1 << at))
        const says = (who: Address): number => (liars.includes(who) ? 0xf : (own.get(who) ?? 0))
        const words = auditors.map(auditor => ({ auditor, runs: says(auditor) }))
        const pay = payOf({ seed, panel: auditors, words }, { segments: 4, fee: 1n })
        for (const [i, auditor] of auditors.entries()) assert.equal(pay[i], ones(own.get(auditor) ?? 0))
      })
    )
  })

  it('is offered at what training a segment has cost, and at no less than the least', () => {
    const priced = (prices: bigint[], steps: number) =>
      audited.map(({ lot, content }, i) => ({
        lot: { ...lot, award: { ...lot.award, statement: { message: { price: prices[i] } } } },
        content: { ...content, logs: content.logs.map(() => logOf(steps)) }
      })) as unknown as AuditedLot[]
    const of = (prices: bigint[], { least = 1n, most = 1000n, steps = mostSegments * leastSteps } = {}) =>
      feeFor(priced(prices, steps), { least, most })
    assert.equal(of([70n, 490n]), 10n, 'seven adapters of eight segments')
    assert.equal(of([70n, 491n]), 11n, 'rounded up')
    assert.equal(of([70n, 490n], { steps: 2 * leastSteps - 1 }), 80n, 'a short training is one segment')
    assert.equal(of([70n, 490n], { steps: 2 * leastSteps }), 40n, 'and a longer one two')
    assert.equal(of([0n, 0n], { least: 5n }), 5n)
    assert.equal(of([70n, 490n], { most: 9n }), 9n, 'no more than a word may bring')
    assert.equal(of([70n, 490n], { least: 5n, steps: 0 }), 5n, 'where nobody says that it trained')
  })
})

import assert from 'node:assert/strict'
import type { AuditRecord } from '../../../node/chain/types.ts'
import { wrongOf } from '../../../node/payouts/audits/index.ts'
import { createJudging, judgedUntil } from '../../../node/payouts/audits/judging.ts'
import type { JudgingParts } from '../../../node/payouts/audits/judging.ts'
import { silentLog } from '../../../node/runtime/index.ts'
import type { AuditorsWord } from '../../../protocol/jobs/index.ts'
import { keccak } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

type JudgingDeps = Parameters<typeof createJudging>[0]

const [a, b, c, idle] = ['a', 'b', 'c', 'idle'].map(name => `0x${keccak(name).slice(-40)}`) as [
  Address,
  Address,
  Address,
  Address
]
const subject = keccak('subject')
const other = keccak('nothing')
/** Who ran what: a and b the first segment, c the second. */
const runsOf = (auditor: Address): number => (auditor === c ? 2 : 1)
const said = (word: AuditorsWord['word'], auditor: Address, runs: number, about = subject): AuditorsWord => ({
  auditor,
  word,
  subject: about,
  runs,
  missing: 0
})
const yes = (auditor: Address, runs = runsOf(auditor), about = subject) => said('agrees', auditor, runs, about)
const no = (auditor: Address, about = subject) => said('differs', auditor, runsOf(auditor), about)
const gone = (auditor: Address) => said('not-served', auditor, 0)
const mute = (auditor: Address) => said('nothing', auditor, 0)
type Words = Parameters<typeof wrongOf>[1]

/** Who is wrong about one segment, which a and b were drawn for, and one that c was. */
async function wrong(words: Words, holds = true, doubted = false): Promise<string[]> {
  const segment = (number: number, auditors: Address[]) => ({
    coalition: 1,
    segment: number,
    worker: '0x' as const,
    auditors,
    agreed: auditors.filter(one => words.some(({ auditor, word }) => auditor === one && word === 'agrees')),
    disagreed: []
  })
  const segments = [segment(0, [a, b]), segment(1, [c])]
  const found = await wrongOf({ subject, segments }, words, () => Promise.resolve(holds), doubted)
  return found.map(({ auditor, costs }) => `${[a, b, c, idle].indexOf(auditor)}${costs ? '' : ' for nothing'}`)
}

describe('the words of a round', () => {
  it('are judged though its builder has opened the next, which nobody has drawn', async () => {
    const blamed: [number, Address, boolean][] = []
    const deps = {
      self: idle,
      log: silentLog,
      chain: {
        audits: {
          window: async () => 100n,
          blame: async (_id: unknown, number: number, auditor: Address, costs: boolean) =>
            void blamed.push([number, auditor, costs])
        }
      },
      trainings: { delivered: async () => [], runSegment: async () => ({ agrees: false, distance: null }) }
    }
    const segment = { coalition: 1, segment: 0, worker: '0x', auditors: [a, b], agreed: [a], disagreed: [b] }
    const parts = {
      certificates: { round: async () => ({ subject, segments: [segment] }) },
      models: { weighed: async () => ({ result: {} }) },
      findings: { of: async (_id: unknown, _round: unknown, _drawn: unknown, run: () => Promise<unknown>) => run() },
      hasVoice: async () => true,
      now: () => 1_100n
    }
    const words = [yes(a), no(b)].map(word => ({ ...word, at: 1n }))
    const first = { number: 1, seed: subject, until: 1_000n, words, strikes: [], closed: true, doubted: false }
    const next = { ...first, number: 2, seed: null, until: 0n, words: [], closed: false }
    const record = { model: subject, pool: subject, rounds: [first, next] } as unknown as AuditRecord
    const judging = createJudging(deps as unknown as JudgingDeps, parts as unknown as JudgingParts)
    await judging.judge(record, subject, new AbortController().signal)
    assert.deepEqual(blamed, [[1, a, true]])
    assert.equal(judgedUntil(record, 100n), 1_200n)
  })
})

describe("an auditor's word against a training", () => {
  it('is looked at though nobody contradicts it, and false where all of it holds', async () => {
    assert.deepEqual(await wrong([no(c)]), ['2'])
    assert.deepEqual(await wrong([no(c)], false), [])
    assert.deepEqual((await wrong([yes(a), no(b)])).toSorted(), ['1'])
    assert.deepEqual(await wrong([yes(a), no(b)], false), ['0'])
    assert.deepEqual(await wrong([yes(a), yes(b)], false), [], 'nobody is against it')
  })

  it('is false about something else, and from whom nothing was drawn for', async () => {
    assert.deepEqual(await wrong([no(c, other)], false), ['2'])
    assert.deepEqual(await wrong([no(idle)]), ['3'])
  })

  it('that something was withheld costs nobody stake, and is struck where others were given it', async () => {
    assert.deepEqual(await wrong([gone(a)]), [])
    assert.deepEqual(await wrong([gone(a), yes(b)]), ['0 for nothing'])
    assert.deepEqual(await wrong([gone(a), gone(b), yes(c)]), [])
    assert.deepEqual(await wrong([gone(idle), yes(c)]), ['3 for nothing'])
    assert.deepEqual(await wrong([gone(idle)]), [])
  })

  it('that part of its own was withheld is struck in that where others ran it, and what it ran stands', async () => {
    const segment = (number: number, auditors: Address[], agreed: Address[]) => ({
      coalition: 1,
      segment: number,
      worker: '0x' as const,
      auditors,
      agreed,
      disagreed: []
    })
    const short = (word: AuditorsWord['word'], missing: number): AuditorsWord => ({ ...said(word, a, 1), missing })
    const found = (mine: AuditorsWord, agreed: Address[], holds = (_number: number): boolean => true) =>
      wrongOf(
        { subject, segments: [segment(0, [a, b], [a, b]), segment(1, [a, c], agreed), segment(2, [c], [c])] },
        [mine, yes(b)],
        one => Promise.resolve(holds(one.segment))
      )
    assert.deepEqual(await found(short('agrees', 2), []), [], 'nobody else was given it')
    assert.deepEqual(await found(short('agrees', 2), [c]), [{ auditor: a, costs: false }])
    assert.deepEqual(await found(short('agrees', 2), [c], number => number !== 1), [], 'it does not hold')
    assert.deepEqual(await found(short('agrees', 4), [c]), [{ auditor: a, costs: true }], 'it is not its own')
    assert.deepEqual(await found(short('agrees', 8), [c]), [{ auditor: a, costs: true }], 'it was not drawn')
    assert.deepEqual(
      await found(short('differs', 2), [c], number => number !== 0),
      [
        { auditor: b, costs: true },
        { auditor: a, costs: false }
      ].toSorted((x, y) => (x.auditor < y.auditor ? -1 : 1)),
      'it found what does not agree, and was given the rest'
    )
    assert.deepEqual(await found({ ...gone(a), missing: 2 }, [c]), [{ auditor: a, costs: false }])
    assert.deepEqual(await found({ ...gone(a), missing: 2 }, []), [])
  })

  it('of a run that was not its own, or about something else, is false whatever comes of it', async () => {
    assert.deepEqual(await wrong([yes(a), yes(c, 3)]), ['2'])
    assert.deepEqual(await wrong([yes(idle, 1)]), ['3'])
    assert.deepEqual(await wrong([yes(a, 4)]), ['0'], 'of a segment that was not drawn')
    assert.deepEqual(await wrong([yes(a, 1, other)]), ['0'])
    assert.deepEqual(await wrong([yes(a), yes(b), yes(c), mute(idle)]), [])
  })

  it('of nothing to say costs its seat where others ran all that was its own', async () => {
    assert.deepEqual(await wrong([mute(a), yes(b), yes(c)]), ['0 for nothing'])
    assert.deepEqual(await wrong([mute(a), mute(b), yes(c)]), [])
    assert.deepEqual(await wrong([mute(c), yes(a), yes(b)]), [])
  })

  it('that leaves out a segment of its own costs its seat where another ran that', async () => {
    const segment = (number: number, auditors: Address[], agreed: Address[]) => ({
      coalition: 1,
      segment: number,
      worker: '0x' as const,
      auditors,
      agreed,
      disagreed: []
    })
    const found = (agreed: Address[]) =>
      wrongOf(
        { subject, segments: [segment(0, [a, b], [a, b]), segment(1, [a, c], agreed)] },
        [yes(a, 1), yes(b)],
        () => Promise.resolve(true)
      )
    assert.deepEqual(await found([c]), [{ auditor: a, costs: false }])
    assert.deepEqual(await found([]), [], 'nobody did')
  })

  it('is run again where a validator doubts it, though all agree', async () => {
    assert.deepEqual((await wrong([yes(a), yes(b), yes(c)], false, true)).toSorted(), ['0', '1', '2'])
    assert.deepEqual(await wrong([yes(a), yes(b), yes(c)], true, true), [])
  })
})

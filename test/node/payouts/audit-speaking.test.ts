import assert from 'node:assert/strict'
import { createSpeaking } from '../../../node/payouts/audits/speaking.ts'
import type { OwnWord } from '../../../node/payouts/audits/words.ts'
import { auditSubject } from '../../../protocol/jobs/index.ts'
import type { JobResult } from '../../../protocol/jobs/index.ts'
import { keccak, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { silentLog } from '../../../node/runtime/index.ts'

// What a drawn auditor says of what is kept from it, by how late it is.

type Deps = Parameters<typeof createSpeaking>[0]
type Parts = Parameters<typeof createSpeaking>[1]
type Record = Parameters<ReturnType<typeof createSpeaking>['speak']>[0]
type Round = Parameters<ReturnType<typeof createSpeaking>['speak']>[1]
const self: Address = `0x${'1'.repeat(40)}`
const id = keccak('audit')
const seed = keccak('seed')
const result = { job: keccak('job'), lots: [], adapters: [] } as unknown as JobResult
const subject = auditSubject(result, seed)
const round = { number: 1, seed, panel: [self], until: 1_000n, segments: 4, words: [], strikes: [] }
const withheld = new TilthError('audit.withheld', 'a state is not to be had', { consequence: 'retry' })
const broken = new Error('this machine cannot run it now')

/** What comes of each of four segments, the third of which is another's. @returns what was said, or why nothing was */
async function spoken(comes: readonly ('agrees' | 'differs' | Error)[], time: bigint) {
  const segments = comes.map((_, segment) => ({ coalition: 1, segment, auditors: segment === 2 ? [] : [self] }))
  let noted: OwnWord | undefined
  const said: OwnWord[] = []
  const deps = {
    self,
    log: silentLog,
    chain: { audits: { window: async () => 400n } },
    trainings: {
      delivered: async () => [],
      runSegment: async (_result: unknown, _lots: unknown, { segment }: { segment: number }) => {
        const one = comes[segment]!
        if (one instanceof Error) throw one
        return { agrees: one === 'agrees', distance: 0 }
      }
    }
  }
  const parts = {
    certificates: { round: async () => ({ subject, segments }) },
    models: { weighed: async () => ({ result }) },
    findings: { of: async (_id: unknown, _round: unknown, _drawn: unknown, run: () => Promise<unknown>) => run() },
    words: {
      note: async (_id: unknown, _round: unknown, word: OwnWord) => void (noted = word),
      known: async () => noted ?? { word: 'nothing', subject, runs: 0, missing: 0 },
      say: async (_id: unknown, _round: unknown, word: OwnWord) => void said.push(word)
    },
    chainTime: () => time
  }
  const speaking = createSpeaking(deps as unknown as Deps, parts as unknown as Parts)
  const record = { id, model: keccak('model'), pool: keccak('pool') }
  const failed = await speaking
    .speak(record as Record, round as unknown as Round, id, new AbortController().signal)
    .then(
      () => undefined,
      (error: unknown) => error
    )
  return { said, noted, failed }
}

describe('what an auditor says of what is kept from it', () => {
  const [early, late] = [800n, 910n]

  it('names it beside what it ran, once it is late; before that it is asked for again', async () => {
    const comes = ['agrees', withheld, 'agrees', 'agrees'] as const
    const before = await spoken(comes, early)
    assert.deepEqual([before.said, before.failed], [[], withheld])
    assert.equal(before.noted?.missing, 0, 'it may come yet')
    const { said } = await spoken(comes, late)
    assert.deepEqual(said, [{ word: 'agrees', subject, runs: 0b1001, missing: 0b0010 }])
  })

  it('stands in the last word, too, where the rest cannot be run here', async () => {
    const { said, noted, failed } = await spoken(['agrees', withheld, 'agrees', broken], late)
    assert.deepEqual([said, failed], [[], broken])
    assert.deepEqual(noted, { word: 'agrees', subject, runs: 0b0001, missing: 0b0010 })
  })

  it('is all of it where it could run nothing, and nothing where what it ran differs', async () => {
    const none = await spoken([withheld, withheld, 'agrees', withheld], late)
    assert.deepEqual(none.said, [{ word: 'not-served', subject, runs: 0, missing: 0 }])
    const wrong = await spoken(['differs', withheld, 'agrees', 'agrees'], late)
    assert.deepEqual(wrong.said, [{ word: 'differs', subject, runs: 0b0001, missing: 0 }])
  })
})

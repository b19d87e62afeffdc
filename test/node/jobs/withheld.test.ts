import assert from 'node:assert/strict'
import type { Desk } from '../../../node/jobs/builder/desk.ts'
import { verifyDelivery } from '../../../node/jobs/builder/verify.ts'
import type { Verified } from '../../../node/jobs/builder/verify.ts'
import { maxContentBytes } from '../../../node/jobs/limits.ts'
import { createCache, silentLog } from '../../../node/runtime/index.ts'
import { segmentEnds } from '../../../protocol/jobs/index.ts'
import type { JobRecord, LotState } from '../../../protocol/jobs/index.ts'
import { NotFoundError, contentHash, keccak } from '../../../protocol/primitives/index.ts'
import { encodeFrame } from '../../../protocol/wire/index.ts'
import { pause } from '../../harness/index.ts'
import { players, settings, versions } from './version.ts'

// The builder's acceptance by itself: files, engine and the keeping of states stand in; jobs over networks are in
// `faults.test.ts`, states and their notes in `kept-states.test.ts`.

const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const [builder, worker] = [`0x${'b1'.repeat(20)}`, `0x${'c2'.repeat(20)}`] as const
const id = keccak('job')
const steps = 6
const content = {
  adapters: [cid],
  logs: [{ steps, seconds: 1, tokens: 10, loss: Array.from({ length: steps }, () => 3) }],
  states: [segmentEnds(steps).map(() => cid)]
}
const record = {
  document: { statement: { message: { builder } }, spec: { base: cid, coalitions: 8, settings } },
  state: { state: 'running', draw: id, players }
} as unknown as JobRecord
const lot = {
  state: 'delivered',
  lot: { kind: 'adapter' },
  escrow: keccak('escrow'),
  delivery: { message: { cid, log: contentHash(content) } },
  award: { statement: { message: { worker, deadline: 1n } } }
} as unknown as Extract<LotState, { state: 'delivered' }>

describe('a delivery whose states are withheld', () => {
  /** Measurements on the rows that it was trained on, and on held-out questions. */
  let own: number, heldOut: number
  let fetchStates: (signal: AbortSignal) => Promise<void>
  let tuned: number
  let verify: () => Promise<Verified>

  beforeEach(() => {
    own = heldOut = 0
    tuned = 2
    const desk = {
      deps: {
        log: silentLog,
        files: { fetchBytes: async () => encodeFrame(content, maxContentBytes) },
        versions: { ...versions, auditedSegments: async () => 1 },
        shelf: { take: async () => ({ folder: '', release: () => undefined }) },
        delivered: () => ({ check: async () => undefined, close: () => undefined }),
        engine: {
          open: async () => ({}),
          async heldOutLoss({ adapter, cutoff }: { adapter?: string; cutoff?: number }) {
            if (cutoff === undefined) heldOut++
            else own++
            return adapter === undefined ? 3 : tuned
          }
        }
      },
      random: () => 0,
      signal: new AbortController().signal,
      states: { fetch: (_: string, __: unknown, { signal }: { signal: AbortSignal }) => fetchStates(signal) },
      seen: createCache({ max: 8 })
    } as unknown as Desk
    verify = () => verifyDelivery(desk, id, record, lot)
  })

  it('is measured on its own rows once, however often they are asked for', async () => {
    fetchStates = async () => Promise.reject(new NotFoundError('files.unavailable', 'nobody has it'))
    for (let i = 0; i < 3; i++) await assert.rejects(verify(), { code: 'files.unavailable' })
    assert.deepEqual([own, heldOut], [2, 0])
    fetchStates = async () => undefined
    assert.deepEqual((await verify()).heldOut, { base: 3, tuned: 2 })
    assert.deepEqual([own, heldOut], [2, 2])
  })

  it('is not tried again before the last try has written what it had to', async () => {
    let isWritten = false
    fetchStates = async signal => {
      await new Promise<void>(resolve => {
        signal.addEventListener('abort', () => {
          resolve()
        })
      })
      await pause(20)
      isWritten = true
      signal.throwIfAborted()
    }
    tuned = 4
    await assert.rejects(verify(), { code: 'delivery.unlearnt' })
    assert.ok(isWritten)
  })
})

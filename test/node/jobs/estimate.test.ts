import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TuneSpec } from '../../../protocol/jobs/index.ts'
import type { TrainProgress, TuneJob } from '../../../node/engine/types.ts'
import type { JobsDeps, WorkerPolicy } from '../../../node/jobs/deps.ts'
import { createEstimator } from '../../../node/jobs/worker/estimate.ts'
import { createExperience } from '../../../node/jobs/worker/experience.ts'
import { openStore } from '../../../node/store/index.ts'
import type { Store } from '../../../node/store/index.ts'
import { scratch } from '../../harness/index.ts'

const hour = 3_600_000
const builder = `0x${'b1'.repeat(20)}` as const
const job = `0x${'0a'.repeat(32)}` as const
const spec = {
  base: 'bafybase',
  datanet: job,
  version: 1,
  manifest: 'bafymanifest',
  coalitions: 2,
  settings: {
    batch: 1,
    accumulation: 1,
    epochs: 10,
    lora: { rank: 4, targets: ['q_proj'] },
    method: 'lora',
    cutoff: 64
  }
} as unknown as TuneSpec
const rows = [{ contributor: builder, row: { messages: [{ role: 'user', content: 'x'.repeat(100) }] } }]

/** A worker's clock, which its engine's steps move. */
interface Watch {
  now: number
}

describe('how fast a worker thinks it is', () => {
  let folder = ''
  let store: Store
  let stores = 0
  before(async () => {
    folder = await scratch('estimate')
  })
  after(() => rm(folder, { recursive: true, force: true }))
  beforeEach(async () => {
    store = await openStore(join(folder, `store-${stores++}`))
  })
  afterEach(() => store.close())

  /** What a worker says of jobs whose engine trains like this. */
  function estimatorOf(
    watch: Watch,
    tune: (job: TuneJob, heard: () => void) => void
  ): ReturnType<typeof createEstimator> {
    const deps = {
      clock: { now: () => watch.now },
      store,
      folder,
      versions: { rows: async () => rows, requireSome: async () => undefined },
      chain: {
        datanets: { version: async () => ({ cid: spec.manifest }) },
        ledger: { version: async () => ({ draw: job, block: 1n }), confirmed: () => true }
      },
      shelf: { sizes: async () => ({ bytes: 1 }), take: async () => ({ folder, release: () => undefined }) },
      engine: {
        open: async () => ({ parameters: 1 }),
        tune: async (job: TuneJob) => {
          tune(job, () => {
            job.onProgress?.({} as TrainProgress)
          })
        }
      }
    } as unknown as JobsDeps
    const policy = { pricePerSecond: 1n, maxRows: 10, maxSeconds: 50, maxParameters: 10 } as WorkerPolicy
    return createEstimator(deps, policy, createExperience(store))
  }
  const long = { ...spec, settings: { ...spec.settings, epochs: 100 } }

  it('is measured again after a day, and sooner where it would keep the worker from a job', async () => {
    const watch = { now: 1_000 * hour }
    let secondsOfStep = 1
    let measured = 0
    const estimator = estimatorOf(watch, (_, heard) => {
      measured++
      for (let step = 0; step < 4; step++) {
        watch.now += 1000 * secondsOfStep
        heard()
      }
    })
    const estimate = async (): Promise<number> =>
      (await estimator.estimate(spec, builder, () => undefined)).adapterSeconds

    assert.equal(await estimate(), 10)
    assert.equal(await estimate(), 10)
    assert.equal(measured, 1, 'what is known is not measured again')

    watch.now += 25 * hour
    secondsOfStep = 9 // the machine is busy
    await assert.rejects(estimate(), { code: 'work.seconds' })
    assert.equal(measured, 2, 'a day later it is')

    secondsOfStep = 1
    await assert.rejects(estimate(), { code: 'work.seconds' })
    assert.equal(measured, 2, 'a job that is declined is not measured each time')
    watch.now += 2 * hour
    assert.equal(await estimate(), 10)
    assert.equal(measured, 3, 'nor is it declined for good')
  })

  it("goes by the middle one of a second's steps, and not by one in which the machine was busy", async () => {
    const watch = { now: hour }
    let taken = 0
    const estimator = estimatorOf(watch, ({ settings, signal }, heard) => {
      for (; taken < settings.epochs; taken++) {
        signal?.throwIfAborted()
        watch.now += taken === 2 ? 700 : 100
        heard()
      }
    })
    assert.equal((await estimator.estimate(long, builder, () => undefined)).adapterSeconds, 10)
    assert.equal(taken, 5, 'a second is enough')
  })

  // Five steps of 200 ms, of which this process hears at once, and of the next a second later; then some that are heard
  // a few milliseconds apart.
  for (const [what, apart, least] of [
    ['at the same time', 0, 20],
    ['right after one another', 2, 6]
  ] as const)
    it(`does not think itself faster for steps that it hears of ${what}`, async () => {
      const watch = { now: hour }
      const estimator = estimatorOf(watch, ({ signal }, heard) => {
        for (let step = 0; step < 6; step++) {
          signal?.throwIfAborted()
          watch.now += step === 5 ? 1_000 : step === 0 ? 0 : apart
          heard()
        }
      })
      const { adapterSeconds, price } = await estimator.estimate(long, builder, () => undefined)
      assert.ok(adapterSeconds >= least, `${adapterSeconds} s`)
      assert.equal(price, BigInt(adapterSeconds))
    })
})

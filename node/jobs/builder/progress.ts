import { z } from 'zod'
import { mergeHeldOut, mostHeldOut, workerReport } from '../../../protocol/jobs/index.ts'
import type { AwardStatus, HeldOutPoint, WorkStage } from '../../../protocol/jobs/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { InvalidError, LimitError, NotFoundError, bytes32 } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { JobsDeps, JobsTiming } from '../deps.ts'
import { lossesAtOnce, lossesPerSecond, maxLives } from '../limits.ts'
import type { ProgressView } from '../types.ts'

/**
 * What a builder hears of an award while it is worked on; not on disk, since a worker that attaches again says it
 * again.
 */
export interface Live {
  heardAt: number
  stage: WorkStage
  progress: ProgressView | null
  /** By step, from the first. */
  readonly losses: number[]
  heldOut: HeldOutPoint[]
}

interface Entry extends Live {
  /** Losses that may still be told at once, and when that was so. */
  allowance: number
  allowedAt: number
}

/** What one report said. */
export interface Heard {
  readonly progress: ProgressView
  readonly losses: readonly number[]
  readonly heldOut: readonly HeldOutPoint[]
}

export interface ProgressHandlers {
  /** Where an award of this worker stands here, or undefined if it is none of ours. */
  standing(award: Hex, worker: Address): AwardStatus['state'] | undefined
  /** Optimizer steps that the award's work can have at most. */
  steps(award: Hex): number
  heard(award: Hex, report: Heard | undefined): Promise<void>
  delivered(award: Hex, delivery: Signed<'Delivery'>): Promise<void>
  failed(award: Hex, code: string): Promise<void>
  consented(award: Hex, signature: Hex): Promise<void>
}

export interface ProgressServer {
  start(): void
  stop(): Promise<void>
  live(award: Hex): Live
  /** Tells the award's worker where it stands now, if its stream is open. */
  tell(award: Hex): void
}

const attach = workerReport.options[0]
const reports = z.discriminatedUnion('kind', [
  workerReport.options[1],
  workerReport.options[2],
  workerReport.options[3],
  workerReport.options[4],
  workerReport.options[5]
])

/** Serves `/tilth/jobs/progress/1`: hears workers, and tells them when their award is superseded or closed. */
export function createProgressServer(
  deps: Pick<JobsDeps, 'streams' | 'clock' | 'log'>,
  timing: JobsTiming,
  handlers: ProgressHandlers
): ProgressServer {
  const lives = createCache<Hex, Entry>({ max: maxLives })
  const streams = new Map<Hex, MessageStream>()
  let unhandle: (() => Promise<void>) | undefined

  const live = (award: Hex): Entry => {
    const known = lives.get(award)
    if (known !== undefined) return known
    const now = deps.clock.now()
    const allowance = lossesAtOnce(handlers.steps(award))
    const entry: Entry = {
      heardAt: now,
      stage: 'queued',
      progress: null,
      losses: [],
      heldOut: [],
      allowance,
      allowedAt: now
    }
    lives.set(award, entry)
    return entry
  }
  const tellOn = async (stream: MessageStream, award: Hex): Promise<void> => {
    const state = handlers.standing(award, stream.address)
    if (state !== undefined) await stream.send({ kind: 'status', state } satisfies AwardStatus)
  }

  async function serve(stream: MessageStream): Promise<void> {
    const first = await stream.next(attach)
    if (first === undefined) return
    const award = bytes32.parse(first.award)
    // [reject] Only the awarded worker reports on an award; the connection's key says who it is.
    if (handlers.standing(award, stream.address) === undefined)
      throw new NotFoundError('award.unknown', 'no award of this worker', { consequence: 'retry' })
    await streams
      .get(award)
      ?.end()
      .catch((error: unknown) => {
        deps.log.debug('an older stream of the award did not end', { error })
      })
    streams.set(award, stream)
    try {
      await tellOn(stream, award)
      for await (const report of stream.receive(reports, {
        timeoutMs: Math.max(timing.silenceMs, timing.aliveMs * 4)
      })) {
        live(award).heardAt = deps.clock.now()
        await take(award, report, stream)
      }
    } finally {
      if (streams.get(award) === stream) streams.delete(award)
    }
  }

  async function take(award: Hex, report: z.infer<typeof reports>, stream: MessageStream): Promise<void> {
    const entry = live(award)
    switch (report.kind) {
      case 'alive':
        entry.stage = report.stage
        return handlers.heard(award, undefined)
      case 'progress': {
        const { step, steps, losses, heldOut = [], tokensPerSecond, secondsLeft, lr } = report
        // [reject] Losses belong to steps that were taken, and steps are no more than the job's rows and epochs make.
        const most = handlers.steps(award)
        if (losses.length > step || step > steps || steps > most)
          throw new InvalidError('progress.steps', `progress of ${step} of ${steps} steps, of ${most} at most`)
        // [reject] What was measured was measured after a step that was taken.
        if (heldOut.some(point => point.step > step))
          throw new InvalidError('progress.steps', `a loss after more than the ${step} steps that were taken`)
        allow(entry, most, losses.length)
        entry.heldOut = mergeHeldOut(entry.heldOut, heldOut).slice(0, mostHeldOut)
        const from = step - losses.length
        entry.losses.length = Math.min(entry.losses.length, from)
        // steps taken before anybody listened
        while (entry.losses.length < from) entry.losses.push(entry.losses.at(-1) ?? losses[0] ?? 0)
        entry.losses.push(...losses)
        entry.stage = 'training'
        entry.progress = {
          step,
          steps,
          loss: losses.at(-1) ?? entry.progress?.loss ?? 0,
          tokensPerSecond,
          secondsLeft,
          ...(lr === undefined ? {} : { lr })
        }
        return handlers.heard(award, { progress: entry.progress, losses, heldOut })
      }
      case 'delivery':
        await handlers.delivered(award, report.delivery)
        return tellOn(stream, award)
      case 'failed':
        await handlers.failed(award, report.code)
        return tellOn(stream, award)
      case 'consent':
        await handlers.consented(award, report.signature)
        return tellOn(stream, award)
    }
  }

  /** [reject] A worker tells each loss once, and again after a break: what it pushes beyond that fills no memory. */
  function allow(entry: Entry, steps: number, losses: number): void {
    const now = deps.clock.now()
    const gained = (Math.max(0, now - entry.allowedAt) * lossesPerSecond(steps)) / 1000
    entry.allowance = Math.min(lossesAtOnce(steps), entry.allowance + gained)
    entry.allowedAt = now
    if (losses > entry.allowance)
      throw new LimitError('progress.flood', 'more losses than the work has steps, over and over')
    entry.allowance -= losses
  }

  return {
    start() {
      unhandle = deps.streams.handle('/tilth/jobs/progress/1', serve)
    },
    async stop() {
      await unhandle?.()
      await Promise.allSettled([...streams.values()].map(stream => stream.end()))
    },
    live,
    tell(award) {
      const stream = streams.get(award)
      if (stream !== undefined)
        tellOn(stream, award).catch((error: unknown) => {
          deps.log.debug('a worker was not told; it asks when it attaches again', { award, error })
        })
    }
  }
}

import { awardStatus, mergeHeldOut } from '../../../protocol/jobs/index.ts'
import type { AwardStatus, HeldOutPoint, WorkStage, WorkerReport } from '../../../protocol/jobs/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { anySignal } from '../../../protocol/primitives/index.ts'
import type { TrainProgress } from '../../engine/types.ts'
import type { MessageStream } from '../../transport/types.ts'
import type { JobsDeps, JobsTiming } from '../deps.ts'

/** Losses sent in one frame; a stream that was away catches up in several. */
const lossesPerFrame = 1024
/** How long the stream waits to gather progress before it sends some: a step may take a millisecond. */
const gatherMs = 250

/** The state of one award's work, as the builder should hear of it. */
export interface Reporter {
  stage(stage: WorkStage): void
  progress(progress: TrainProgress): void
  delivered(delivery: Signed<'Delivery'>): void
  failed(code: string): void
}

export interface ReportHandlers {
  /** The builder's word on the award. A returned signature consents to its refund and is sent back. */
  status(state: AwardStatus['state']): Promise<Hex | undefined>
}

/**
 * Keeps a progress stream to the builder for one award until `signal` aborts: opened again whenever it breaks, with all
 * that the builder has to hear said again, so that neither side's restart loses anything.
 */
export function report(
  deps: Pick<JobsDeps, 'streams' | 'clock' | 'log'>,
  timing: JobsTiming,
  award: Hex,
  builder: Address,
  handlers: ReportHandlers,
  signal: AbortSignal
): Reporter {
  let stage: WorkStage = 'queued'
  let latest: TrainProgress | undefined
  const losses: number[] = []
  let heldOut: HeldOutPoint[] = []
  let offset = 0 // step of the first loss that this process knows of
  let delivery: Signed<'Delivery'> | undefined
  let failure: string | undefined

  async function converse(stream: MessageStream): Promise<void> {
    const over = anySignal([signal, stream.signal])
    const send = (frame: WorkerReport): Promise<void> => stream.send(frame)
    await send({ kind: 'attach', award })
    const listening = (async () => {
      for await (const { state } of stream.receive(awardStatus, { signal: over, timeoutMs: 2 ** 31 - 1 })) {
        const consent = await handlers.status(state)
        if (consent !== undefined) await send({ kind: 'consent', signature: consent })
      }
    })()
    // Its end is the stream's end, which the loop below sees; its reason is told once more where it is awaited.
    listening.catch(() => {
      stream.end().catch(() => undefined)
    })
    let sent = 0 // steps that this stream has told
    let measured = 0 // and held-out losses
    let lastSent = deps.clock.now()
    let deliverySent = false
    while (!over.aborted) {
      let frame: WorkerReport | undefined
      if (failure !== undefined) frame = { kind: 'failed', code: failure }
      else if (latest !== undefined && sent < offset + losses.length) {
        const from = Math.max(sent, offset)
        const part = losses.slice(from - offset, from - offset + lossesPerFrame)
        sent = from + part.length
        const news = heldOut.slice(measured)
        measured = heldOut.length
        frame = progressFrame(latest, sent, part, news)
      } else if (delivery !== undefined && !deliverySent) {
        frame = { kind: 'delivery', delivery }
        deliverySent = true
      } else if (deps.clock.now() - lastSent >= timing.aliveMs) frame = { kind: 'alive', stage }
      if (frame !== undefined) {
        await send(frame)
        lastSent = deps.clock.now()
      }
      if (frame === undefined || frame.kind === 'failed') await deps.clock.sleep(gatherMs, over)
    }
    await listening
  }

  const loop = async (): Promise<void> => {
    for (let wait = 500; !signal.aborted; wait = Math.min(5_000, wait * 2)) {
      try {
        const stream = await deps.streams.open(builder, '/tilth/jobs/progress/1', { signal })
        try {
          await converse(stream)
        } finally {
          await stream.end()
        }
        wait = 500
      } catch (error) {
        if (!signal.aborted) deps.log.debug('the stream to the builder broke; it is opened again', { award, error })
      }
      if (!signal.aborted) await deps.clock.sleep(wait, signal).catch(() => undefined)
    }
  }
  void loop()

  return {
    stage(next) {
      stage = next
    },
    progress(progress) {
      latest = progress
      // Training goes on from a checkpoint: after a restart later than the first step, after a failed try earlier than
      // the last.
      const at = progress.step - 1 - offset
      if (at < 0 || at > losses.length) {
        losses.length = 0
        offset = Math.max(0, progress.step - 1)
      } else losses.length = at
      losses.push(progress.loss)
      const { step, evalLoss } = progress
      if (evalLoss !== undefined && Number.isFinite(evalLoss))
        heldOut = mergeHeldOut(heldOut, [{ step, loss: evalLoss }])
    },
    delivered(signed) {
      delivery = signed
    },
    failed(code) {
      failure = code
    }
  }
}

function progressFrame(
  { steps, tokensPerSecond, secondsLeft, adapter, lr }: TrainProgress,
  step: number,
  losses: number[],
  heldOut: HeldOutPoint[]
): WorkerReport {
  const finite = (value: number): number => (Number.isFinite(value) && value >= 0 ? value : 0)
  return {
    kind: 'progress',
    step,
    steps,
    tokensPerSecond: finite(tokensPerSecond),
    secondsLeft: finite(secondsLeft),
    losses: losses.map(loss => (Number.isFinite(loss) ? loss : 1e9)),
    ...(Number.isFinite(lr) && lr >= 0 ? { lr } : {}),
    ...(heldOut.length === 0 ? {} : { heldOut }),
    ...(adapter === undefined ? {} : { adapter })
  }
}

import { adapterScale, isFull, newAdapter, newFull, type Tuned } from '../adapters/index.ts'
import {
  demandBytes,
  demandMemory,
  projectionWeights,
  type LoadedModel,
  type ModelConfig
} from '../architecture/index.ts'
import { ModelError } from '../graph/errors.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { Scorer } from '../serve/index.ts'
import { segmentEnds } from '../../../protocol/jobs/segments.ts'
import {
  bytesOfState,
  checkRow,
  enterState,
  kept,
  labelled,
  LinearGraph,
  LoraGraph,
  planOf,
  readState,
  splitRows,
  stateFile,
  stateOf,
  statesFit,
  trainAdapters,
  writeState,
  type Dropout,
  type Member,
  type MemberResult,
  type MemberState,
  type State,
  type TrainingGraph
} from '../train/index.ts'
import type { TrainProgress, TrainRow, TrainSettings, TuneResult } from '../types.ts'

/** Adapters to train side by side on rows of tokens, all from one start. */
export interface Training {
  readonly model: LoadedModel
  readonly runtime: RuntimeOptions
  readonly settings: TrainSettings
  readonly start: Tuned
  /** Rows of each adapter. */
  readonly rows: readonly (readonly TrainRow[])[]
  /** Rows that all are evaluated on; without them, the share of its own rows that the settings say. */
  readonly held?: readonly TrainRow[] | undefined
  /** Names the job in its checkpoint. */
  readonly identity: string
  readonly checkpoint?: string | undefined
  /** Where states are written after each segment, under these numbers. */
  readonly states?: { readonly folder: string; readonly numbers: readonly number[] } | undefined
  readonly part?: Part | undefined
  readonly signal?: AbortSignal | undefined
  onProgress?(progress: TrainProgress): void
}

/** Some steps of the one adapter, from a file's state on; what they lead to is shown to `found`. */
export interface Part {
  readonly from: number
  readonly to: number
  readonly begin?: string | undefined
  found(ran: Ran): void
}
/** Where the steps ended, where they began, and how to read what somebody else says of it. */
export interface Ran {
  readonly steps: number
  /** Where the whole training began: what it is without steps. */
  readonly start: Tuned
  readonly here: MemberState
  readonly began: State
  readonly read: (file: string) => State
  /** The adapter that a state is, had it been the last one. */
  readonly adapter: (state: State) => Tuned
}

/** Padded tokens of one pass: enough for fast products, little enough to stay near the caches. */
const tokensPerPass = 1024
const checkpointSeconds = 15

/** Settings in, adapters out. Throws a ModelError where settings or rows mean nothing for this model. */
export async function train(job: Training): Promise<MemberResult[]> {
  const { model, settings, start, runtime } = job
  checkTrainSettings(settings, job.held)
  for (const rows of [...job.rows, job.held ?? []]) rows.forEach((row, i) => checkRow(row, model.config, i))
  const [longest = 1] = job.rows
    .flat()
    .map(row => row.ids.length)
    .toSorted((x, y) => y - x)
  demandMemory(model.config, {
    rows: 1,
    time: longest,
    targets: 1,
    kept: settings.checkpointing === true ? 1 : model.config.layers
  })
  if (isFull(start)) {
    demandBytes(job.rows.length * memberBytes(model.config, settings), 'the weights in training and their moments', {
      help: 'Train an adapter (--method lora), or on a machine with more memory.'
    })
    return trainOn(job, start, await LinearGraph.create(model, start, runtime))
  }
  return trainOn(
    job,
    start,
    await LoraGraph.create(model, start.modules, start.rank, adapterScale(start), runtime, {
      dropout: dropoutOf(settings),
      checkpointing: settings.checkpointing
    })
  )
}

/** Where training begins when it goes on from nothing. */
export function freshStart(config: ModelConfig, { method, lora, seed }: TrainSettings): Tuned {
  if (method === 'full') return newFull(config)
  if (lora === undefined) throw new ModelError('tune-settings', `the method ${method} needs settings of its adapter`)
  return newAdapter(config, lora, seed)
}

/**
 * Bytes of one fully trained model while it is trained, beside the base: weights, moments, gradients of a pass and of a
 * step, what was added, and what is kept.
 */
export function memberBytes(
  config: ModelConfig,
  { ema, evaluation }: Pick<TrainSettings, 'ema' | 'evaluation'>
): number {
  const weights = projectionWeights(config)
  return 4 * weights * (6 + (ema > 0 ? 1 : 0) + ((evaluation?.patience ?? 0) > 0 ? 1 : 0))
}

async function trainOn<T extends Tuned>(job: Training, start: T, graph: TrainingGraph<T>): Promise<MemberResult[]> {
  const { model, settings, runtime } = job
  const members = job.rows.map(rows => memberOf(job, start, rows))
  const scorer = settings.evaluation === undefined ? undefined : new Scorer(model, runtime, tokensPerPass)
  const { part } = job
  let ended: MemberState | undefined
  const fresh = (): MemberState => graph.begin(start, 0, { averaged: settings.ema > 0, keepsBest: false })
  const steps = members.map(({ plan }) => plan.length)
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay, evaluation } = settings
  // Where a training may stop early, its segments are known only when it is over: it commits to none, not to some.
  const stops = (evaluation?.patience ?? 0) > 0
  const commits = job.states !== undefined && !stops && statesFit(steps, bytesOfState(fresh()))
  try {
    const began = part?.begin === undefined ? undefined : readState(part.begin, fresh())
    const results = await trainAdapters({
      graph,
      members,
      lr: settings.lr,
      schedule: settings.schedule,
      warmupRatio: settings.warmupRatio,
      optimizer: { beta1, beta2, epsilon, weightDecay },
      clip: settings.clip,
      ema: settings.ema,
      tokensPerPass,
      identity: job.identity,
      ...(evaluation === undefined || scorer === undefined
        ? {}
        : {
            evaluation: {
              everySteps: evaluation.everySteps,
              patience: evaluation.patience ?? 0,
              loss: (adapter, rows) => meanLoss(scorer, adapter, rows)
            }
          }),
      ...(job.checkpoint === undefined
        ? {}
        : { checkpoint: { file: job.checkpoint, everySeconds: checkpointSeconds } }),
      ...(job.signal === undefined ? {} : { signal: job.signal }),
      part: part && { from: part.from, to: part.to, state: began },
      onStep(member, step, state) {
        if (part !== undefined) ended = state
        if (job.states === undefined || !commits) return
        const { folder, numbers } = job.states
        if (segmentEnds(steps[member] ?? 0).includes(step))
          writeState(stateFile(folder, numbers[member] ?? member, step), state)
      },
      onProgress: progress => job.onProgress?.(progress)
    })
    part?.found({
      steps: steps[0] ?? 0,
      start,
      here: ended ?? fresh(),
      began: began ?? stateOf(fresh()),
      read: file => readState(file, fresh()),
      adapter(state) {
        const last = fresh()
        enterState(last, state)
        return graph.finish(start, last, kept)
      }
    })
    return results
  } finally {
    await scorer?.release()
    await graph.release()
  }
}

export function toResult({ losses, seconds, tokens, evaluations, bestStep }: MemberResult): TuneResult {
  return {
    losses,
    seconds,
    tokens,
    ...(evaluations.length === 0 ? {} : { evaluations }),
    ...(bestStep === undefined ? {} : { bestStep })
  }
}

/** One adapter's rows, those kept back, and its steps. */
function memberOf<T extends Tuned>({ settings, held }: Training, start: T, rows: readonly TrainRow[]): Member<T> {
  const { evaluation, seed } = settings
  if (evaluation === undefined || rows.length === 0) return { start, rows, plan: planOf(rows.length, settings) }
  if (held !== undefined) {
    checkHeld(held)
    return { start, rows, plan: planOf(rows.length, settings), held }
  }
  if (rows.length < 2)
    throw new ModelError('tune-settings', 'one row alone cannot be both trained and evaluated on', {
      help: 'Give more rows, or rows to evaluate on.'
    })
  const split = splitRows(rows.length, evaluation.share ?? 0, seed)
  const pick = (indices: readonly number[]): TrainRow[] => indices.map(i => rows[i] as TrainRow)
  const kept = pick(split.held)
  checkHeld(kept)
  return { start, rows: pick(split.train), plan: planOf(split.train.length, settings), held: kept }
}

function checkHeld(rows: readonly TrainRow[]): void {
  if (!rows.some(row => labelled(row) > 0))
    throw new ModelError('row-empty', 'the rows to evaluate on have no label that a token before it predicts', {
      help: 'Keep more rows back, or give others.'
    })
}

async function meanLoss(scorer: Scorer, adapter: Tuned, rows: readonly TrainRow[]): Promise<number> {
  const [losses = []] = await scorer.losses([adapter], rows)
  const count = losses.reduce((n, own) => n + own.length, 0)
  return losses.reduce((sum, own) => sum + own.reduce((a, b) => a + b, 0), 0) / count
}

/** Undefined where nothing is dropped: the graph without masks is faster. */
function dropoutOf({ lora, seed }: TrainSettings): Dropout | undefined {
  return lora === undefined || lora.dropout === 0 ? undefined : { probability: lora.dropout, seed }
}

/**
 * Throws a ModelError that names the first setting that means nothing. `held` are rows to evaluate on that are tokens
 * already.
 */
export function checkTrainSettings(s: TrainSettings, held?: readonly TrainRow[]): void {
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new ModelError('tune-settings', what)
  }
  const count = (x: number): boolean => Number.isSafeInteger(x) && x >= 1
  for (const key of ['epochs', 'batch', 'accumulation', 'cutoff'] as const)
    demand(count(s[key]), `${key} must be a positive whole number, not ${s[key]}`)
  demand(s.steps === undefined || count(s.steps), `steps must be a positive whole number, not ${s.steps}`)
  checkMethod(s, demand)
  demand(s.lr > 0 && Number.isFinite(s.lr) && s.ema >= 0 && s.ema < 1, 'lr must be positive, and ema between 0 and 1')
  demand(s.warmupRatio >= 0 && s.warmupRatio <= 1, `warm-up is a share of the steps from 0 to 1, not ${s.warmupRatio}`)
  for (const key of ['weightDecay', 'clip'] as const)
    demand(s[key] >= 0 && Number.isFinite(s[key]), `${key} must be 0 or more, not ${s[key]}`)
  for (const key of ['beta1', 'beta2'] as const)
    demand(s[key] === undefined || (s[key] >= 0 && s[key] < 1), `${key} lies between 0 and 1`)
  demand(s.epsilon === undefined || (s.epsilon > 0 && Number.isFinite(s.epsilon)), 'epsilon must be positive')
  demand(Number.isSafeInteger(s.seed) && s.seed >= 0, `the seed must be a whole number, not ${s.seed}`)
  const { evaluation: e } = s
  if (e === undefined) return
  demand(count(e.everySteps), `steps between evaluations must be a positive whole number, not ${e.everySteps}`)
  demand(
    e.patience === undefined || (Number.isSafeInteger(e.patience) && e.patience >= 0),
    `patience must be a whole number, not ${e.patience}`
  )
  demand(
    (e.share === undefined) !== ((e.rows ?? held) === undefined),
    'evaluation takes either a share of the rows or rows of its own'
  )
  demand(
    e.share === undefined || (e.share > 0 && e.share < 1),
    `the share of rows kept back lies between 0 and 1, not ${e.share}`
  )
  demand((e.rows ?? held)?.length !== 0, 'there are no rows to evaluate on')
}

type Demand = (holds: boolean, what: string) => void

/** What the method needs and does not take. */
function checkMethod({ method, lora, doubleQuantization, checkpointing }: TrainSettings, demand: Demand): void {
  demand(doubleQuantization !== true || method === 'qlora', 'double quantisation is for the method qlora')
  if (method === 'full') {
    demand(lora === undefined, 'full training has no adapter: rank, alpha, targets and dropout are of lora and qlora')
    demand(checkpointing !== true, 'full training does not compute its layers again (checkpointing)')
    return
  }
  if (lora === undefined) return demand(false, `the method ${method} needs settings of its adapter`)
  const { dropout, rank, alpha } = lora
  demand(dropout >= 0 && dropout < 1, 'dropout lies between 0 and 1')
  demand(
    Number.isSafeInteger(rank) && rank >= 1 && rank <= 1024,
    `rank must be a whole number from 1 to 1024, not ${rank}`
  )
  demand(alpha > 0 && Number.isFinite(alpha), `alpha must be positive, not ${alpha}`)
}

import type { Tuned } from '../adapters/index.ts'
import { CancelledError } from '../graph/errors.ts'
import type { EvaluationResult, TrainProgress, TrainRow } from '../types.ts'
import { labelled } from './labels.ts'
import { restoreCheckpoint, saveCheckpoint } from './checkpoint.ts'
import type { StepRow } from './dropout.ts'
import { bestEvaluation, isDue, isOver, type EvaluationRun } from './evaluation.ts'
import type { MemberGradients, MemberState, TrainingGraph } from './member.ts'
import { enterState } from './states.ts'
import type { State } from './states.ts'
import {
  adamDefaults,
  adamStep,
  averageStep,
  clipFactor,
  kept,
  squaredNorm,
  type AdamSettings,
  type Trained
} from './optimizer.ts'
import { cutUnits, groupPasses, type Unit } from './passes.ts'
import type { Plan } from './plan.ts'
import { learningRate } from './schedule.ts'

/** One adapter to train: where it starts, its rows, and the order in which its steps take them. */
export interface Member<T extends Tuned = Tuned> {
  readonly start: T
  readonly rows: readonly TrainRow[]
  readonly plan: Plan
  /** Rows that it is evaluated on. */
  readonly held?: readonly TrainRow[]
}

export interface AdapterRun<T extends Tuned> {
  readonly graph: TrainingGraph<T>
  readonly members: readonly Member<T>[]
  readonly lr: number
  readonly schedule: 'cosine' | 'constant' | 'linear'
  readonly warmupRatio: number
  readonly optimizer?: Partial<AdamSettings>
  readonly clip: number
  readonly ema: number
  /** Padded tokens that go through the model at once; bounds memory. */
  readonly tokensPerPass: number
  readonly evaluation?: EvaluationRun | undefined
  /** Names the job in its checkpoint. */
  readonly identity: string
  readonly checkpoint?: { readonly file: string; readonly everySeconds: number }
  /** Only these steps: done ones up to the last, begun from a state, or as all are where none is given. */
  readonly part?: { readonly from: number; readonly to: number; readonly state?: State | undefined } | undefined
  /** Hears after each step of each adapter where it stands. */
  onStep?(member: number, step: number, state: MemberState): void
  readonly signal?: AbortSignal
  onProgress?(progress: TrainProgress): void
}

export interface MemberResult<T extends Tuned = Tuned> {
  readonly adapter: T
  readonly losses: number[]
  readonly tokens: number
  readonly seconds: number
  readonly evaluations: EvaluationResult[]
  /** With early stopping: the step whose adapter this is. */
  readonly bestStep: number | undefined
}

interface Progress {
  tick: number
  seconds: number
  losses: number[][]
  tokens: number[]
  evaluations: EvaluationResult[][]
}

/**
 * Trains several adapters of one base side by side: at every tick each adapter that has steps left takes one, and units
 * of several adapters share a pass through the base. Each adapter sees its own rows, order, schedule, clipping and
 * evaluation, so it comes out as if it had been trained alone, up to rounding.
 */
export async function trainAdapters<T extends Tuned>(run: AdapterRun<T>): Promise<MemberResult<T>[]> {
  const { graph, members, signal, checkpoint } = run
  const stopsEarly = (run.evaluation?.patience ?? 0) > 0
  const states = members.map((m, k) => graph.begin(m.start, k, { averaged: run.ema > 0, keepsBest: stopsEarly }))
  const all = states.flatMap(({ tensors }) => tensors)
  const progress = restore(run, all) ?? {
    tick: 0,
    seconds: 0,
    losses: members.map(() => []),
    tokens: members.map(() => 0),
    evaluations: members.map(() => [])
  }
  if (run.part !== undefined) {
    progress.tick = run.part.from
    for (const state of states) if (run.part.state !== undefined) enterState(state, run.part.state)
  }
  const ticks = run.part?.to ?? Math.max(0, ...members.map(m => m.plan.length))
  const work = (from: number, to: number) =>
    members.reduce((n, m) => n + m.plan.slice(from, to).reduce((k, rows) => k + rows.length, 0), 0)
  const save = (): void => {
    if (checkpoint === undefined) return
    saveCheckpoint(checkpoint.file, run.identity, all, {
      step: progress.tick,
      seconds: progress.seconds,
      tokens: 0,
      losses: [],
      members: { losses: progress.losses, tokens: progress.tokens, evaluations: run.evaluation && progress.evaluations }
    })
  }
  const began = { tick: progress.tick, seconds: progress.seconds, tokens: total(progress.tokens) }
  let saved = performance.now()
  while (members.some((_, k) => isRunning(run, progress, k))) {
    if (signal?.aborted === true) {
      save()
      throw new CancelledError('training was cancelled')
    }
    const start = performance.now()
    const { loss, lr, active } = await tick(run, states, progress)
    progress.tick++
    for (const { k } of active) run.onStep?.(k, progress.tick, states[k] as MemberState)
    const evalLoss = await evaluate(run, states, progress, active)
    progress.seconds += (performance.now() - start) / 1000
    const spent = progress.seconds - began.seconds
    run.onProgress?.({
      step: progress.tick,
      steps: ticks,
      loss,
      lr,
      tokensPerSecond: (total(progress.tokens) - began.tokens) / spent,
      secondsLeft: (spent * work(progress.tick, ticks)) / Math.max(1, work(began.tick, progress.tick)),
      ...(evalLoss === undefined ? {} : { evalLoss })
    })
    if (checkpoint !== undefined && performance.now() - saved > checkpoint.everySeconds * 1000) {
      save()
      saved = performance.now()
    }
  }
  const shares = total(progress.tokens)
  const bestStep = (k: number): number | undefined =>
    stopsEarly ? progress.evaluations[k]?.[bestEvaluation(progress.evaluations[k] ?? [])]?.step : undefined
  return members.map((member, k) => ({
    adapter:
      member.plan.length === 0
        ? member.start
        : graph.finish(member.start, states[k] as MemberState, bestStep(k) === undefined ? kept : best),
    bestStep: bestStep(k),
    losses: progress.losses[k] ?? [],
    tokens: progress.tokens[k] ?? 0,
    seconds: (progress.seconds * (progress.tokens[k] ?? 0)) / Math.max(1, shares),
    evaluations: progress.evaluations[k] ?? []
  }))
}

/** Whether an adapter has a step left to take. */
function isRunning<T extends Tuned>(run: AdapterRun<T>, progress: Progress, k: number): boolean {
  const { members, evaluation, part } = run
  return (
    progress.tick < (part?.to ?? Infinity) &&
    members[k]?.plan[progress.tick] !== undefined &&
    !isOver(progress.evaluations[k] ?? [], evaluation?.patience ?? 0)
  )
}

interface Active<T extends Tuned> {
  readonly member: Member<T>
  readonly k: number
}

async function tick<T extends Tuned>(
  run: AdapterRun<T>,
  states: readonly MemberState[],
  progress: Progress
): Promise<{ loss: number; lr: number; active: Active<T>[] }> {
  const active = run.members.flatMap((member, k) => (isRunning(run, progress, k) ? [{ member, k }] : []))
  const units: Unit[] = active.flatMap(({ member, k }) => {
    const rows = (member.plan[progress.tick] ?? []).map((i, ordinal): StepRow => ({
      ...(member.rows[i] as TrainRow),
      ordinal
    }))
    progress.tokens[k] = (progress.tokens[k] ?? 0) + rows.reduce((n, row) => n + row.ids.length, 0)
    const count = rows.reduce((n, row) => n + labelled(row), 0)
    return cutUnits(k, rows, 1 / Math.max(1, count), run.tokensPerPass)
  })
  const sums = new Map<number, MemberGradients>()
  const lossOf = new Map<number, number>()
  for (const pass of groupPasses(units, run.tokensPerPass)) {
    const { losses } = await run.graph.run(pass, states, sums, progress.tick)
    pass.units.forEach((unit, i) => lossOf.set(unit.member, (lossOf.get(unit.member) ?? 0) + (losses[i] ?? NaN)))
  }
  let lr = 0
  for (const { member, k } of active) {
    progress.losses[k]?.push(lossOf.get(k) ?? NaN)
    lr = update(run, states[k] as MemberState, sums.get(k) ?? [], member.plan.length, progress.tick)
  }
  return { loss: total([...lossOf.values()]) / Math.max(1, lossOf.size), lr, active }
}

/** Evaluates the adapters for which it is time, and sets the best ones aside; returns their mean loss. */
async function evaluate<T extends Tuned>(
  run: AdapterRun<T>,
  states: readonly MemberState[],
  progress: Progress,
  active: readonly Active<T>[]
): Promise<number | undefined> {
  const { evaluation } = run
  if (evaluation === undefined) return undefined
  const found: number[] = []
  for (const { member, k } of active) {
    const { held, plan, start } = member
    const own = progress.evaluations[k]
    if (held === undefined || own === undefined || !isDue(progress.tick, plan.length, evaluation)) continue
    const state = states[k] as MemberState
    const loss = await evaluation.loss(run.graph.finish(start, state, kept), held)
    own.push({ step: progress.tick, loss })
    if (bestEvaluation(own) === own.length - 1) for (const p of state.tensors) p.best?.set(kept(p))
    found.push(loss)
  }
  return found.length === 0 ? undefined : total(found) / found.length
}

function update<T extends Tuned>(
  run: AdapterRun<T>,
  state: MemberState,
  grads: MemberGradients,
  steps: number,
  step: number
): number {
  const lr = learningRate({ kind: run.schedule, lr: run.lr, steps, warmup: Math.ceil(run.warmupRatio * steps) }, step)
  const adam = { ...adamDefaults, ...run.optimizer }
  const factor = run.clip > 0 ? clipFactor(Math.sqrt(grads.reduce((n, g) => n + squaredNorm(g), 0)), run.clip) : 1
  state.tensors.forEach((p, i) => {
    adamStep(p, grads[i] as Float32Array, adam, lr, step + 1, factor)
    averageStep(p, run.ema, step + 1)
  })
  return lr
}

const best = (p: Trained): Float32Array => p.best ?? kept(p)

function restore<T extends Tuned>(run: AdapterRun<T>, all: readonly Trained[]): Progress | undefined {
  if (run.checkpoint === undefined) return undefined
  const state = restoreCheckpoint(run.checkpoint.file, run.identity, all)
  if (state?.members === undefined) return undefined
  const { losses, tokens, evaluations = losses.map(() => []) } = state.members
  return { tick: state.step, seconds: state.seconds, losses, tokens, evaluations }
}

function total(x: readonly number[]): number {
  return x.reduce((a, b) => a + b, 0)
}

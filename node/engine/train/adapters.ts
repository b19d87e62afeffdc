import type { Adapter } from '../adapters/index.ts'
import { CancelledError } from '../graph/errors.ts'
import type { TrainProgress, TrainRow } from '../types.ts'
import { labelled } from './batch.ts'
import { restoreCheckpoint, saveCheckpoint } from './checkpoint.ts'
import type { StepRow } from './dropout.ts'
import { memberState, type LoraGraph, type MemberGradients, type MemberState } from './lora.ts'
import { adamDefaults, adamStep, averageStep, clipFactor, kept, squaredNorm, type AdamSettings, type Trained } from './optimizer.ts'
import { cutUnits, groupPasses, type Unit } from './passes.ts'
import type { Plan } from './plan.ts'
import { learningRate } from './schedule.ts'

/** One adapter to train: where it starts, its rows, and the order in which its steps take them. */
export interface Member {
  readonly start: Adapter
  readonly rows: readonly TrainRow[]
  readonly plan: Plan
}

export interface AdapterRun {
  readonly graph: LoraGraph
  readonly members: readonly Member[]
  readonly lr: number
  readonly schedule: 'cosine' | 'constant' | 'linear'
  readonly warmupRatio: number
  readonly optimizer?: Partial<AdamSettings>
  readonly clip: number
  readonly ema: number
  /** Padded tokens that go through the model at once; bounds memory. */
  readonly tokensPerPass: number
  /** Names the job in its checkpoint. */
  readonly identity: string
  readonly checkpoint?: { readonly file: string; readonly everySeconds: number }
  readonly signal?: AbortSignal
  onProgress?(progress: TrainProgress): void
}

export interface MemberResult {
  readonly adapter: Adapter
  readonly losses: number[]
  readonly tokens: number
  readonly seconds: number
}

interface Progress { tick: number; seconds: number; losses: number[][]; tokens: number[] }

/**
 * Trains several adapters of one base side by side: at every tick each adapter that has steps left takes one, and units
 * of several adapters share a pass through the base. Each adapter sees its own rows, order, schedule and clipping, so it
 * comes out as if it had been trained alone, up to rounding.
 */
export async function trainAdapters(run: AdapterRun): Promise<MemberResult[]> {
  const { members, signal, checkpoint } = run
  const states = members.map((m, k) => memberState(m.start, k, run.ema > 0))
  const all = states.flatMap(tensorsOf)
  const progress = restore(run, all) ?? { tick: 0, seconds: 0, losses: members.map(() => []), tokens: members.map(() => 0) }
  const ticks = Math.max(0, ...members.map((m) => m.plan.length))
  const work = (from: number, to: number) => members.reduce((n, m) => n + m.plan.slice(from, to).reduce((k, rows) => k + rows.length, 0), 0)
  const save = (): void => {
    if (checkpoint === undefined) return
    saveCheckpoint(checkpoint.file, run.identity, all, { step: progress.tick, seconds: progress.seconds, tokens: 0, losses: [], members: { losses: progress.losses, tokens: progress.tokens } })
  }
  const began = { tick: progress.tick, seconds: progress.seconds, tokens: total(progress.tokens) }
  let saved = performance.now()
  while (progress.tick < ticks) {
    if (signal?.aborted === true) {
      save()
      throw new CancelledError('training was cancelled')
    }
    const start = performance.now()
    const { loss, lr } = await tick(run, states, progress)
    progress.tick++
    progress.seconds += (performance.now() - start) / 1000
    const spent = progress.seconds - began.seconds
    run.onProgress?.({
      step: progress.tick, steps: ticks, loss, lr,
      tokensPerSecond: (total(progress.tokens) - began.tokens) / spent,
      secondsLeft: (spent * work(progress.tick, ticks)) / Math.max(1, work(began.tick, progress.tick)),
    })
    if (checkpoint !== undefined && performance.now() - saved > checkpoint.everySeconds * 1000) {
      save()
      saved = performance.now()
    }
  }
  const shares = total(progress.tokens)
  return members.map((member, k) => ({
    adapter: member.plan.length === 0 ? member.start : finished(member.start, states[k] as MemberState),
    losses: progress.losses[k] ?? [],
    tokens: progress.tokens[k] ?? 0,
    seconds: (progress.seconds * (progress.tokens[k] ?? 0)) / Math.max(1, shares),
  }))
}

async function tick(run: AdapterRun, states: readonly MemberState[], progress: Progress): Promise<{ loss: number; lr: number }> {
  const active = run.members.flatMap((member, k) => (member.plan[progress.tick] === undefined ? [] : [{ member, k }]))
  const units: Unit[] = active.flatMap(({ member, k }) => {
    const rows = (member.plan[progress.tick] ?? []).map((i, ordinal): StepRow => ({ ...(member.rows[i] as TrainRow), ordinal }))
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
  return { loss: total([...lossOf.values()]) / Math.max(1, lossOf.size), lr }
}

function update(run: AdapterRun, state: MemberState, grads: MemberGradients, steps: number, step: number): number {
  const lr = learningRate({ kind: run.schedule, lr: run.lr, steps, warmup: Math.ceil(run.warmupRatio * steps) }, step)
  const adam = { ...adamDefaults, ...run.optimizer }
  const factor = run.clip > 0 ? clipFactor(Math.sqrt(grads.reduce((n, g) => n + squaredNorm(g), 0)), run.clip) : 1
  tensorsOf(state).forEach((p, i) => {
    adamStep(p, grads[i] as Float32Array, adam, lr, step + 1, factor)
    averageStep(p, run.ema, step + 1)
  })
  return lr
}

function tensorsOf(state: MemberState): Trained[] {
  return state.tensors.flatMap(({ a, b }) => [a, b])
}

function finished(start: Adapter, state: MemberState): Adapter {
  const modules = start.modules.map((m, i) => {
    const tensors = state.tensors[i]
    return tensors === undefined ? m : { ...m, a: kept(tensors.a), b: kept(tensors.b) }
  })
  return { ...start, modules }
}

function restore(run: AdapterRun, all: readonly Trained[]): Progress | undefined {
  if (run.checkpoint === undefined) return undefined
  const state = restoreCheckpoint(run.checkpoint.file, run.identity, all)
  if (state?.members === undefined) return undefined
  return { tick: state.step, seconds: state.seconds, losses: state.members.losses, tokens: state.members.tokens }
}

function total(x: readonly number[]): number {
  return x.reduce((a, b) => a + b, 0)
}

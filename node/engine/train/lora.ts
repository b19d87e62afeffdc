import { inputA, inputB, withLora, type Adapter, type LoraForm, type ModuleShape } from '../adapters/index.ts'
import { gradients } from '../graph/autodiff.ts'
import { outputOf } from '../graph/rewrite.ts'
import { f32, floats, Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { buildDecoder, losses } from '../architecture/decoder.ts'
import { chosen } from '../architecture/layer.ts'
import { frozenForm, residentFeeds } from '../architecture/forms.ts'
import { fitGraph, weightFeeds, type LoadedModel } from '../architecture/load.ts'
import { packBins } from './batch.ts'
import { dropoutFeeds, type Dropout } from './dropout.ts'
import { LayeredRunner, type GradientRunner } from './layered.ts'
import {
  addGradients,
  type Keeping,
  type MemberGradients,
  type MemberState,
  type PassResult,
  type TrainingGraph
} from './member.ts'
import { trained, type Trained } from './optimizer.ts'
import type { Pass } from './passes.ts'

/** An adapter in training: a and b of every module. */
export function memberState(adapter: Adapter, member: number, averaged: boolean, keepsBest = false): MemberState {
  const options = { averaged, decays: true, keepsBest }
  return {
    tensors: adapter.modules.flatMap(m => [
      trained(`${member}/${inputA(m.path)}`, [adapter.rank, m.in], m.a.slice(), options),
      trained(`${member}/${inputB(m.path)}`, [m.out, adapter.rank], m.b.slice(), options)
    ])
  }
}

/** Bytes of merged weights, per adapter of a pass, up to which merging is worth its memory. */
const largestMerge = 256 * 1024 * 1024

function mergedBytes(modules: readonly ModuleShape[]): number {
  return modules.reduce((sum, m) => sum + 4 * m.in * m.out, 0)
}

export interface LoraOptions {
  readonly dropout?: Dropout | undefined
  /** Keep only the inputs of layers and compute the rest again: less memory, a third more work. */
  readonly checkpointing?: boolean | undefined
}

/** The graph of loss and adapter gradients over a frozen base, and the weights it is fed with. */
export class LoraGraph implements TrainingGraph<Adapter> {
  readonly modules: readonly ModuleShape[]
  readonly rank: number
  readonly #runner: GradientRunner
  /** The graph for long rows, made when the first one comes; undefined where every row takes the same. */
  readonly #makeLong: (() => Promise<GradientRunner>) | undefined
  #long: Promise<GradientRunner> | undefined
  readonly #base: Feeds
  readonly #dropout: Dropout | undefined

  private constructor(
    runner: GradientRunner,
    makeLong: (() => Promise<GradientRunner>) | undefined,
    base: Feeds,
    modules: readonly ModuleShape[],
    rank: number,
    dropout: Dropout | undefined
  ) {
    this.#runner = runner
    this.#makeLong = makeLong
    this.#base = base
    this.modules = modules
    this.rank = rank
    this.#dropout = dropout
  }

  static async create(
    base: LoadedModel,
    modules: readonly ModuleShape[],
    rank: number,
    scale: number,
    runtime: RuntimeOptions,
    options: LoraOptions = {}
  ): Promise<LoraGraph> {
    const { dropout, checkpointing = false } = options
    // Layer by layer, weights are fed at every run, and float16 cannot be fed (graph/session.ts, f16).
    const model = checkpointing ? base : frozenForm(base, runtime)
    // Merged weights stay in memory until the backward pass: not beside a base that was quantised to save memory.
    const form =
      dropout !== undefined
        ? 'dropout'
        : model.quantized === undefined && model.half === undefined && mergedBytes(modules) < largestMerge
          ? 'merged'
          : 'branch'
    const runner = checkpointing
      ? await LayeredRunner.create(model, modules, rank, scale, form, runtime)
      : await wholeGraph(model, modules, rank, scale, form, runtime)
    const makeLong = () => wholeGraph(model, modules, rank, scale, form, runtime, longParts)
    return new LoraGraph(
      runner,
      checkpointing || dropout !== undefined ? undefined : makeLong,
      weightFeeds(model),
      modules,
      rank,
      dropout
    )
  }

  async release(): Promise<void> {
    await this.#runner.release()
    await (await this.#long)?.release()
  }

  begin(start: Adapter, member: number, { averaged, keepsBest }: Keeping): MemberState {
    return memberState(start, member, averaged, keepsBest)
  }

  finish(start: Adapter, { tensors }: MemberState, take: (tensor: Trained) => Float32Array): Adapter {
    const modules = start.modules.map((m, i) => {
      const [a, b] = [tensors[2 * i], tensors[2 * i + 1]]
      return a === undefined || b === undefined ? m : { ...m, a: take(a), b: take(b) }
    })
    return { ...start, modules }
  }

  async run(
    pass: Pass,
    members: readonly MemberState[],
    sums: Map<number, MemberGradients>,
    step = 0
  ): Promise<PassResult> {
    const { units, binsPerUnit, time } = pass
    const bins = units.flatMap(unit => Array.from({ length: binsPerUnit }, (_, b) => unit.bins[b] ?? []))
    const packed = packBins(bins, time, binsPerUnit, b => units[Math.floor(b / binsPerUnit)]?.weight ?? 0)
    const stack = this.#stack(units.map(unit => members[unit.member] as MemberState))
    const masks = this.#dropout === undefined ? {} : dropoutFeeds(this.#dropout, this.modules, bins, time, step)
    const runner = await this.#runnerFor(time)
    const out = await runner.run({ ...this.#base, ...stack, ...masks, ...packed.feeds })
    units.forEach((unit, k) => this.#collect(out, unit.member, k, sums))

    const nll = floats(out['nll'])
    const weights = floats(packed.feeds['weights'])
    const lossOf = (_: unknown, k: number): number => {
      let sum = 0
      for (let i = k * packed.perGroup; i < (k + 1) * packed.perGroup; i++) sum += (nll[i] ?? NaN) * (weights[i] ?? 0)
      return sum
    }
    return { losses: units.map(lossOf) }
  }

  /** Attention in parts pays where rows are long. */
  #runnerFor(time: number): GradientRunner | Promise<GradientRunner> {
    if (this.#makeLong === undefined || time < longTime || time % longParts !== 0) return this.#runner
    this.#long ??= this.#makeLong()
    return this.#long
  }

  /** The units' adapters one after another; a single one is fed as it lies. */
  #stack(states: readonly MemberState[]): Feeds {
    const feeds: Feeds = {}
    const put = (name: string, parts: readonly Trained[]): void => {
      const [only] = parts
      if (only === undefined) return
      const data = parts.length === 1 ? only.data : new Float32Array(parts.length * only.data.length)
      if (parts.length > 1) parts.forEach((p, k) => data.set(p.data, k * only.data.length))
      feeds[name] = f32(data, [parts.length, ...only.shape])
    }
    this.modules.forEach((m, i) => {
      put(
        inputA(m.path),
        states.flatMap(s => s.tensors[2 * i] ?? [])
      )
      put(
        inputB(m.path),
        states.flatMap(s => s.tensors[2 * i + 1] ?? [])
      )
    })
    return feeds
  }

  #collect(out: Feeds, member: number, k: number, sums: Map<number, MemberGradients>): void {
    const parts = this.modules
      .flatMap(m => [inputA(m.path), inputB(m.path)])
      .map(name => {
        const tensor = out[`d ${name}`]
        const size = (tensor?.dims[1] ?? 0) * (tensor?.dims[2] ?? 0)
        return floats(tensor).subarray(k * size, (k + 1) * size)
      })
    addGradients(sums, member, parts)
  }
}

/** Rows of at least this many positions attend in this many parts. */
const longTime = 256
const longParts = 4

/** Forward, loss and backward as one graph; `parts` as in `buildDecoder`. */
async function wholeGraph(
  model: LoadedModel,
  modules: readonly ModuleShape[],
  rank: number,
  scale: number,
  form: LoraForm,
  runtime: RuntimeOptions,
  parts = 1
): Promise<Session> {
  const decoder = buildDecoder(model.config, { parts })
  decoder.graph.output('nll', losses(model.config, decoder))
  const g = fitGraph(model, withLora(decoder.graph, modules, rank, scale, form))
  const inputs = modules.flatMap(m => [
    { name: inputA(m.path), value: g.input(inputA(m.path), 'float32', ['K', rank, m.in]) },
    { name: inputB(m.path), value: g.input(inputB(m.path), 'float32', ['K', m.out, rank]) }
  ])
  const seed = g.input('weights', 'float32', [chosen])
  gradients(
    g,
    [{ value: outputOf(g, 'nll'), seed }],
    inputs.map(i => i.value)
  ).forEach((grad, i) => g.output(`d ${inputs[i]?.name ?? ''}`, grad))
  return Session.create(g, runtime, residentFeeds(model, runtime))
}

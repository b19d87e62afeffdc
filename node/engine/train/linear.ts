import type { FullAdapter } from '../adapters/index.ts'
import { buildDecoder, losses } from '../architecture/decoder.ts'
import { residentFeeds } from '../architecture/forms.ts'
import { chosen } from '../architecture/layer.ts'
import { weightFeeds, type LoadedModel } from '../architecture/load.ts'
import { gradients } from '../graph/autodiff.ts'
import { ModelError } from '../graph/errors.ts'
import { f32, floats, Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'
import { packBins } from './batch.ts'
import {
  addGradients,
  type Keeping,
  type MemberGradients,
  type MemberState,
  type PassResult,
  type TrainingGraph
} from './member.ts'
import { trained, type Trained } from './optimizer.ts'
import type { Pass, PackedUnit } from './passes.ts'

/**
 * Full training of the linear layers: what is trained are the weights of every projection themselves, from those of the
 * base on; what comes of it is their difference. Embeddings, norms, biases and the head stay as they are. Each member
 * has weights of its own, so a unit goes through the model by itself.
 */
export class LinearGraph implements TrainingGraph<FullAdapter> {
  readonly #model: LoadedModel
  readonly #names: readonly string[]
  readonly #session: Session
  readonly #base: Feeds

  private constructor(model: LoadedModel, names: readonly string[], session: Session, base: Feeds) {
    this.#model = model
    this.#names = names
    this.#session = session
    this.#base = base
  }

  static async create(model: LoadedModel, { modules }: FullAdapter, runtime: RuntimeOptions): Promise<LinearGraph> {
    const names = modules.map(({ path }) => `${path}.weight`)
    const decoder = buildDecoder(model.config)
    const g = decoder.graph
    const nll = losses(model.config, decoder)
    const seed = g.input('weights', 'float32', [chosen])
    const wanted = names.map(name => decoder.parameters.get(name) ?? missing(name))
    g.output('nll', nll)
    gradients(g, [{ value: nll, seed }], wanted).forEach((grad, i) => g.output(`d ${names[i] ?? ''}`, grad))
    // What is trained changes at every step; a session makes only the rest its own.
    const frozen = (feeds: Feeds): Feeds =>
      Object.fromEntries(Object.entries(feeds).filter(([name]) => !names.includes(name)))
    const session = await Session.create(g, runtime, frozen(residentFeeds(model, runtime)))
    return new LinearGraph(model, names, session, frozen(weightFeeds(model)))
  }

  async release(): Promise<void> {
    await this.#session.release()
  }

  begin({ modules }: FullAdapter, member: number, { averaged, keepsBest }: Keeping): MemberState {
    return {
      tensors: modules.map(({ path, out, in: width, delta }) => {
        const name = `${path}.weight`
        const weight = this.#baseOf(name).slice()
        for (let i = 0; i < weight.length; i++) weight[i] = (weight[i] as number) + (delta[i] as number)
        return trained(`${member}/${name}`, [out, width], weight, { averaged, keepsBest, decays: true })
      })
    }
  }

  finish(start: FullAdapter, { tensors }: MemberState, take: (tensor: Trained) => Float32Array): FullAdapter {
    return {
      ...start,
      modules: start.modules.map((m, i) => {
        const tensor = tensors[i]
        if (tensor === undefined) return m
        const base = this.#baseOf(`${m.path}.weight`)
        return { ...m, delta: take(tensor).map((x, j) => x - (base[j] as number)) }
      })
    }
  }

  async run(
    { units, time }: Pass,
    members: readonly MemberState[],
    sums: Map<number, MemberGradients>
  ): Promise<PassResult> {
    const found: number[] = []
    for (const unit of units) {
      const { loss, parts } = await this.#unit(unit, time, members[unit.member] as MemberState)
      addGradients(sums, unit.member, parts)
      found.push(loss)
    }
    return { losses: found }
  }

  async #unit(
    { bins, weight }: PackedUnit,
    time: number,
    { tensors }: MemberState
  ): Promise<{ loss: number; parts: MemberGradients }> {
    const { feeds } = packBins(bins, time, bins.length, () => weight)
    const own = Object.fromEntries(tensors.map((t, i) => [this.#names[i] ?? '', f32(t.data, t.shape)]))
    const out = await this.#session.run({ ...this.#base, ...own, ...feeds })
    const nll = floats(out['nll'])
    const loss = floats(feeds['weights']).reduce((sum, w, i) => sum + (w === 0 ? 0 : w * (nll[i] ?? NaN)), 0)
    return { loss, parts: this.#names.map(name => floats(out[`d ${name}`])) }
  }

  #baseOf(name: string): Float32Array {
    return (this.#model.parameters.get(name) ?? missing(name)).data
  }
}

function missing(name: string): never {
  throw new ModelError('weights-missing', `the base has no weight ${name} that could be trained`, {
    help: 'Full training takes a base that is not quantised.'
  })
}

import { inputA, inputB, maskInput, withLora, type LoraForm, type ModuleShape } from '../adapters/index.ts'
import { buildHead, buildLayer, chosen, fitLayer, weightFeeds, type LoadedModel } from '../architecture/index.ts'
import { gradients } from '../graph/autodiff.ts'
import { product } from '../graph/dims.ts'
import { outputOf } from '../graph/rewrite.ts'
import { f32, floats, Session, type Feeds, type RuntimeOptions } from '../graph/session.ts'

/** What makes losses and adapter gradients of a batch: outputs `nll` and `d <input>`, as the whole graph gives them. */
export interface GradientRunner {
  run(feeds: Feeds): Promise<Feeds>
  release(): Promise<void>
}

/**
 * Gradient checkpointing by layer (Chen et al. 2016): between layers only their inputs are kept; the backward pass of a
 * layer does its forward pass again. Every layer runs through the same two sessions, fed with its own weights. Memory
 * holds the inside of one layer at a time, for a third more work.
 */
export class LayeredRunner implements GradientRunner {
  readonly #model: LoadedModel
  readonly #forward: Session
  readonly #backward: Session
  readonly #head: Session
  readonly #modules: readonly ModuleShape[]
  /** Per layer, its weights under the names of the layer graph. */
  readonly #layers: readonly Feeds[]
  readonly #rest: Feeds

  private constructor(
    model: LoadedModel,
    sessions: { forward: Session; backward: Session; head: Session },
    modules: readonly ModuleShape[]
  ) {
    this.#model = model
    this.#forward = sessions.forward
    this.#backward = sessions.backward
    this.#head = sessions.head
    this.#modules = modules
    this.#layers = Array.from({ length: model.config.layers }, (): Feeds => ({}))
    this.#rest = {}
    for (const [name, tensor] of Object.entries(weightFeeds(model))) {
      const found = /^model\.layers\.(\d+)\.(.*)$/.exec(name)
      const layer = found === null ? undefined : this.#layers[Number(found[1])]
      if (layer === undefined) this.#rest[name] = tensor
      else layer[`layer.${found?.[2] ?? ''}`] = tensor
    }
  }

  /** `modules` of the whole model: every layer has the same ones. */
  static async create(
    model: LoadedModel,
    modules: readonly ModuleShape[],
    rank: number,
    scale: number,
    form: LoraForm,
    options: RuntimeOptions
  ): Promise<LayeredRunner> {
    const { config } = model
    const own = modules
      .filter(m => m.path.startsWith('model.layers.0.'))
      .map(m => ({ ...m, path: m.path.replace('model.layers.0.', 'layer.') }))
    const build = () => fitLayer(model, withLora(buildLayer(config), own, rank, scale, form))
    const back = build()
    const width = [product('K*R', 'T'), config.hidden]
    const y = outputOf(back, 'y')
    back.outputs.length = 0
    const wanted = ['x', ...own.flatMap(m => [inputA(m.path), inputB(m.path)])].map(name => ({
      name,
      value: back.inputs.find(i => i.name === name)?.value ?? y
    }))
    gradients(
      back,
      [{ value: y, seed: back.input('dy', 'float32', width) }],
      wanted.map(w => w.value)
    ).forEach((grad, i) => back.output(`d ${wanted[i]?.name ?? ''}`, grad))

    const head = buildHead(config)
    const x = head.input('x', 'float32', width)
    gradients(head, [{ value: outputOf(head, 'nll'), seed: head.input('weights', 'float32', [chosen]) }], [x]).forEach(
      grad => head.output('d x', grad)
    )
    const [forward, backward, top] = await Promise.all([
      Session.create(build(), options),
      Session.create(back, options),
      Session.create(head, options)
    ])
    return new LayeredRunner(model, { forward, backward, head: top }, own)
  }

  async release(): Promise<void> {
    await Promise.all([this.#forward.release(), this.#backward.release(), this.#head.release()])
  }

  async run(feeds: Feeds): Promise<Feeds> {
    const { layers } = this.#model.config
    const inputs: Feeds[] = []
    let x = this.#embed(feeds)
    for (let layer = 0; layer < layers; layer++) {
      const all = this.#layerFeeds(feeds, layer, x)
      inputs.push(all)
      x = (await this.#forward.run(all))['y'] ?? x
    }
    const top = await this.#head.run({ ...this.#rest, ...feeds, x })
    const out: Feeds = top['nll'] === undefined ? {} : { nll: top['nll'] }
    let dy = top['d x']
    for (let layer = layers - 1; layer >= 0 && dy !== undefined; layer--) {
      const grads = await this.#backward.run({ ...inputs.pop(), dy })
      dy = grads['d x']
      for (const [name, tensor] of Object.entries(grads))
        out[name.replace('d layer.', `d model.layers.${layer}.`)] = tensor
    }
    return out
  }

  #layerFeeds(feeds: Feeds, layer: number, x: Feeds[string]): Feeds {
    const all: Feeds = { ...feeds, ...this.#layers[layer], x }
    for (const m of this.#modules) {
      const path = m.path.replace('layer.', `model.layers.${layer}.`)
      for (const name of [inputA, inputB, maskInput]) {
        const tensor = feeds[name(path)]
        if (tensor !== undefined) all[name(m.path)] = tensor
      }
    }
    return all
  }

  /** Rows of the embedding, [rows·time, hidden]. */
  #embed(feeds: Feeds): Feeds[string] {
    const { hidden } = this.#model.config
    const table = floats(this.#rest['model.embed_tokens.weight'])
    const ids = (feeds['ids']?.data ?? new BigInt64Array(0)) as BigInt64Array
    const out = new Float32Array(ids.length * hidden)
    ids.forEach((id, i) => out.set(table.subarray(Number(id) * hidden, (Number(id) + 1) * hidden), i * hidden))
    return f32(out, [ids.length, hidden])
  }
}

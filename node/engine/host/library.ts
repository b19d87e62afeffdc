import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { appliedTo, bytesOf, isFull, readTuned, type Adapter, type Tuned } from '../adapters/index.ts'
import { createGuides, type Guide } from '../form/index.ts'
import { ModelError } from '../graph/errors.ts'
import {
  loadModel,
  openLater,
  parameterCount,
  frozenForm,
  inEightBits,
  inFourBits,
  type LoadedModel,
  type Quantization
} from '../architecture/index.ts'
import { Generator, Scorer } from '../serve/index.ts'
import { Tokenizer } from '../text/tokenizer.ts'
import type { EngineStatus, ModelInfo } from '../types.ts'
import { adapterBytesKept, adapterIdleMs, adaptersKept, wholeKept, type WorkerOptions } from './messages.ts'

/** What answers by a model's weights, each in a form of its own that is made when it is first asked. */
interface Generators {
  readonly generator: Generator
  /** Its answers are repeated on other machines. */
  readonly exact: Generator
  /** The generator itself where that answers from 8 bits. */
  readonly eightBits: Generator
}

/** A model folder that is open: weights, tokenizer and what serves from them. */
export interface OpenModel extends Generators {
  readonly model: LoadedModel
  readonly tokenizer: Tokenizer
  readonly endIds: ReadonlySet<number>
  readonly scorer: Scorer
  /** What leads answers of a form. */
  readonly guide: (form: string) => Guide
  /** What each token stands for. */
  readonly tokens: () => readonly (Uint8Array | undefined)[]
  readonly info: ModelInfo
}

/** Everything that is loaded in this thread, by folder. */
export class Library {
  readonly #options: WorkerOptions
  readonly #models = new Map<string, OpenModel>()
  /** By when each was asked for, longest ago first. */
  readonly #adapters = new Map<string, { readonly tuned: Tuned; readonly at: number }>()
  /** Fully trained models that answer, by the keys of `#adapters`: each is a model of its own in memory. */
  readonly #whole = new Map<string, Generators>()
  /** Those that make room, until what runs in them has ended. */
  readonly #leaving = new Set<Promise<void>>()

  constructor(options: WorkerOptions) {
    this.#options = options
  }

  get options(): WorkerOptions {
    return this.#options
  }

  get status(): EngineStatus {
    return { models: this.#models.size, adapters: this.#adapters.size, mostAdapters: adaptersKept }
  }

  open(folder: string, quantization: Quantization = 'none'): OpenModel {
    const path = resolve(folder)
    const key = `${quantization} ${path}`
    const known = this.#models.get(key)
    if (known !== undefined) return known
    const model = quantization === 'none' ? openLater(path) : loadModel(path, quantization)
    const tokenizer = Tokenizer.load(path)
    const endIds = new Set(model.config.endIds)
    if (tokenizer.endId !== undefined) endIds.add(tokenizer.endId)
    const { config } = model
    let bytes: readonly (Uint8Array | undefined)[] | undefined
    const tokens = (): readonly (Uint8Array | undefined)[] =>
      (bytes ??= tokenizer.tokenBytes(config.vocabulary).map((said, id) => (endIds.has(id) ? undefined : said)))
    const opened: OpenModel = {
      model,
      tokenizer,
      endIds,
      scorer: new Scorer(model, this.#options),
      ...this.#generators(model, quantization === 'none' ? servedForm : frozenForm),
      guide: createGuides(tokens),
      tokens,
      info: {
        folder: path,
        architecture: config.architecture,
        parameters: parameterCount(config),
        layers: config.layers,
        hidden: config.hidden,
        vocabulary: config.vocabulary,
        context: config.context,
        served: servedWeights(this.#options)
      }
    }
    this.#models.set(key, opened)
    return opened
  }

  /** Scores are compared between machines to the fourth decimal and stay float32; what is only read may be faster. */
  #generators(model: LoadedModel, form: (model: LoadedModel, options: WorkerOptions) => LoadedModel): Generators {
    const generator = new Generator(() => form(model, this.#options), this.#options)
    const isEight = form === servedForm && servedWeights(this.#options) === 'int8'
    const onCpu = { ...this.#options, provider: 'cpu' } as const
    return {
      generator,
      exact: new Generator(model, this.#options),
      eightBits: isEight ? generator : new Generator(() => inEightBits(model), onCpu)
    }
  }

  /** What answers for a folder of either kind, and the adapter that it is given. */
  answering(
    folder: string,
    { model, generator, exact, eightBits }: Generators & Pick<OpenModel, 'model'>
  ): Generators & { readonly adapter: Adapter | null } {
    const tuned = this.adapter(folder, model)
    if (!isFull(tuned)) return { generator, exact, eightBits, adapter: tuned }
    const key = keyOf(folder, model)
    const known = this.#whole.get(key) ?? this.#generators(appliedTo(model, tuned), servedForm)
    this.#whole.delete(key)
    this.#whole.set(key, known)
    for (const [oldest] of this.#whole) {
      if (this.#whole.size <= wholeKept) break
      this.#leave(oldest)
    }
    return { ...known, adapter: null }
  }

  #leave(key: string): void {
    const gone = this.#whole.get(key)
    this.#whole.delete(key)
    if (gone === undefined) return
    const ended = released(gone).then(() => {
      this.#leaving.delete(ended)
    })
    this.#leaving.add(ended)
  }

  /** What training yielded, from its folder; read again when its weights changed. */
  adapter(folder: string, model: LoadedModel): Tuned {
    const path = resolve(folder)
    const key = keyOf(folder, model)
    const tuned = this.#adapters.get(key)?.tuned ?? readTuned(path, model.config, 'scaled')
    const now = performance.now()
    this.#adapters.delete(key)
    this.#adapters.set(key, { tuned, at: now })
    let bytes = [...this.#adapters.values()].reduce((sum, one) => sum + bytesOf(one.tuned), 0)
    for (const [oldest, one] of this.#adapters) {
      const isOver = this.#adapters.size > adaptersKept || bytes > adapterBytesKept || now - one.at > adapterIdleMs
      if (oldest === key || !isOver) break
      this.#adapters.delete(oldest)
      bytes -= bytesOf(one.tuned)
    }
    return tuned
  }

  /** Forgets a model in all its forms, or an adapter; what runs ends first. */
  async unload(folder: string): Promise<void> {
    const path = resolve(folder)
    const isOf = (key: string): boolean => key.startsWith(`${path} `) || key.endsWith(` ${path}`)
    for (const key of this.#adapters.keys()) if (isOf(key)) this.#adapters.delete(key)
    for (const key of this.#whole.keys()) if (isOf(key)) this.#leave(key)
    await Promise.all(this.#leaving)
    const gone = [...this.#models].filter(([, { info }]) => info.folder === path)
    for (const [key] of gone) this.#models.delete(key)
    for (const [, model] of gone) await close(model)
  }

  async release(): Promise<void> {
    const all = [...this.#models.values()]
    this.#models.clear()
    for (const key of this.#whole.keys()) this.#leave(key)
    await Promise.all(this.#leaving)
    for (const model of all) await close(model)
  }
}

async function close(opened: OpenModel): Promise<void> {
  await released(opened)
  await opened.scorer.release()
}

async function released({ generator, exact, eightBits }: Generators): Promise<void> {
  for (const one of new Set([generator, exact, eightBits])) await one.release()
}

function servedForm(model: LoadedModel, options: WorkerOptions): LoadedModel {
  if (options.quantize === 'int4') return inFourBits(model)
  const formed = frozenForm(model, options)
  // What is in float16 already was asked for, and has no float32 left to round.
  return options.quantize === 'int8' && formed.half === undefined ? inEightBits(formed) : formed
}

/** What answers come from: 8 bits are for kernels of the CPU, and a model that has none of them stays in float32. */
function servedWeights({ quantize, precision, provider = 'cpu' }: WorkerOptions): NonNullable<ModelInfo['served']> {
  if (quantize === 'int4') return 'int4'
  if (precision === 'f16') return 'float16'
  return quantize === 'int8' && provider === 'cpu' ? 'int8' : 'float32'
}

/** Of what was trained, as it lies in its folder now, and the model that it was trained over. */
const keyOf = (folder: string, model: LoadedModel): string =>
  `${resolve(folder)} ${changed(resolve(folder))} ${model.folder}`

function changed(folder: string): number {
  try {
    return statSync(join(folder, 'adapter_model.safetensors')).mtimeMs
  } catch (cause) {
    throw new ModelError('adapter-missing', `${folder} holds no adapter_model.safetensors`, { cause })
  }
}

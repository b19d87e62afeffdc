import type { ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { Parts } from '../deps.ts'
import type { Speech } from '../speech.ts'

/** Tokens generated to measure a model's speed before its first offer. */
const trialTokens = 16

/** What answers where no server of the owner's does. */
const ownEngine = 'engine'

/** Where a model's base and adapter lie. */
export interface Places {
  readonly base: string
  readonly adapter: string | undefined
}

export interface Opening {
  /** @throws InvalidError `model.tokenizer` */
  speech(base: string): Speech
  /** What answers for a model: a server that its owner has named for the base, else the node's own engine. */
  answerer(model: Pick<ModelRecord, 'base' | 'adapter'>, places: Places, signal: AbortSignal): Promise<Answerer>
  /** Tokens a second of a short greedy answer. */
  trial(answerer: Answerer, places: Places): Promise<number>
  /**
   * That an adapter of anybody's is one that this node can answer by, before it is offered: a token is asked of the
   * node's own engine, which has it in memory then. Servers of the owner's were held against that when they took it.
   * @throws as Engine.generate: what is not read is refused by its name
   */
  read(answerer: Answerer, places: Places): Promise<void>
}

export function createOpening(parts: Parts): Opening {
  const { clock, engine } = parts
  async function say(answerer: Answerer, { base, adapter }: Places, maxTokens: number): Promise<number> {
    const generation = answerer.generate({
      model: base,
      ...(adapter === undefined ? {} : { adapter }),
      messages: [{ role: 'user', content: 'Hello' }],
      settings: { maxTokens, temperature: 0, seed: 0 }
    })
    return (await generation.result).ids.length
  }
  return {
    speech(base) {
      const speech = parts.speech(base)
      if (speech === undefined)
        throw new InvalidError('model.tokenizer', 'the base model has no tokenizer.json: prompts could not be counted')
      return speech
    },
    async answerer(model, { base, adapter }, signal) {
      if (parts.backends?.has(model.base) !== true) {
        const { served } = await engine.open(base)
        return {
          name: ownEngine,
          ...(served === undefined ? {} : { weights: served }),
          away: () => undefined,
          generate: job => engine.generate(job),
          close: () => undefined
        }
      }
      return parts.backends.open(
        {
          base: { cid: model.base, folder: base },
          ...(model.adapter === null || adapter === undefined
            ? {}
            : { adapter: { cid: model.adapter, folder: adapter } })
        },
        signal
      )
    },
    async trial(answerer, places) {
      const started = clock.now()
      const tokens = await say(answerer, places, trialTokens)
      return tokens / Math.max(0.001, (clock.now() - started) / 1000)
    },
    async read(answerer, places) {
      if (answerer.name === ownEngine && places.adapter !== undefined) await say(answerer, places, 1)
    }
  }
}

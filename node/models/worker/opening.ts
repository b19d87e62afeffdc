import type { ModelRecord } from '../../../protocol/models/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Answerer } from '../../engine/backend/types.ts'
import type { Parts } from '../deps.ts'
import type { Speech } from '../speech.ts'

/** Tokens generated to measure a model's speed before its first offer. */
const trialTokens = 16

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
}

export function createOpening(parts: Parts): Opening {
  const { clock, engine } = parts
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
          name: 'engine',
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
    async trial(answerer, { base, adapter }) {
      const started = clock.now()
      const generation = answerer.generate({
        model: base,
        ...(adapter === undefined ? {} : { adapter }),
        messages: [{ role: 'user', content: 'Hello' }],
        settings: { maxTokens: trialTokens, temperature: 0, seed: 0 }
      })
      const { ids } = await generation.result
      return ids.length / Math.max(0.001, (clock.now() - started) / 1000)
    }
  }
}

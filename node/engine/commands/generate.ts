import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { frozenForm, type Quantization } from '../architecture/index.ts'
import type { RuntimeOptions } from '../graph/session.ts'
import { Generator } from '../serve/index.ts'
import { TextStream, Tokenizer } from '../text/index.ts'
import type { GenerateSettings, GeneratedToken } from '../types.ts'
import { loadTuned } from './tuned.ts'

export interface GenerateRequest {
  readonly model: string
  readonly adapter?: string | undefined
  readonly quantize?: Quantization | undefined
  /** Text, or token ids. */
  readonly prompt: string | readonly number[]
  readonly settings: GenerateSettings
  readonly runtime: RuntimeOptions
  /** Tokens that the model's config calls an end do not end the answer. */
  readonly ignoreEnd?: boolean | undefined
  onText?(text: string): void
}

export interface Generated {
  readonly tokens: number[]
  readonly text: string
  /** Of each token, where the settings ask for them. */
  readonly logprobs?: Omit<GeneratedToken, 'text'>[]
}

/** Generates from raw text or ids. Text needs a tokenizer in the folder; ids do not. */
export async function generateFrom(request: GenerateRequest): Promise<Generated> {
  const { model, adapter } = loadTuned(request.model, request.adapter, request.quantize)
  const { prompt } = request
  const tokenizer =
    typeof prompt === 'string' || existsSync(join(request.model, 'tokenizer.json'))
      ? Tokenizer.load(request.model)
      : undefined
  const ids = typeof prompt === 'string' ? (tokenizer?.encode(prompt) ?? []) : prompt
  const stream = tokenizer === undefined ? undefined : new TextStream(tokenizer, request.settings.stop)
  const endIds = new Set(request.ignoreEnd === true ? [] : model.config.endIds)
  const tokens: number[] = []
  const logprobs: Omit<GeneratedToken, 'text'>[] = []
  let text = ''
  const say = (piece: string): void => {
    text += piece
    if (piece !== '') request.onText?.(piece)
  }
  const generator = new Generator(frozenForm(model, request.runtime), request.runtime)
  await generator.generate({
    prompt: ids,
    answered: [],
    adapter,
    settings: request.settings,
    endIds,
    onToken: (id, chance) => {
      tokens.push(id)
      if (chance !== undefined) logprobs.push(chance)
      say(stream?.push(id) ?? '')
      return stream?.stopped !== true
    }
  })
  await generator.release()
  say(stream?.finish() ?? '')
  return { tokens, text, ...(request.settings.logprobs === undefined ? {} : { logprobs }) }
}

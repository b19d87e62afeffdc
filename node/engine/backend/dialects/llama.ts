import { basename } from 'node:path'
import { z } from 'zod'
import { InvalidError } from '../../../../protocol/primitives/index.ts'
import { callJson } from '../http.ts'
import { failed } from './failed.ts'
import { lookMs, modelList, readAs } from './dialect.ts'
import type { Dialect, ToldToken } from './dialect.ts'

// llama.cpp's server, by its own way of asking: tokens in and out by their ids, adapters those it was started with.

const props = z.object({
  default_generation_settings: z.object({ n_ctx: z.int().min(1) }),
  total_slots: z.int().min(1).optional()
})
const tokens = z.object({ tokens: z.array(z.int().min(0)).max(1_000_000) })
const adapters = z.array(z.object({ id: z.int().min(0), path: z.string().max(4096) })).max(4096)
const chance = z.object({
  id: z.int().min(0),
  bytes: z.array(z.int().min(0).max(255)).max(1024).optional(),
  // Of what cannot be it gives the least number there is.
  logprob: z.number().max(0.001)
})

const event = z.object({
  content: z.string().max(1 << 20),
  tokens: z.array(z.int().min(0)).max(8192),
  stop: z.boolean(),
  stop_type: z.string().optional(),
  tokens_predicted: z.int().min(0),
  tokens_evaluated: z.int().min(0),
  truncated: z.boolean().optional(),
  completion_probabilities: z
    .array(chance.extend({ top_logprobs: z.array(chance).max(1024).optional() }))
    .max(8192)
    .optional()
})

/** The seed that means another one each time. */
const anySeed = 0xffffffff

export const llama: Dialect = {
  kind: 'llama.cpp',
  can: { promptIds: true, tokenIds: true, logprobs: 20, adapters: 'started' },
  is: async (way, signal) =>
    props.safeParse(await callJson(way, { path: 'props', method: 'GET', signal, timeoutMs: lookMs })).success,
  async health(way, signal) {
    await callJson(way, { path: 'health', method: 'GET', signal, timeoutMs: lookMs })
  },
  async facts(way, signal) {
    const look = (path: string) => callJson(way, { path, method: 'GET', signal, timeoutMs: lookMs })
    const { default_generation_settings: settings } = readAs(props, await look('props'))
    const { data } = readAs(modelList, await look('v1/models'))
    return { models: data.map(({ id }) => id), context: settings.n_ctx }
  },
  async tokenize(way, _model, text, signal) {
    const body = { content: text, add_special: false, parse_special: true }
    return readAs(tokens, await callJson(way, { path: 'tokenize', body, signal, timeoutMs: lookMs })).tokens
  },
  async adapter(way, { cid }, model, signal) {
    const list = readAs(
      adapters,
      await callJson(way, { path: 'lora-adapters', method: 'GET', signal, timeoutMs: lookMs })
    )
    const found = list.find(({ path }) => basename(path.replaceAll('\\', '/')) === `${cid}.gguf`)
    if (found === undefined)
      throw new InvalidError('backend-adapter', `the server was not started with the adapter ${cid}`, {
        help:
          'Write it with `tilth engine export --adapter-only`, and start llama-server with ' +
          `--lora-init-without-apply --lora ${cid}.gguf.`
      })
    return { model, adapter: found.id }
  },
  ask: ({ adapter, prompt, maxTokens, temperature, topK, topP, seed, logprobs }) => ({
    path: 'completion',
    body: {
      prompt,
      n_predict: maxTokens,
      temperature,
      top_k: topK,
      top_p: topP,
      min_p: 0,
      typical_p: 1,
      repeat_penalty: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      seed: seed === anySeed ? anySeed - 1 : seed,
      stream: true,
      return_tokens: true,
      cache_prompt: true,
      // What is not named here is off, whatever the server was started with.
      lora: adapter === undefined ? [] : [{ id: adapter, scale: 1 }],
      // It gives those of the chosen token with at least one of the likeliest.
      ...(logprobs === undefined ? {} : { n_probs: Math.max(1, logprobs) })
    }
  }),
  read(json) {
    failed(json)
    const read = readAs(event, json)
    const chances = read.completion_probabilities ?? []
    const told = read.tokens.map((id, i): ToldToken => {
      const found = chances[i]
      return found?.id !== id
        ? { id }
        : {
            id,
            logprob: found.logprob,
            top: (found.top_logprobs ?? []).map(({ id, logprob }) => ({ id, logprob }))
          }
    })
    const more = { promptTokens: read.tokens_evaluated, count: read.tokens_predicted, text: read.content }
    if (!read.stop) return { tokens: told, ...more }
    return { tokens: told, ...more, finish: read.stop_type === 'eos' || read.stop_type === 'word' ? 'stop' : 'length' }
  }
}

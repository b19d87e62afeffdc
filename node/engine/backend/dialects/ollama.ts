import { z } from 'zod'
import { InvalidError } from '../../../../protocol/primitives/index.ts'
import { callJson } from '../http.ts'
import { failed } from './failed.ts'
import { bytesOfText, lookMs, readAs } from './dialect.ts'
import type { Dialect, ToldToken } from './dialect.ts'

// Ollama takes prompts as text and has no numbers for tokens: they are told from the bytes that come with their
// log-probabilities. It loads no adapter while it runs; one that was merged or made with ADAPTER is a model there.

const version = z.object({ version: z.string() })
const tags = z.object({ models: z.array(z.object({ name: z.string().max(400) })).max(10_000) })
const said = {
  token: z.string().max(4096),
  bytes: z.array(z.int().min(0).max(255)).max(1024).nullish(),
  logprob: z.number().max(0.001)
}

const event = z.object({
  response: z.string().max(1 << 20),
  done: z.boolean(),
  done_reason: z.string().nullish(),
  prompt_eval_count: z.int().min(0).nullish(),
  logprobs: z
    .array(z.object({ ...said, top_logprobs: z.array(z.object(said)).max(64).nullish() }))
    .max(8192)
    .nullish()
})

const bytesIn = ({ token, bytes }: { token: string; bytes?: number[] | null | undefined }): number[] =>
  bytes ?? bytesOfText(token)

export const ollama: Dialect = {
  kind: 'ollama',
  can: { promptIds: false, tokenIds: false, logprobs: 20, adapters: 'named' },
  is: async (way, signal) =>
    version.safeParse(await callJson(way, { path: 'api/version', method: 'GET', signal, timeoutMs: lookMs })).success,
  async health(way, signal) {
    await callJson(way, { path: 'api/version', method: 'GET', signal, timeoutMs: lookMs })
  },
  async facts(way, signal) {
    const { models } = readAs(tags, await callJson(way, { path: 'api/tags', method: 'GET', signal, timeoutMs: lookMs }))
    return { models: models.map(({ name }) => name) }
  },
  tokenize: async () => undefined,
  async adapter(_way, { cid }) {
    throw unnamed(cid)
  },
  ask: ({ model, prompt, maxTokens, temperature, topK, topP, seed, logprobs }) => ({
    path: 'api/generate',
    body: {
      model,
      prompt,
      raw: true,
      // A prompt that is too long is an error, and no other prompt.
      truncate: false,
      shift: false,
      stream: true,
      logprobs: true,
      ...(logprobs === undefined || logprobs === 0 ? {} : { top_logprobs: logprobs }),
      options: {
        num_predict: maxTokens,
        temperature,
        top_k: topK,
        top_p: topP,
        min_p: 0,
        repeat_penalty: 1,
        seed
      }
    }
  }),
  read(json) {
    failed(json)
    const read = readAs(event, json)
    if (read.response !== '' && (read.logprobs ?? []).length === 0)
      throw new InvalidError('backend-tokens', 'the server does not say which tokens it gave', {
        help: 'Ollama says them from 0.12.11 on.'
      })
    const tokens = (read.logprobs ?? []).map((one): ToldToken => ({
      bytes: bytesIn(one),
      logprob: one.logprob,
      top: (one.top_logprobs ?? []).map(other => ({ bytes: bytesIn(other), logprob: other.logprob }))
    }))
    return {
      tokens,
      ...(typeof read.prompt_eval_count === 'number' ? { promptTokens: read.prompt_eval_count } : {}),
      ...(read.done ? { finish: read.done_reason === 'length' ? 'length' : 'stop' } : {})
    }
  }
}

/** Where models are told apart by name alone, an adapter's has to be said. */
export const unnamed = (cid: string): InvalidError =>
  new InvalidError('backend-adapter', `the server knows no model for the adapter ${cid}`, {
    help: `Say what it calls it: worker.backends, names: {"${cid}": "…"}.`
  })

import { z } from 'zod'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import { callJson } from '../http.ts'
import { failed } from './failed.ts'
import { loadMs, lookMs, readAs } from './dialect.ts'
import type { Dialect, ToldToken } from './dialect.ts'
import { listedFacts } from './listed.ts'

// vLLM: tokens in and out by their ids, adapters loaded while it runs.

const version = z.object({ version: z.string() })
const tokens = z.object({ tokens: z.array(z.int().min(0)).max(1_000_000) })
const chance = z.number().max(0.001).nullable()

const event = z.object({
  choices: z
    .array(
      z.object({
        token_ids: z.array(z.int().min(0)).max(8192).nullish(),
        logprobs: z
          .object({
            tokens: z.array(z.string().max(4096)).max(8192),
            token_logprobs: z.array(chance).max(8192),
            top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).max(8192).nullish()
          })
          .nullish(),
        finish_reason: z.string().nullish()
      })
    )
    .max(1),
  usage: z.object({ prompt_tokens: z.int().min(0) }).nullish()
})

/** `token_id:17`, as `return_tokens_as_token_ids` has tokens named. */
const idIn = (name: string): number | undefined => {
  const found = /^token_id:(\d{1,9})$/.exec(name)
  return found === null ? undefined : Number(found[1])
}

export const vllm: Dialect = {
  kind: 'vllm',
  can: { promptIds: true, tokenIds: true, logprobs: 20, adapters: 'loaded' },
  is: async (way, signal) =>
    version.safeParse(await callJson(way, { path: 'version', method: 'GET', signal, timeoutMs: lookMs })).success,
  async health(way, signal) {
    await callJson(way, { path: 'health', method: 'GET', signal, timeoutMs: lookMs })
  },
  facts: listedFacts,
  async tokenize(way, model, text, signal) {
    const body = { model, prompt: text, add_special_tokens: false }
    return readAs(tokens, await callJson(way, { path: 'tokenize', body, signal, timeoutMs: lookMs })).tokens
  },
  async adapter(way, { cid, folder }, _model, signal) {
    const body = { lora_name: cid, lora_path: folder }
    try {
      await callJson(way, { path: 'v1/load_lora_adapter', body, signal, timeoutMs: loadMs })
    } catch (error) {
      if (!(error instanceof TilthError) || error.code !== 'backend-refused') throw error
      // It may have it from before this node's last start.
      if (!/already/i.test(error.message))
        throw new InvalidError('backend-adapter', `the server does not take the adapter ${cid}`, {
          cause: error,
          help:
            'Start vLLM with --enable-lora, --max-lora-rank and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, and see that ' +
            `it can read ${folder} (worker.backends: folder).`
        })
    }
    return { model: cid }
  },
  async forget(way, cid) {
    await callJson(way, { path: 'v1/unload_lora_adapter', body: { lora_name: cid }, timeoutMs: lookMs })
  },
  ask: ({ model, prompt, maxTokens, temperature, topK, topP, seed, logprobs }) => ({
    path: 'v1/completions',
    body: {
      model,
      prompt,
      max_tokens: maxTokens,
      temperature,
      top_p: topP,
      top_k: topK === 0 ? -1 : topK,
      seed,
      n: 1,
      stream: true,
      stream_options: { include_usage: true },
      return_token_ids: true,
      return_tokens_as_token_ids: true,
      // Its own defaults may come from the model's folder.
      min_p: 0,
      repetition_penalty: 1,
      presence_penalty: 0,
      frequency_penalty: 0,
      ...(logprobs === undefined ? {} : { logprobs })
    }
  }),
  read(json) {
    failed(json)
    const { choices, usage } = readAs(event, json)
    const [choice] = choices
    const promptTokens = usage === null || usage === undefined ? {} : { promptTokens: usage.prompt_tokens }
    if (choice === undefined) return { tokens: [], ...promptTokens }
    const { token_ids: given, logprobs, finish_reason: finish } = choice
    const ids = given ?? logprobs?.tokens.map(idIn) ?? []
    const told = ids.map((id, i): ToldToken => {
      if (id === undefined)
        throw new InvalidError('backend-tokens', 'the server does not say which tokens it gave', {
          help: 'vLLM says them from 0.10.2 on.'
        })
      const logprob = logprobs?.token_logprobs[i]
      const top = Object.entries(logprobs?.top_logprobs?.[i] ?? {}).flatMap(([name, logprob]) => {
        const id = idIn(name)
        return id === undefined ? [] : [{ id, logprob }]
      })
      return { id, ...(typeof logprob === 'number' ? { logprob } : {}), top }
    })
    return {
      tokens: told,
      ...promptTokens,
      ...(finish === null || finish === undefined ? {} : { finish: finish === 'length' ? 'length' : 'stop' })
    }
  }
}

import { z } from 'zod'
import { InvalidError } from '../../../../protocol/primitives/index.ts'
import { callJson } from '../http.ts'
import { failed } from './failed.ts'
import { bytesOfText, lookMs, modelList, readAs } from './dialect.ts'
import type { Dialect, ToldToken } from './dialect.ts'
import { listedFacts } from './listed.ts'
import { unnamed } from './ollama.ts'

// What is known of any server with `/v1/completions`: text in, and tokens by what their log-probabilities say of them.

const chance = z.number().max(0.001).nullable()
const said = {
  token: z.string().max(4096),
  bytes: z.array(z.int().min(0).max(255)).max(1024).nullish(),
  logprob: z.number().max(0.001)
}

const event = z.object({
  choices: z
    .array(
      z.object({
        text: z.string().max(1 << 20),
        logprobs: z
          .object({
            tokens: z.array(z.string().max(4096)).max(8192).nullish(),
            token_logprobs: z.array(chance).max(8192).nullish(),
            top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).max(8192).nullish(),
            content: z
              .array(z.object({ ...said, top_logprobs: z.array(z.object(said)).max(64).nullish() }))
              .max(8192)
              .nullish()
          })
          .nullish(),
        finish_reason: z.string().nullish()
      })
    )
    .max(1),
  usage: z.object({ prompt_tokens: z.int().min(0) }).nullish()
})

/** A token as text; one that is no text is written `bytes:\xe2\x80`. */
function bytesIn(token: string): number[] {
  const found = /^bytes:((?:\\x[0-9a-f]{2})+)$/i.exec(token)?.[1]
  return found === undefined
    ? bytesOfText(token)
    : found
        .split('\\x')
        .slice(1)
        .map(hex => Number.parseInt(hex, 16))
}

export const openai: Dialect = {
  kind: 'openai',
  can: { promptIds: false, tokenIds: false, logprobs: 5, adapters: 'named' },
  is: async (way, signal) =>
    modelList.safeParse(await callJson(way, { path: 'v1/models', method: 'GET', signal, timeoutMs: lookMs })).success,
  async health(way, signal) {
    await callJson(way, { path: 'v1/models', method: 'GET', signal, timeoutMs: lookMs })
  },
  facts: listedFacts,
  tokenize: async () => undefined,
  async adapter(_way, { cid }) {
    throw unnamed(cid)
  },
  ask: ({ model, prompt, maxTokens, temperature, topP, topK, seed, logprobs }) => ({
    path: 'v1/completions',
    body: {
      model,
      prompt,
      max_tokens: maxTokens,
      temperature,
      top_p: topP,
      ...(topK === 0 ? {} : { top_k: topK }),
      seed,
      stream: true,
      stream_options: { include_usage: true },
      // Tokens are told by them.
      logprobs: logprobs ?? 0
    }
  }),
  read(json) {
    failed(json)
    const { choices, usage } = readAs(event, json)
    const [choice] = choices
    const promptTokens = usage === null || usage === undefined ? {} : { promptTokens: usage.prompt_tokens }
    if (choice === undefined) return { tokens: [], ...promptTokens }
    const { logprobs, finish_reason: finish } = choice
    const tokens: ToldToken[] =
      logprobs?.content?.map(one => ({
        bytes: one.bytes ?? bytesIn(one.token),
        logprob: one.logprob,
        top: (one.top_logprobs ?? []).map(other => ({
          bytes: other.bytes ?? bytesIn(other.token),
          logprob: other.logprob
        }))
      })) ??
      logprobs?.tokens?.map((token, i) => {
        const logprob = logprobs.token_logprobs?.[i]
        return {
          bytes: bytesIn(token),
          ...(typeof logprob === 'number' ? { logprob } : {}),
          top: Object.entries(logprobs.top_logprobs?.[i] ?? {}).map(([other, logprob]) => ({
            bytes: bytesIn(other),
            logprob
          }))
        }
      }) ??
      []
    if (choice.text !== '' && tokens.length === 0)
      throw new InvalidError('backend-tokens', 'the server does not say which tokens it gave', {
        help: 'What a token costs is counted here, so a server has to give log-probabilities.'
      })
    return {
      tokens,
      ...promptTokens,
      ...(finish === null || finish === undefined ? {} : { finish: finish === 'length' ? 'length' : 'stop' })
    }
  }
}

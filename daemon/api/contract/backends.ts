import { z } from 'zod'
import { servedWeights } from '../../../protocol/models/weights.ts'
import { nothing, paged, pageSchema, route } from './route.ts'

// Servers of a worker's owner that answer in the engine's place.

const agreementView = z.object({
  /** CID of the adapter that was asked for; empty for the base alone. */
  adapter: z.string(),
  at: z.number(),
  /** Prompts that the server cuts into the node's own tokens; `of` is 0 where it does not say how it cuts. */
  tokens: z.object({ same: z.int(), of: z.int() }),
  /** Greedy tokens as the node's own, and how far log-probabilities are apart; null where nothing was compared. */
  answers: z
    .object({ same: z.int(), of: z.int(), mean: z.number().nullable(), largest: z.number().nullable() })
    .nullable(),
  /** Why answers were not compared. */
  why: z.string().nullable()
})

export const backendView = z.object({
  name: z.string(),
  url: z.string(),
  /** CID of the base that it answers for. */
  base: z.string(),
  /** What kind of server it is; null until it was met. */
  kind: z.enum(['vllm', 'llama.cpp', 'ollama', 'openai']).nullable(),
  state: z.enum(['new', 'checking', 'ready', 'away', 'refused']),
  error: z.object({ code: z.string(), message: z.string(), help: z.string().nullable() }).nullable(),
  /** What that kind of server can do; null until it was met. */
  can: z
    .object({
      /** It takes prompts as tokens, and says which tokens it gives. */
      promptIds: z.boolean(),
      tokenIds: z.boolean(),
      /** Likeliest tokens beside each, at most; null: it tells no log-probabilities. */
      logprobs: z.int().nullable(),
      /** How an adapter comes to it: while it runs, with its start, or as a model of its own name. */
      adapters: z.enum(['loaded', 'started', 'named'])
    })
    .nullable(),
  /** What it calls the base. */
  model: z.string().nullable(),
  context: z.int().nullable(),
  concurrency: z.int(),
  running: z.int(),
  answers: z.int(),
  tokens: z.int(),
  failures: z.int(),
  checked: z.array(agreementView).readonly(),
  /** What the file says of it that the daemon does from its next start on; nothing where it is used as it stands. */
  pending: z.enum(['added', 'changed', 'removed']).optional(),
  /** Where its key is read from; the key itself is never told. */
  key: z.enum(['none', 'file', 'environment']).optional(),
  /** The variable that it is read from where no file is named. */
  keyVariable: z.string().optional()
})
export type BackendView = z.infer<typeof backendView>

export const backendRoutes = {
  backends: route({
    method: 'GET',
    path: '/api/backends',
    stage: 'inference',
    summary: "Servers of this worker's owner that answer for bases, how they are, and how they agree with this node",
    params: paged,
    reply: pageSchema(backendView)
  }),
  checkBackend: route({
    method: 'POST',
    path: '/api/backends/:name/check',
    stage: 'inference',
    summary: 'Look at a server again, and compare all that it answers for with this node itself',
    params: z.object({ name: z.string().min(1).max(32) }),
    body: nothing,
    reply: backendView
  }),
  addBackend: route({
    method: 'POST',
    path: '/api/backends',
    stage: 'inference',
    summary: 'Name a server for a base, or say more of one at the same address; used from the next start on',
    // Without a file for its key: whoever has a session here must not have files of the machine read and sent.
    body: z.strictObject({
      name: z.string().min(1).max(32),
      url: z.string().min(1).max(2048),
      base: z.string().min(1).max(120),
      kind: z.enum(['auto', 'vllm', 'llama.cpp', 'ollama', 'openai']).optional(),
      /** What it calls the base; its first model unless given. */
      model: z.string().min(1).max(400).optional(),
      /** The weights that it answers from, as offers say it. */
      weights: servedWeights.optional(),
      /** What it calls adapters, by their CIDs. */
      names: z.record(z.string().max(120), z.string().max(400)).optional(),
      concurrency: z.int().min(1).max(4096).optional()
    }),
    reply: backendView
  }),
  removeBackend: route({
    method: 'POST',
    path: '/api/backends/:name/remove',
    stage: 'inference',
    summary: 'Name a server no more; the engine answers in its place from the next start on',
    params: z.object({ name: z.string().min(1).max(32) }),
    body: nothing,
    reply: z.object({ name: z.string(), file: z.string() })
  })
} as const

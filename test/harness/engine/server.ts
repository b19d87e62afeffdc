import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { basename } from 'node:path'
import type { BackendKind } from '../../../node/engine/backend/index.ts'
import type { Engine, GeneratedToken } from '../../../node/engine/types.ts'

// A real HTTP server with the paths and the shapes of vLLM, llama.cpp, Ollama, or any other with `/v1/completions`; its
// answers are an engine's. So what is read of each kind is what that kind sends, and what it says can be compared.

export interface ServerOptions {
  readonly kind: BackendKind
  readonly engine: Engine
  readonly model: string
  /** Adapters that it was started with, by what they are called. */
  readonly adapters?: Readonly<Record<string, string>>
  readonly key?: string
  readonly context?: number
  /** Answers in the place of what is right: to a path, with what was asked. False: answers as ever. */
  readonly spoil?: (path: string, response: ServerResponse, body: Record<string, unknown>) => boolean | Promise<boolean>
  /** What it says in the place of what the engine would. */
  readonly says?: readonly GeneratedToken[]
  /** Changes a token on its way. */
  readonly token?: (token: GeneratedToken, index: number) => GeneratedToken
}

export interface TestServer {
  readonly url: string
  /** What it was asked, by path. */
  readonly asked: { readonly path: string; readonly body: Record<string, unknown> }[]
  /** Adapters that it has now, by name. */
  readonly adapters: Map<string, string>
  options: ServerOptions
  stop(): Promise<void>
}

type Send = (event: unknown) => void

export async function startServer(options: ServerOptions, port = 0): Promise<TestServer> {
  const adapters = new Map(Object.entries(options.adapters ?? {}))
  const asked: TestServer['asked'] = []
  const http = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (!response.headersSent) json(response, { error: { message: String(error), type: 'InternalServerError' } }, 500)
      else response.destroy()
    })
  })
  await new Promise<void>(resolve => {
    http.listen(port, '127.0.0.1', resolve)
  })
  const server: TestServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    asked,
    adapters,
    options,
    stop: () =>
      new Promise(resolve => {
        http.close(() => resolve())
        http.closeAllConnections()
      })
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').slice(1)
    const text = await bodyOf(request)
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    asked.push({ path, body })
    const { kind, key, spoil } = server.options
    if (key !== undefined && request.headers.authorization !== `Bearer ${key}` && path !== 'health')
      return json(response, { error: { message: `Invalid API key: ${request.headers.authorization ?? ''}` } }, 401)
    if (spoil !== undefined && (await spoil(path, response, body))) return
    const answers = paths[kind][path]
    if (answers === undefined) return json(response, { detail: 'Not Found' }, 404)
    await answers({ server, body, response })
  }
  return server
}

interface Asking {
  readonly server: TestServer
  readonly body: Record<string, unknown>
  readonly response: ServerResponse
}
type Path = (asking: Asking) => void | Promise<void>

const json = (response: ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const part of request.setEncoding('utf8')) text += part as string
  return text
}

const models: Path = ({ server: { options, adapters }, response }) => {
  const own = { id: basename(options.model), object: 'model', max_model_len: options.context ?? 512 }
  json(response, { object: 'list', data: [own, ...[...adapters.keys()].map(id => ({ id, parent: own.id }))] })
}
const ok: Path = ({ response }) => void response.writeHead(200).end()
const tokenize =
  (field: 'prompt' | 'content'): Path =>
  async ({ server: { options }, body, response }) =>
    json(response, { tokens: await options.engine.text.encode(options.model, body[field] as string) })

/** What an engine says to a question in any of the shapes, token by token. */
async function speak(
  { server, body, response }: Asking,
  asked: { maxTokens: number; adapter: string | undefined; logprobs: number; more: Record<string, unknown> },
  send: (token: GeneratedToken, index: number) => void
): Promise<{ finish: 'stop' | 'length'; prompt: number; count: number }> {
  const { engine, model, token: changed = token => token } = server.options
  const promptIds = Array.isArray(body['prompt'])
    ? (body['prompt'] as number[])
    : await engine.text.encode(model, body['prompt'] as string)
  const { says } = server.options
  if (says !== undefined) {
    says.slice(0, asked.maxTokens).forEach(send)
    return { finish: 'length', prompt: promptIds.length, count: says.length }
  }
  const left = new AbortController()
  response.on('close', () => left.abort())
  const { temperature, seed, top_p: topP, top_k: topK } = asked.more as Record<string, number>
  const generation = engine.generate({
    model,
    promptIds,
    ...(asked.adapter === undefined ? {} : { adapter: asked.adapter }),
    exact: true,
    signal: left.signal,
    settings: {
      maxTokens: asked.maxTokens,
      temperature: temperature ?? 1,
      seed: seed ?? 0,
      logprobs: asked.logprobs,
      ...(topP === undefined || topP === 1 ? {} : { topP }),
      ...(topK === undefined || topK <= 0 ? {} : { topK })
    }
  })
  generation.result.catch(() => undefined)
  let count = 0
  for await (const token of generation) send(changed(token, count), count++)
  const { finish } = await generation.result
  return { finish: finish === 'stop' ? 'stop' : 'length', prompt: promptIds.length, count }
}

const events = (response: ServerResponse): Send => {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  return event => void response.write(`data: ${JSON.stringify(event)}\n\n`)
}

/** As vLLM's `completion_stream_generator` has it. */
const vllmCompletions: Path = async asking => {
  const { server, body, response } = asking
  const named = body['model'] as string
  if (named !== basename(server.options.model) && !server.adapters.has(named))
    return json(response, { error: { message: `The model \`${named}\` does not exist.`, code: 404 } }, 404)
  const send = events(response)
  const chunk = (choice: object | undefined, usage: object | null = null) =>
    send({
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1,
      model: named,
      choices:
        choice === undefined ? [] : [{ index: 0, text: '', stop_reason: null, prompt_token_ids: null, ...choice }],
      usage
    })
  const wanted = body['logprobs'] as number | undefined
  const said = await speak(
    asking,
    {
      maxTokens: body['max_tokens'] as number,
      adapter: server.adapters.get(named),
      logprobs: wanted ?? 0,
      more: body
    },
    ({ id, text, logprob, top = [] }) =>
      chunk({
        text,
        token_ids: [id],
        finish_reason: null,
        logprobs:
          wanted === undefined
            ? null
            : {
                text_offset: [0],
                token_logprobs: [logprob],
                tokens: [`token_id:${id}`],
                top_logprobs: [
                  Object.fromEntries([{ id, logprob }, ...top].map(one => [`token_id:${one.id}`, one.logprob]))
                ]
              }
      })
  )
  const end = { stop: { token_ids: [2], finish_reason: 'stop' }, length: { token_ids: [], finish_reason: 'length' } }
  // The token that ends it is among its tokens.
  chunk({ ...end[said.finish], logprobs: null })
  chunk(undefined, {
    prompt_tokens: said.prompt,
    completion_tokens: said.count,
    total_tokens: said.prompt + said.count
  })
  response.end('data: [DONE]\n\n')
}

const load: Path = ({ server, body, response }) => {
  const name = body['lora_name'] as string
  if (server.adapters.has(name))
    return json(response, { error: { message: `The lora adapter '${name}' has already been loaded.`, code: 400 } }, 400)
  server.adapters.set(name, body['lora_path'] as string)
  response.writeHead(200).end(`Success: LoRA adapter '${name}' added successfully.`)
}

const bytesOf = ({ bytes = [] }: { bytes?: readonly number[] }) => ({
  token: Buffer.from(bytes).toString('utf8'),
  bytes
})

/** As llama-server's `/completion` has it: a token that ends within a character goes with the next one's text. */
const llamaCompletion: Path = async asking => {
  const { body, response, server } = asking
  const send = events(response)
  const lora = (body['lora'] as { id: number }[] | undefined)?.[0]?.id
  const wanted = body['n_probs'] as number | undefined
  const told = ({ id, logprob, ...rest }: { id: number; logprob?: number; bytes?: readonly number[] }) => ({
    id,
    ...bytesOf(rest),
    logprob
  })
  let [decoded, held, inside] = [0, '', false]
  const prompt = (body['prompt'] as number[]).length
  const facts = () => ({ index: 0, id_slot: 0, tokens_predicted: decoded, tokens_evaluated: prompt })
  const said = await speak(
    asking,
    {
      maxTokens: body['n_predict'] as number,
      adapter: lora === undefined ? undefined : [...server.adapters.values()][lora],
      logprobs: wanted ?? 0,
      more: body
    },
    token => {
      decoded++
      held += token.text
      inside = token.text === '' && (token.bytes ?? []).some(byte => byte > 127)
      if (inside) return
      const probabilities =
        wanted === undefined
          ? {}
          : { completion_probabilities: [{ ...told(token), top_logprobs: (token.top ?? []).map(told) }] }
      send({ ...facts(), content: held, tokens: [token.id], stop: false, ...probabilities })
      held = ''
    }
  )
  send({
    ...facts(),
    content: '',
    tokens: [],
    stop: true,
    model: 'm',
    prompt: '',
    truncated: false,
    stop_type: said.finish === 'stop' ? 'eos' : 'limit',
    stopping_word: '',
    timings: {}
  })
  response.end()
}

/** As Ollama's `/api/generate` has it. */
const ollamaGenerate: Path = async asking => {
  const { body, response, server } = asking
  response.writeHead(200, { 'content-type': 'application/x-ndjson' })
  const send: Send = event => void response.write(`${JSON.stringify(event)}\n`)
  const options = body['options'] as Record<string, number>
  const facts = { model: body['model'], created_at: '2026-01-01T00:00:00Z' }
  const said = await speak(
    asking,
    {
      maxTokens: options['num_predict'] ?? 0,
      adapter: server.adapters.get(body['model'] as string),
      logprobs: (body['top_logprobs'] as number | undefined) ?? 0,
      more: options
    },
    ({ text, logprob, top = [], ...rest }) =>
      send({
        ...facts,
        response: text,
        done: false,
        logprobs: [
          {
            ...bytesOf(rest),
            logprob,
            ...(top.length === 0 ? {} : { top_logprobs: top.map(one => ({ ...bytesOf(one), logprob: one.logprob })) })
          }
        ]
      })
  )
  send({
    ...facts,
    response: '',
    done: true,
    done_reason: said.finish,
    prompt_eval_count: said.prompt,
    eval_count: said.count
  })
  response.end()
}

/** As the legacy completions of OpenAI have it: tokens by their text. */
const openaiCompletions: Path = async asking => {
  const { body, response, server } = asking
  const send = events(response)
  const wanted = body['logprobs'] as number
  const said = await speak(
    asking,
    {
      maxTokens: body['max_tokens'] as number,
      adapter: server.adapters.get(body['model'] as string),
      logprobs: wanted,
      more: body
    },
    ({ text, logprob, top = [], ...rest }) =>
      send({
        object: 'text_completion',
        choices: [
          {
            index: 0,
            text,
            finish_reason: null,
            logprobs: {
              tokens: [written(rest)],
              token_logprobs: [logprob],
              top_logprobs: wanted === 0 ? null : [Object.fromEntries(top.map(one => [written(one), one.logprob]))]
            }
          }
        ]
      })
  )
  send({ object: 'text_completion', choices: [{ index: 0, text: '', finish_reason: said.finish, logprobs: null }] })
  send({ object: 'text_completion', choices: [], usage: { prompt_tokens: said.prompt, completion_tokens: said.count } })
  response.end('data: [DONE]\n\n')
}

function written({ bytes = [] }: { bytes?: readonly number[] }): string {
  const text = Buffer.from(bytes).toString('utf8')
  return text.includes('\ufffd') ? `bytes:${bytes.map(x => `\\x${x.toString(16).padStart(2, '0')}`).join('')}` : text
}

const paths: Readonly<Record<BackendKind, Readonly<Record<string, Path>>>> = {
  vllm: {
    health: ok,
    version: ({ response }) => json(response, { version: '0.11.0' }),
    'v1/models': models,
    tokenize: tokenize('prompt'),
    'v1/load_lora_adapter': load,
    'v1/unload_lora_adapter': ({ server, body, response }) => {
      server.adapters.delete(body['lora_name'] as string)
      response.writeHead(200).end('Success')
    },
    'v1/completions': vllmCompletions
  },
  'llama.cpp': {
    health: ({ response }) => json(response, { status: 'ok' }),
    props: ({ server: { options }, response }) =>
      json(response, { default_generation_settings: { n_ctx: options.context ?? 512 }, total_slots: 4 }),
    'v1/models': models,
    tokenize: tokenize('content'),
    'lora-adapters': ({ server: { adapters }, response }) =>
      json(
        response,
        [...adapters.keys()].map((name, id) => ({ id, path: `/adapters/${name}.gguf`, scale: 0 }))
      ),
    completion: llamaCompletion
  },
  ollama: {
    'api/version': ({ response }) => json(response, { version: '0.13.0' }),
    'api/tags': ({ server: { options }, response }) =>
      json(response, { models: [{ name: `${basename(options.model)}:latest` }] }),
    'api/generate': ollamaGenerate
  },
  openai: { 'v1/models': models, 'v1/completions': openaiCompletions }
}

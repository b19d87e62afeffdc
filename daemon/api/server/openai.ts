import { randomUUID } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { AskEvent, Explanation, ModelView } from '../contract/index.ts'
import { askRequest, completionRequest, modelParam, modelsQuery } from '../contract/index.ts'
import { RefusedError, TilthError, foreignCode, readAs } from '../../../protocol/primitives/index.ts'
import type { Page, PageRequest } from '../../../protocol/primitives/index.ts'
import { errorReply } from './errors.ts'
import { sendEvents, signalOf } from './server.ts'

export interface OpenAiSource {
  models(page: PageRequest & { limit: number }): Promise<Page<ModelView>>
  /** By id or name. @throws NotFoundError */
  model(wanted: string): Promise<ModelView>
  ask(request: z.output<typeof askRequest>, signal: AbortSignal): AsyncIterable<AskEvent>
}

const modelObject = ({ id, name, builder }: ModelView) => ({
  id: name,
  object: 'model',
  created: 0,
  owned_by: builder,
  tilth: { id }
})

/** Fields of a question by their names in that API. */
const theirNames: Record<string, string> = { maxTokens: 'max_tokens', topP: 'top_p' }

/** @throws RefusedError with the names that the caller used */
function askOf(value: unknown): z.output<typeof askRequest> {
  try {
    return readAs(askRequest, value, 'request.invalid')
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error
    throw new RefusedError(
      error.code,
      error.refusals.map(refusal => ({ ...refusal, path: refusal.path.map(part => theirNames[part] ?? part) }))
    )
  }
}

/** What this network adds to an answer: what it cost, and the receipts of it. */
const paid = ({ fee, receipts }: Extract<AskEvent, { kind: 'done' }>, confidential: boolean) => ({
  fee,
  receipts,
  private: confidential
})

const finishReason = (finish: string): string => (finish === 'length' ? 'length' : 'stop')

/** `/v1/models` and `/v1/chat/completions` in the form of the OpenAI API, answered by the network. */
export function openAiEndpoints(source: OpenAiSource): (server: FastifyInstance) => void {
  return server => {
    server.route({
      method: 'GET',
      url: '/v1/models',
      async handler(request) {
        const { limit, after } = readAs(modelsQuery, request.query, 'request.invalid')
        const { items, next } = await source.models({ limit, cursor: after })
        const data = items.map(modelObject)
        return {
          object: 'list',
          data,
          first_id: data[0]?.tilth.id ?? null,
          last_id: data.at(-1)?.tilth.id ?? null,
          has_more: next !== null
        }
      }
    })
    server.route({
      method: 'GET',
      url: '/v1/models/:model',
      async handler(request) {
        const { model } = readAs(modelParam, request.params, 'request.invalid')
        return modelObject(await source.model(model))
      }
    })

    server.post('/v1/chat/completions', { bodyLimit: 1 << 20 }, async (request, reply) => {
      const body = readAs(completionRequest, request.body, 'request.invalid')
      const ask = askOf({
        model: body.model,
        messages: body.messages.map(({ role, content }) => ({ role: role === 'developer' ? 'system' : role, content })),
        maxTokens: body.max_completion_tokens ?? body.max_tokens ?? undefined,
        temperature: body.temperature ?? 1,
        topP: body.top_p ?? undefined,
        private: body.tilth?.private ?? body.private ?? undefined,
        explain: body.tilth?.explain ?? undefined,
        maxPrice: body.tilth?.maxPrice ?? undefined,
        ...(body.seed === null || body.seed === undefined ? {} : { seed: Math.abs(body.seed) }),
        stop:
          body.stop === null || body.stop === undefined
            ? undefined
            : typeof body.stop === 'string'
              ? [body.stop]
              : body.stop
      })
      const id = `chatcmpl-${randomUUID()}`
      const created = Math.floor(Date.now() / 1000)
      const signal = signalOf(reply)

      if (body.stream === true) {
        const chunk = (delta: object, finish: string | null, rest: object = {}) => ({
          id,
          object: 'chat.completion.chunk',
          created,
          model: body.model,
          choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
          ...rest
        })
        const chunks = async function* (): AsyncGenerator {
          yield chunk({ role: 'assistant', content: '' }, null)
          for await (const event of source.ask(ask, signal)) {
            if (event.kind === 'text') yield chunk({ content: event.text }, null)
            if (event.kind === 'error') throw new TilthError(foreignCode(event.code), event.message)
            if (event.kind === 'explanation') {
              const { kind: _, ...explanation } = event
              yield { ...chunk({}, null), choices: [], tilth: { explanation } }
            }
            if (event.kind !== 'done') continue
            yield chunk({}, finishReason(event.finish), { tilth: paid(event, ask.private) })
            if (body.stream_options?.include_usage === true)
              yield { ...chunk({}, null), choices: [], usage: usage(event.inputTokens, event.outputTokens) }
          }
        }
        await sendEvents(reply, chunks(), error => errorReply(error).body, '[DONE]')
        return reply
      }

      let done: Extract<AskEvent, { kind: 'done' }> | undefined
      let explanation: Explanation | undefined
      for await (const event of source.ask(ask, signal)) {
        if (event.kind === 'error') throw new TilthError(foreignCode(event.code), event.message)
        if (event.kind === 'done') done = event
        if (event.kind !== 'explanation') continue
        const { kind: _, ...rest } = event
        explanation = rest
      }
      if (done === undefined) throw new TilthError('ask.unfinished', 'the answer ended without a result')
      return {
        id,
        object: 'chat.completion',
        created,
        model: body.model,
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: done.text, refusal: null },
            logprobs: null,
            finish_reason: finishReason(done.finish)
          }
        ],
        usage: usage(done.inputTokens, done.outputTokens),
        tilth: {
          ...paid(done, ask.private),
          ...(explanation === undefined ? {} : { explanation })
        }
      }
    })
  }
}

const usage = (input: number, output: number) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output
})

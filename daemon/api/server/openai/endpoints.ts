import type { FastifyInstance, FastifyRequest } from 'fastify'
import { InvalidError, TilthError, readAs } from '../../../../protocol/primitives/index.ts'
import { completionRequest, modelParam, modelsQuery, mostChoices, textCompletionRequest } from '../../contract/index.ts'
import type { ModelView } from '../../contract/index.ts'
import type { Caller } from '../guard.ts'
import { complete } from './complete.ts'
import { callingForm } from './calls.ts'
import { chatForm, textForm } from './forms.ts'
import { historyOf } from './history.ts'
import { questionsOf } from './question.ts'
import type { OpenAiSource } from './source.ts'
import { checkSupported } from './unsupported.ts'
import { isOffered, logprobsIn, wantedFields, wantedOf } from './wanted.ts'

/** A conversation of many turns, escaped as clients do. */
export const openAiBody = 4 << 20

/** In the older form it is the prompt that is too long. */
const ofPrompt = (error: unknown): unknown =>
  error instanceof TilthError && error.code === 'ask.long'
    ? new InvalidError('ask.long', error.message, {
        help: 'Give a shorter prompt.',
        details: { ...error.details, param: 'prompt' },
        cause: error
      })
    : error

const modelObject = ({ id, name, builder }: ModelView) => ({
  id: name,
  object: 'model',
  created: 0,
  owned_by: builder,
  tilth: { id }
})

/** The calls of the OpenAI API that are answered here, in its own forms, by the network. */
export function openAiEndpoints(
  source: OpenAiSource
): (server: FastifyInstance, callerOf: (request: FastifyRequest) => Caller) => void {
  return (server, callerOf) => {
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

    server.post('/v1/chat/completions', { bodyLimit: openAiBody }, async (request, reply) => {
      const body = readAs(completionRequest, request.body, 'request.invalid')
      checkSupported(body, wantedFields)
      const { form, messages } = wantedOf(body, historyOf(body.messages))
      const logprobs = logprobsIn(body)
      const model = await source.model(body.model)
      const wished = { ...body, max_tokens: body.max_completion_tokens ?? body.max_tokens }
      return complete(reply, source, callerOf(request), {
        kind: 'chatcmpl',
        form: isOffered(body) ? callingForm() : chatForm,
        named: body.model,
        model,
        questions: questionsOf(model.id, messages, wished, { form, logprobs }),
        stream: body.stream === true,
        withUsage: body.stream_options?.include_usage === true
      })
    })

    server.post('/v1/completions', { bodyLimit: openAiBody }, async (request, reply) => {
      const body = readAs(textCompletionRequest, request.body, 'request.invalid')
      checkSupported(body)
      const prompts = [body.prompt].flat()
      // [reject] So many answers at once: each is paid for.
      if (prompts.length * (body.n ?? 1) > mostChoices)
        throw new InvalidError('request.invalid', `n for each prompt makes more than ${mostChoices} answers`, {
          details: { param: 'n' }
        })
      const model = await source.model(body.model)
      const isList = Array.isArray(body.prompt)
      const questions = prompts.flatMap((content, i) =>
        questionsOf(model.id, [{ role: 'user', content }], body, {}, isList ? ['prompt', i] : ['prompt'])
      )
      return complete(reply, source, callerOf(request), {
        kind: 'cmpl',
        form: textForm,
        named: body.model,
        model,
        questions,
        stream: body.stream === true,
        withUsage: body.stream_options?.include_usage === true
      }).catch((error: unknown) => {
        throw ofPrompt(error)
      })
    })

    server.post('/v1/embeddings', async () => {
      // [reject] Nobody offers them on this network: said plainly, so that a client need not try again.
      throw new InvalidError('request.unsupported', 'embeddings are not offered on this network', {
        help: 'Models here answer /v1/chat/completions and /v1/completions.'
      })
    })
  }
}

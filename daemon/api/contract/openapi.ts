import { z } from 'zod'
import { flow, phases, rowOf } from '../../../protocol/flow.ts'
import * as asking from './asking.ts'
import * as channels from './channels.ts'
import * as keys from './keys.ts'
import * as names from './names.ts'
import * as openai from './openai.ts'
import { plainFields } from './json.ts'
import type { Json } from './json.ts'
import { routes } from './routes.ts'
import { nothing, pathParameters } from './route.ts'
import type { Route } from './route.ts'
import * as views from './views.ts'
import * as wallet from './wallet.ts'

type Schema = Record<string, unknown>
type Operation = Record<string, unknown>

/**
 * Schemas with a name of their own in the document: `statusView` is `StatusView` there. Parameters have none: the
 * document lists them one by one.
 */
const named = z.registry<{ id: string }>()
const isNamed = (name: string, schema: unknown): schema is z.ZodType =>
  [z.ZodObject, z.ZodDiscriminatedUnion, z.ZodRecord].some(kind => schema instanceof kind) &&
  !/(Param|Query)$/.test(name)
for (const [name, schema] of Object.entries({
  ...views,
  ...asking,
  ...wallet,
  ...channels,
  ...names,
  ...keys,
  ...openai
}))
  if (isNamed(name, schema)) named.add(schema, { id: `${name.charAt(0).toUpperCase()}${name.slice(1)}` })

/** A schema as JSON Schema 2020-12, as OpenAPI 3.1 has it. Those with a name go into `components`. */
function jsonSchema(schema: z.ZodType, io: 'input' | 'output', components: Record<string, Schema>): Schema {
  const { $schema: _, $defs, ...rest } = z.toJSONSchema(schema, { io, metadata: named, unrepresentable: 'any' })
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        // An object whose fields all have defaults need not be said; programs that generate clients stumble over it.
        .filter(([key, item]) => key !== 'default' || typeof item !== 'object')
        .map(([key, item]) => [
          key,
          key === '$ref' && typeof item === 'string'
            ? item.replace(/^#\/\$defs\//, '#/components/schemas/')
            : moved(item)
        ])
    )
  }
  for (const [name, definition] of Object.entries($defs ?? {})) components[name] = moved(definition) as Schema
  return moved(rest) as Schema
}

/** Parameters as OpenAPI has them: those of the path, then those of the query. */
function parametersOf(path: string, params: z.ZodType): unknown[] {
  const { properties = {}, required = [] } = jsonSchema(params, 'input', {}) as {
    properties?: Record<string, Schema>
    required?: string[]
  }
  const inPath = pathParameters(path)
  return Object.entries(properties)
    .map(([name, schema]) =>
      inPath.includes(name)
        ? { name, in: 'path', required: true, schema }
        : { name, in: 'query', required: required.includes(name), schema }
    )
    .sort((a, b) => (a.in === b.in ? 0 : a.in === 'path' ? -1 : 1))
}

/** What a status other than 200 means, whichever call it answers. */
const failures = {
  400: 'What was sent is wrong, or the network or the chain refuses it; `help` says what to do',
  401: "No bearer token and no session, or another daemon's",
  402: 'The answer may cost more than is allowed: nothing was asked',
  403: 'From a host or an origin that may not call this API, or by a key that may do other things only',
  404: 'What is asked for is not known here',
  413: 'The body is larger than this call takes',
  429: 'Too much at once: try again later',
  500: 'A fault of the daemon; its log says what',
  503: 'Not now: peers or the chain do not answer; the same call may work later'
} as const
type Failure = keyof typeof failures

const refer = (status: Failure): [number, unknown] => [status, { $ref: `#/components/responses/Failure${status}` }]

function responsesOf(
  { open, body, path }: { open: boolean; body: boolean; path: string },
  ok: Record<string, unknown>
): Record<string, unknown> {
  const possible: Failure[] = [
    400,
    ...(open ? [] : [401 as const]),
    ...(body ? [402 as const] : []),
    403,
    ...(pathParameters(path).length > 0 ? [404 as const] : []),
    ...(body ? [413 as const] : []),
    429,
    500,
    503
  ]
  return { 200: ok, ...Object.fromEntries(possible.map(refer)) }
}

/** Groups of the document: the node itself, the phases of the flow with what happens in each, and the OpenAI API. */
const tags = [
  { name: 'node', description: 'This daemon: who it is, how it stands, and its money' },
  ...phases.map(name => ({
    name,
    description: flow
      .filter(({ phase }) => phase === name)
      .map(({ stage, by, leaves }) => `${stage} (${by}): ${leaves}`)
      .join('; ')
  })),
  { name: 'openai', description: 'The network in the form of the OpenAI API' }
]

function operationOf(operationId: string, entry: Route, components: Record<string, Schema>): Operation {
  const media =
    entry.stream === true ? 'text/event-stream' : entry.file === true ? 'application/octet-stream' : 'application/json'
  const body = entry.method === 'POST' && entry.body !== nothing
  return {
    operationId,
    summary: entry.summary,
    tags: [entry.stage === 'node' ? 'node' : rowOf(entry.stage).phase],
    ...(entry.open === true ? { security: [] } : {}),
    parameters: parametersOf(entry.path, entry.params),
    ...(body
      ? {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: jsonSchema(entry.body, 'input', components) } }
          }
        }
      : {}),
    responses: responsesOf(
      { open: entry.open === true, body, path: entry.path },
      {
        description: entry.stream === true ? 'Events, each of this form' : 'OK',
        content: { [media]: { schema: jsonSchema(entry.reply, 'output', components) } }
      }
    )
  }
}

/** The calls under /v1, which have the forms of another API, and what is no JSON. */
function otherPaths(components: Record<string, Schema>): Record<string, Record<string, Operation>> {
  const json = (schema: z.ZodType): unknown => ({ schema: jsonSchema(schema, 'output', components) })
  const openAi = (
    [operationId, summary]: [string, string],
    { path, params = z.object({}), body = false }: { path: string; params?: z.ZodType; body?: boolean },
    ok: { description: string; content: Record<string, unknown> }
  ): Operation => ({
    operationId,
    summary,
    tags: ['openai'],
    externalDocs: { url: 'https://platform.openai.com/docs/api-reference' },
    parameters: parametersOf(path, params),
    responses: responsesOf({ open: false, body, path }, ok)
  })
  const answering = (
    named: [string, string],
    path: string,
    request: z.ZodType,
    description: string,
    { whole, part }: { whole: z.ZodType; part: z.ZodType }
  ): Operation => ({
    ...openAi(
      named,
      { path, body: true },
      { description, content: { 'application/json': json(whole), 'text/event-stream': json(part) } }
    ),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: jsonSchema(request, 'input', components) } }
    }
  })
  return {
    '/v1/models': {
      get: openAi(
        ['listOpenAiModels', 'Models offered on the network'],
        { path: '/v1/models', params: openai.modelsQuery },
        { description: 'OK', content: { 'application/json': json(openai.openAiModels) } }
      )
    },
    '/v1/models/{model}': {
      get: openAi(
        ['getOpenAiModel', 'One model, by name or id'],
        { path: '/v1/models/:model', params: openai.modelParam },
        { description: 'OK', content: { 'application/json': json(openai.openAiModel) } }
      )
    },
    '/v1/chat/completions': {
      post: answering(
        ['createChatCompletion', 'Chat over the network, paid as it comes'],
        '/v1/chat/completions',
        openai.completionRequest,
        'The answer, or with `stream` events of its parts and at last `[DONE]`',
        { whole: openai.completion, part: openai.completionChunk }
      )
    },
    '/v1/completions': {
      post: answering(
        ['createCompletion', 'The older form: each prompt is a question of its own'],
        '/v1/completions',
        openai.textCompletionRequest,
        'The answers, or with `stream` events of their parts and at last `[DONE]`',
        { whole: openai.textCompletion, part: openai.textCompletion }
      )
    },
    '/v1/embeddings': {
      post: openAi(
        ['createEmbedding', 'Refused: nobody offers embeddings on this network'],
        { path: '/v1/embeddings' },
        { description: 'Never', content: { 'application/json': { schema: {} } } }
      )
    },
    '/metrics': {
      get: {
        operationId: 'metrics',
        summary: 'Prometheus metrics',
        tags: ['node'],
        responses: responsesOf(
          { open: false, body: false, path: '/metrics' },
          { description: 'Text exposition format', content: { 'text/plain': { schema: { type: 'string' } } } }
        )
      }
    }
  }
}

/** The whole API as an OpenAPI 3.1 document: every call with its parameters, body, reply and failures. */
export function openApiDocument(version: string): Record<string, Json> {
  const schemas: Record<string, Schema> = {
    Error: {
      type: 'object',
      properties: {
        error: {
          type: 'object',
          properties: {
            code: { type: 'string', description: 'Stable: what programs go by' },
            message: { type: 'string' },
            help: { type: 'string', description: 'What to do about it' },
            type: { type: 'string', description: 'As in the OpenAI API' },
            param: { type: ['string', 'null'], description: 'Under /v1: the field that was sent' }
          },
          required: ['code', 'message', 'type']
        }
      },
      required: ['error']
    }
  }
  const paths: Record<string, Record<string, Operation>> = {}
  for (const [operationId, entry] of Object.entries(routes) as [string, Route][]) {
    const path = entry.path.replace(/:([a-z]+)/gi, '{$1}')
    paths[path] = { ...paths[path], [entry.method.toLowerCase()]: operationOf(operationId, entry, schemas) }
  }
  Object.assign(paths, otherPaths(schemas))
  const failed = (description: string): unknown => ({
    description,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
  })
  return plainFields({
    openapi: '3.1.0',
    info: {
      title: 'Tilth daemon',
      version,
      description: 'The local API of a Tilth node.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' }
    },
    servers: [{ url: '/', description: 'This daemon' }],
    tags,
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: "The text in api-token of the daemon's data folder" }
      },
      responses: Object.fromEntries(
        Object.entries(failures).map(([status, description]) => [`Failure${status}`, failed(description)])
      ),
      schemas
    }
  })
}

import { z } from 'zod'
import { flow, phases, rowOf } from '../../../protocol/flow.ts'
import { routes } from './routes.ts'
import { pathParameters } from './route.ts'
import type { Route } from './route.ts'

const jsonSchema = (schema: z.ZodType, io: 'input' | 'output'): unknown => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return rest
}

/** Parameters of a route as OpenAPI has them: those of its path, then those of its query. */
function parametersOf({ path, params }: Route): unknown[] {
  const { properties = {}, required = [] } = jsonSchema(params, 'input') as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  const inPath = pathParameters(path)
  return Object.entries(properties).map(([name, schema]) =>
    inPath.includes(name)
      ? { name, in: 'path', required: true, schema }
      : { name, in: 'query', required: required.includes(name), schema }
  )
}

/** Groups of the document: the phases of the flow with what happens in each, and the node itself. */
const tags = [
  { name: 'node', description: 'This daemon: who it is and how it stands' },
  ...phases.map(name => ({
    name,
    description: flow
      .filter(({ phase }) => phase === name)
      .map(({ stage, by, leaves }) => `${stage} (${by}): ${leaves}`)
      .join('; ')
  }))
]

/** The contract as an OpenAPI 3.1 document; the OpenAI-style endpoints refer to that API's own documentation. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [operationId, entry] of Object.entries(routes) as [string, Route][]) {
    const path = entry.path.replace(/:([a-z]+)/gi, '{$1}')
    const media = entry.stream === true ? 'text/event-stream' : 'application/json'
    paths[path] = {
      ...paths[path],
      [entry.method.toLowerCase()]: {
        operationId,
        summary: entry.summary,
        tags: [entry.stage === 'node' ? 'node' : rowOf(entry.stage).phase],
        ...(entry.open === true ? { security: [] } : {}),
        parameters: parametersOf(entry),
        ...(entry.method === 'POST'
          ? { requestBody: { content: { 'application/json': { schema: jsonSchema(entry.body, 'input') } } } }
          : {}),
        responses: {
          200: { description: 'OK', content: { [media]: { schema: jsonSchema(entry.reply, 'output') } } },
          default: {
            description: 'A coded error',
            content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } }
          }
        }
      }
    }
  }
  const openAi = (summary: string) => ({
    summary,
    tags: ['openai'],
    externalDocs: { url: 'https://platform.openai.com/docs/api-reference' },
    responses: { 200: { description: 'As in the OpenAI API' } }
  })
  paths['/v1/models'] = { get: openAi('Models offered on the network') }
  paths['/v1/models/{model}'] = { get: openAi('One model, by name or id') }
  paths['/v1/chat/completions'] = { post: openAi('Chat completion over the network, streaming included') }
  paths['/metrics'] = {
    get: { summary: 'Prometheus metrics', security: [], responses: { 200: { description: 'Text exposition format' } } }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tilth daemon', version, description: 'The local API of a Tilth node.' },
    tags,
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Error: {
          type: 'object',
          properties: {
            error: {
              type: 'object',
              properties: { code: { type: 'string' }, message: { type: 'string' }, help: { type: 'string' } },
              required: ['code', 'message']
            }
          },
          required: ['error']
        }
      }
    }
  }
}

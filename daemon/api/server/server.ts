import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TilthError, readAs } from '../../../protocol/primitives/index.ts'
import { openApiDocument, routes } from '../contract/index.ts'
import type { ParsedBodyOf, ParsedParamsOf, ReplyOf, Route, RouteName, Routes } from '../contract/index.ts'
import { errorReply } from './errors.ts'
import { createGuard } from './guard.ts'

type Input<R> = { params: ParsedParamsOf<R>; body: ParsedBodyOf<R>; signal: AbortSignal }
/** What a handler gives: the reply's input form, or for streaming routes a generator of replies. */
export type Handlers = {
  [N in Exclude<RouteName, 'openapi'>]: (
    input: Input<Routes[N]>
  ) => N extends StreamingRoute ? AsyncGenerator<ReplyOf<Routes[N]>> : Promise<ReplyOf<Routes[N]>>
}
type StreamingRoute = 'ask' | 'events'

export interface ApiServerOptions {
  host: string
  port: number
  token: string
  origins: readonly string[]
  version: string
  handlers: Handlers
  metrics(): Promise<{ contentType: string; text: string }>
  /** Adds the OpenAI-style endpoints, which have a form of their own. */
  extend?(server: FastifyInstance): void
  onError?(error: unknown, route: string): void
}

export interface ApiServer {
  readonly url: string
  stop(): Promise<void>
}

/**
 * Writes one event a value; ends the response when the generator does, and stops the generator when the client leaves.
 */
export async function sendEvents(
  reply: FastifyReply,
  values: AsyncIterable<unknown>,
  onError: (error: unknown) => unknown,
  last?: string
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    connection: 'keep-alive'
  })
  const write = async (text: string): Promise<void> => {
    if (!raw.write(text) && !raw.destroyed)
      await new Promise<void>(resolve => {
        raw.once('drain', resolve)
        raw.once('close', resolve)
      })
  }
  try {
    for await (const value of values) {
      if (raw.destroyed) break
      await write(`data: ${JSON.stringify(value)}\n\n`)
    }
    if (last !== undefined) await write(`data: ${last}\n\n`)
  } catch (error) {
    await write(`data: ${JSON.stringify(onError(error))}\n\n`)
  }
  raw.end()
}

/** Aborts when the caller hangs up before the answer is complete. */
export function signalOf(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort()
  })
  return controller.signal
}

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const guard = createGuard(options)
  const server = Fastify({ logger: false, bodyLimit: 64 << 10, requestTimeout: 120_000, forceCloseConnections: true })
  const open = new Set<string>([
    '/metrics',
    ...Object.values(routes as Record<string, Route>)
      .filter(entry => entry.open === true)
      .map(entry => entry.path)
  ])

  server.addHook('onRequest', async (request: FastifyRequest) => {
    guard.checkHost(request.headers.host)
    guard.checkOrigin(request.headers.origin)
    if (!open.has(request.routeOptions.url ?? '') && request.method !== 'OPTIONS')
      guard.checkToken(request.headers.authorization)
  })
  server.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
  })
  server.setErrorHandler((error, request, reply) => {
    const { status, body } = errorReply(error)
    if (status >= 500) options.onError?.(error, request.routeOptions.url ?? request.method)
    return reply.status(status).send(body)
  })
  server.setNotFoundHandler((_request, reply) =>
    reply.status(404).send({
      error: {
        code: 'route.unknown',
        message: 'there is no such call',
        help: 'See /openapi.json.',
        type: 'invalid_request_error'
      }
    })
  )

  const handlers: Record<string, (input: never) => unknown> = {
    ...options.handlers,
    openapi: async () => openApiDocument(options.version)
  }
  for (const [name, entry] of Object.entries(routes) as [string, Route][]) {
    const handler = handlers[name] as (input: { params: unknown; body: unknown; signal: AbortSignal }) => unknown
    server.route({
      method: entry.method,
      url: entry.path,
      bodyLimit: entry.maxBody ?? 64 << 10,
      async handler(request, reply) {
        const asked = { ...(request.query as object), ...(request.params as object) }
        const params = readAs(entry.params, asked, 'request.invalid')
        const body = readAs(entry.body, request.body ?? undefined, 'request.invalid')
        const result = handler({ params, body, signal: signalOf(reply) })
        if (entry.stream === true) {
          await sendEvents(reply, result as AsyncIterable<unknown>, error => ({
            kind: 'error',
            ...errorReply(error).body.error
          }))
          return reply
        }
        return reply.send(await result)
      }
    })
  }
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.metrics()
    return reply.type(contentType).send(text)
  })
  options.extend?.(server)

  try {
    const url = await server.listen({ host: options.host, port: options.port })
    return { url: url.replace('[::1]', 'localhost'), stop: () => server.close() }
  } catch (cause) {
    if ((cause as { code?: string }).code === 'EADDRINUSE') {
      throw new TilthError('api.port', `port ${options.port} of ${options.host} is in use`, {
        help: 'Stop what holds it, or choose another with --api-port (0 takes any free one).',
        consequence: 'fatal',
        cause
      })
    }
    throw cause
  }
}

import type { OutgoingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import Fastify from 'fastify'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NotFoundError, TilthError, anySignal, readAs } from '../../../protocol/primitives/index.ts'
import { routes, scopesFor, usualBody } from '../contract/index.ts'
import type { KeyScope, ParsedBodyOf, ParsedParamsOf, ReplyOf, Route, RouteName, Routes } from '../contract/index.ts'
import { isConsoleRoute, serveConsole } from './console/index.ts'
import { replyText } from './reply.ts'
import { errorReply } from './errors.ts'
import type { ErrorReply } from './errors.ts'
import { shareWith } from './cors.ts'
import { createGuard } from './guard.ts'
import type { ApiKeys, Caller } from './guard.ts'
import { helpFor, isOpenAi, openAiErrorReply } from './openai/errors.ts'
import type { OpenAiErrorReply } from './openai/errors.ts'
import { isOfThisMachine } from './keyless.ts'
import { ownHandlers } from './own.ts'
import type { OwnRoute } from './own.ts'
import { createSessions } from './sessions/index.ts'
import type { SessionFile } from './sessions/index.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Of a route beside the contract: of which a key needs one. */
    scopes?: readonly KeyScope[]
  }
}

/** `key`: of whoever called by one, its name. */
type Input<R> = { params: ParsedParamsOf<R>; body: ParsedBodyOf<R>; signal: AbortSignal; key?: string | undefined }
/** What a handler gives: the reply's input form, or for streaming routes a generator of replies. */
export type Handlers = {
  [N in Exclude<RouteName, OwnRoute>]: (
    input: Input<Routes[N]>
  ) => N extends StreamingRoute
    ? AsyncGenerator<ReplyOf<Routes[N]>>
    : N extends FileRoute
      ? Promise<FileReply>
      : Promise<ReplyOf<Routes[N]>>
}
type StreamingRoute = 'ask' | 'events' | 'testJob'
type FileRoute = 'backup' | 'exportRows'

/** A file as an answer; what fails on its way ends the connection, so that no part of it passes for the whole. */
export interface FileReply {
  readonly name: string
  readonly type: string
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface ApiServerOptions {
  host: string
  port: number
  token: string
  origins: readonly string[]
  version: string
  /** Where sessions of browsers outlive the process; without it they do not. */
  sessions?: SessionFile
  /** Keys that may do some things. */
  keys?: ApiKeys
  /** Its certificate and key, in PEM: without them what is said can be read on its way. */
  tls?: { readonly cert: string; readonly key: string }
  /** Names by which it is called, beside this machine's own. */
  names?: readonly string[]
  /** Programs of this machine read `/metrics` without a key. */
  openMetrics?: boolean
  handlers: Handlers
  /** Where the web console may be built, if not beside the sources. */
  consoleFolders?: readonly string[]
  /** An RPC that its pages may ask themselves. */
  consoleRpc?: string | undefined
  /** What the page that is a peer itself is told of the network. */
  pageNetwork?: () => unknown
  metrics(): Promise<{ contentType: string; text: string }>
  /** Adds the OpenAI-style endpoints, which have a form of their own. */
  extend?(server: FastifyInstance, callerOf: (request: FastifyRequest) => Caller): void
  onError?(error: unknown, route: string): void
}

export interface ApiServer {
  readonly url: string
  stop(): Promise<void>
}

/** Of every answer: it is what it says it is, and nobody else's page or cache gets it. */
export const safeHeaders = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store'
} as const

/**
 * Writes one event a value, as `text` has it; ends the response when the generator does, and stops the generator when
 * the client leaves.
 */
export async function sendEvents(
  reply: FastifyReply,
  values: AsyncIterable<unknown>,
  onError: (error: unknown) => unknown,
  last?: string,
  text: (value: unknown) => string = JSON.stringify
): Promise<void> {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    ...(reply.getHeaders() as OutgoingHttpHeaders),
    ...safeHeaders,
    'content-type': 'text/event-stream; charset=utf-8',
    connection: 'keep-alive'
  })
  const write = async (line: string): Promise<void> => {
    if (raw.write(line) || raw.destroyed) return
    await new Promise<void>(resolve => {
      const goOn = (): void => {
        raw.off('drain', goOn).off('close', goOn) // a reader that is slow for hours leaves none behind
        resolve()
      }
      raw.once('drain', goOn).once('close', goOn)
    })
  }
  try {
    for await (const value of values) {
      if (raw.destroyed) break
      await write(`${idLine(value)}data: ${text(value)}\n\n`)
    }
    if (last !== undefined) await write(`data: ${last}\n\n`)
  } catch (error) {
    await write(`data: ${JSON.stringify(onError(error))}\n\n`)
  }
  raw.end()
}

/** Of a value with an id, by which its reader goes on later. */
const idLine = (value: unknown): string => {
  const id = (value as { id?: unknown } | null)?.id
  return typeof id === 'string' && /^[\w.-]{1,100}$/.test(id) ? `id: ${id}\n` : ''
}

/** Aborts when the caller hangs up before the answer is complete; at once where it has hung up already. */
export function signalOf({ raw }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const left = (): void => {
    if (!raw.writableFinished) controller.abort()
  }
  if (raw.destroyed) left()
  else raw.once('close', left)
  return controller.signal
}

/** Milliseconds in which a request has to be there, its body included. */
export const requestMs = 120_000

/** The path that was asked for, as far as it is repeated to whoever asked. */
const pathOf = (url: string): string => url.replace(/\?.*$/s, '').slice(0, 100)

/** A failure as whoever asked there expects it. */
const replyFor = (url: string, error: unknown): ErrorReply | OpenAiErrorReply =>
  isOpenAi(url) ? openAiErrorReply(error) : errorReply(error)

export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { token } = options
  const sessions = await createSessions({
    token,
    ...(options.sessions === undefined ? {} : { file: options.sessions })
  })
  const { tls, names = [] } = options
  const scheme = tls === undefined ? 'http' : 'https'
  const guard = createGuard({ token, origins: options.origins, sessions, keys: options.keys, scheme, names })
  const callers = new WeakMap<FastifyRequest, Caller>()
  const callerOf = (request: FastifyRequest): Caller => callers.get(request) ?? {}
  const server = Fastify({
    ...(tls === undefined ? {} : { https: tls }),
    logger: false,
    bodyLimit: usualBody,
    requestTimeout: requestMs,
    forceCloseConnections: true,
    // Some clients send a model's name as it is, with its slashes.
    rewriteUrl: ({ url = '/' }) => {
      const [, prefix = '', name = '', query = ''] = /^(\/v1\/models\/)([^?]+)(.*)$/.exec(url) ?? []
      return name.includes('/') ? `${prefix}${name.replaceAll('/', '%2F')}${query}` : url
    },
    // A model's name may be as long as a name can be, escaped.
    routerOptions: { maxParamLength: 1_000 },
    // What no route is even looked for: these answer by themselves, in another shape.
    frameworkErrors: (error, request, reply) => {
      const { status, body } = replyFor(request.url, error)
      void (reply as FastifyReply).status(status).send(body)
    }
  })
  // Clients let go of an idle connection a second before they are told it ends; on a busy machine that second passes
  // unseen, and what is asked then is lost.
  server.server.keepAliveTimeoutBuffer = 30_000
  const open = new Set<string>(
    Object.values(routes as Record<string, Route>)
      .filter(entry => entry.open === true)
      .map(entry => entry.path)
  )

  const scopes = new Map<string, readonly KeyScope[]>([
    ...(Object.keys(routes) as RouteName[]).map((name): [string, readonly KeyScope[]] => [
      `${routes[name].method} ${routes[name].path}`,
      scopesFor(name)
    ]),
    ['GET /metrics', ['read']]
  ])
  const scopesOf = ({ method, url, routeOptions }: FastifyRequest): readonly KeyScope[] => {
    const route = routeOptions.url ?? ''
    if (isOpenAi(route === '' ? url : route)) return ['ask']
    return routeOptions.config.scopes ?? scopes.get(`${method} ${route}`) ?? []
  }
  const streams = new Set(
    Object.values(routes as Record<string, Route>)
      .filter(entry => entry.stream === true)
      .map(entry => entry.path)
  )

  server.addHook('onRequest', async (request: FastifyRequest, reply: FastifyReply) => {
    const url = request.routeOptions.url ?? ''
    guard.checkHost(request.headers.host)
    guard.checkOrigin({ headers: request.headers, port: request.socket.localPort })
    if (shareWith(request, reply, guard)) return
    // [reject] They tell of money and peers, and no proxy has to say that it is one: a key is asked for, unless its
    // owner has said that there is none.
    if (
      url === '/metrics' &&
      options.openMetrics === true &&
      isOfThisMachine(request.headers, request.socket.remoteAddress)
    )
      return
    if (open.has(url) || isConsoleRoute(request) || request.method === 'OPTIONS') return
    const caller = guard.checkIdentity({
      headers: request.headers,
      port: request.socket.localPort,
      scopes: scopesOf(request),
      weighty: (request.method !== 'GET' && request.method !== 'HEAD') || streams.has(url)
    })
    callers.set(request, caller)
  })
  server.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(safeHeaders)) if (!reply.hasHeader(name)) reply.header(name, value)
  })
  server.setErrorHandler((error, request, reply) => {
    const { status, body } = replyFor(request.url, error)
    if (status >= 500) options.onError?.(error, request.routeOptions.url ?? request.method)
    return reply.status(status).send(body)
  })
  server.setNotFoundHandler((request, reply) => {
    const what = isOpenAi(request.url) ? `${request.method} ${pathOf(request.url)}` : 'such call'
    const unknown = new NotFoundError('route.unknown', `there is no ${what}`, { help: helpFor(pathOf(request.url)) })
    const { status, body } = replyFor(request.url, unknown)
    return reply.status(status).send(body)
  })

  const own: Record<string, unknown> = ownHandlers({ version: options.version, sessions, guard, scheme })
  for (const [name, entry] of Object.entries(routes) as [string, Route][]) {
    const handler = (own[name] ?? options.handlers[name as keyof Handlers]) as (
      input: { params: unknown; body: unknown; signal: AbortSignal; key: string | undefined },
      request: FastifyRequest,
      reply: FastifyReply
    ) => unknown
    server.route({
      method: entry.method,
      url: entry.path,
      bodyLimit: entry.maxBody ?? usualBody,
      async handler(request, reply) {
        const last = entry.resumable === true ? request.headers['last-event-id'] : undefined
        const asked = {
          ...(request.query as object),
          ...(request.params as object),
          ...(last === undefined ? {} : { after: last })
        }
        const params = readAs(entry.params, asked, 'request.invalid')
        const body = readAs(entry.body, request.body ?? undefined, 'request.invalid')
        const { over, key } = callerOf(request)
        const left = signalOf(reply)
        const signal = over === undefined ? left : anySignal([left, over])
        const result = handler({ params, body, signal, key }, request, reply)
        if (entry.stream === true) {
          const told = (error: unknown): unknown => {
            const { status, body: said } = errorReply(error)
            if (status >= 500) options.onError?.(error, entry.path)
            return { kind: 'error', ...said.error }
          }
          await sendEvents(reply, result as AsyncIterable<unknown>, told, undefined, value => replyText(entry, value))
          return reply
        }
        if (entry.file === true) {
          const { name, type, bytes } = (await result) as FileReply
          return reply
            .type(type)
            .header('content-disposition', `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`)
            .send(Readable.from(bytes, { objectMode: false }))
        }
        return reply.type('application/json; charset=utf-8').send(replyText(entry, await result))
      }
    })
  }
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await options.metrics()
    return reply.type(contentType).send(text)
  })
  options.extend?.(server, callerOf)
  serveConsole(server, {
    folders: options.consoleFolders,
    rpc: options.consoleRpc,
    network: options.pageNetwork
  })

  try {
    const url = new URL(await server.listen({ host: options.host, port: options.port }))
    // As it calls itself: a certificate is for a name.
    if (tls !== undefined && names[0] !== undefined) url.hostname = names[0]
    return { url: url.origin.replace('[::1]', 'localhost'), stop: () => server.close() }
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

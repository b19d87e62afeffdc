import type { FastifyReply, FastifyRequest } from 'fastify'
import { openApiDocument } from '../contract/index.ts'
import type { ParsedBodyOf, ReplyOf, Routes } from '../contract/index.ts'
import type { Guard, Scheme } from './guard.ts'
import { sessionCookie, sessionsIn } from './sessions/index.ts'
import type { Sessions } from './sessions/index.ts'

/** Calls that are about the server itself and its callers' browsers, and need no node. */
export type OwnRoute = 'openapi' | 'createSession' | 'startSession' | 'endSession'

export type OwnHandlers = {
  [N in OwnRoute]: (
    input: { body: ParsedBodyOf<Routes[N]> },
    request: FastifyRequest,
    reply: FastifyReply
  ) => Promise<ReplyOf<Routes[N]>>
}

/** Where a browser finds this server: at the host and port that it was asked at. */
const originOf = ({ headers, socket }: FastifyRequest, scheme: Scheme): string =>
  `${scheme}://${headers.host ?? `127.0.0.1:${socket.localPort}`}`

export function ownHandlers(options: {
  version: string
  sessions: Sessions
  guard: Guard
  scheme: Scheme
}): OwnHandlers {
  const { version, sessions, guard, scheme } = options
  const isSecure = scheme === 'https'
  const port = (request: FastifyRequest): number | undefined => request.socket.localPort
  const before = (request: FastifyRequest): string[] => sessionsIn(request.headers.cookie, port(request))
  /** Made when it is asked for first: it takes some 50 ms. */
  let document: ReturnType<typeof openApiDocument> | undefined
  return {
    openapi: async () => (document ??= openApiDocument(version)),
    async createSession({ body: { seconds } }, request) {
      const { token, until } = sessions.issue(seconds)
      return { url: `${originOf(request, scheme)}/#token=${token}`, token, until }
    },
    async startSession({ body: { token } }, request, reply) {
      // A page of another origin has nothing to sign in here; a program that names no page may.
      guard.checkOwnPage({ headers: request.headers, port: port(request), weighty: false })
      const { id, until } = await sessions.exchange(token, before(request))
      const seconds = Math.round((until - Date.now()) / 1000)
      reply.header('set-cookie', sessionCookie(port(request), id, { seconds, isSecure }))
      return { until }
    },
    async endSession(_input, request, reply) {
      await sessions.end(before(request))
      reply.header('set-cookie', sessionCookie(port(request), '', { seconds: 0, isSecure }))
      return {}
    }
  }
}

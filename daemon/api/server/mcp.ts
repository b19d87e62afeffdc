import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { createApiClient, keyScopes } from '../contract/index.ts'
import { hostInUrl, isAnyHost } from './host.ts'
import { signalOf } from './server.ts'

/** Ten thousand rows. */
const mostBytes = 16 << 20

const headersOf = ({ headers }: FastifyRequest): Headers =>
  new Headers(
    Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one): [string, string] => [name, one]))
  )

/** Where this server is found from its own machine, by a name that it answers to. @param host where it listens */
function addressOf({ socket: { localAddress = '', localPort } }: FastifyRequest, host: string): string {
  const own = !isAnyHost(host) ? hostInUrl(host) : localAddress === '::1' ? '[::1]' : '127.0.0.1'
  return `http://${own}:${localPort}`
}

/**
 * The same tools as `tilth mcp` gives, by Streamable HTTP: each call of a tool is a call of this API with the caller's
 * own token, so that it may what the token may. Nothing is kept between two requests.
 * @param host where the server listens
 */
export function mcpEndpoint(server: FastifyInstance, version: string, host: string): void {
  const serve = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const [, token] = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '') ?? []
    // [reject] A page's session is for the pages.
    if (token === undefined)
      throw new InvalidError('auth.missing', 'agents send a bearer token', {
        help: 'Send `Authorization: Bearer KEY`, with a key of `tilth keys add`, or the token of api-token.'
      })
    // Only who serves agents loads what it takes.
    const [{ createMcpHandler }, { createMcpServer }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('../../mcp/index.ts')
    ])
    const base = addressOf(request, host)
    const handler = createMcpHandler(() => createMcpServer(createApiClient(base, token), version))
    const asked = new Request(new URL('/mcp', base), {
      method: request.method,
      headers: headersOf(request),
      signal: signalOf(reply)
    })
    const { status, headers, body } = await handler.fetch(asked, { parsedBody: request.body })
    for (const [name, value] of headers) reply.header(name, value)
    return reply.status(status).send(body === null ? undefined : Readable.fromWeb(body as WebStream))
  }
  server.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    bodyLimit: mostBytes,
    config: { scopes: keyScopes },
    handler: serve
  })
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import { notAllowed } from './guard.ts'
import type { Guard } from './guard.ts'

/** What a page may send: names of headers as browsers ask for them. */
const headerNames = /^[\w!#$%&'*+.^`|~-]+(\s*,\s*[\w!#$%&'*+.^`|~-]+)*$/
const mostNames = 2_000
/** A browser asks anew after so long. */
const preflightSeconds = 600

/**
 * Lets pages of allowed origins read answers: by the very origin, never by `*`, and never with what a browser sends by
 * itself, since a page of another origin has the bearer token or nothing.
 * @returns whether it was a preflight, which is answered by that and asks nobody for a token
 * @throws InvalidError `auth.origin` for a preflight of an origin that may not read answers
 */
export function shareWith(request: FastifyRequest, reply: FastifyReply, guard: Pick<Guard, 'mayRead'>): boolean {
  const { headers, socket, method } = request
  const { origin } = headers
  if (origin === undefined) return false
  reply.header('vary', 'Origin')
  const isPreflight = method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
  if (!guard.mayRead({ headers, port: socket.localPort })) {
    // [reject] What such a page would send is not wanted, whatever it is.
    if (isPreflight) throw notAllowed(`pages of ${origin.slice(0, 100)}`)
    return false
  }
  reply.header('access-control-allow-origin', origin)
  if (!isPreflight) return false
  const wanted = headers['access-control-request-headers'] ?? ''
  reply
    .header('access-control-allow-methods', 'GET, POST')
    .header('access-control-max-age', preflightSeconds)
    .header('vary', 'Origin, Access-Control-Request-Headers')
  if (wanted.length <= mostNames && headerNames.test(wanted)) reply.header('access-control-allow-headers', wanted)
  // A page of the internet asks a browser's owner before it calls a machine of one's own.
  if (headers['access-control-request-private-network'] === 'true')
    reply.header('access-control-allow-private-network', 'true')
  void reply.status(204).send()
  return true
}

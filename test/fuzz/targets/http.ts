import type { FastifyInstance } from 'fastify'
import fc from 'fast-check'
import { completionRequest, routes, textCompletionRequest } from '../../../daemon/api/contract/index.ts'
import type { Route } from '../../../daemon/api/contract/index.ts'
import { openAiEndpoints, startApiServer } from '../../../daemon/api/server/index.ts'
import type { Handlers } from '../../../daemon/api/server/index.ts'
import { InvalidError, NotFoundError, foreignCode } from '../../../protocol/primitives/index.ts'
import { target } from '../kit/target.ts'
import type { Target } from '../kit/target.ts'
import { validOf } from '../kit/valid.ts'
import { wrongBytes } from '../kit/wrong-bytes.ts'
import { wrongJson } from '../kit/wrong-json.ts'
import { bytesOf } from './wire.ts'

// What comes to the daemon's HTTP API: parameters and bodies of every route with something wrong in them, by a caller
// who has the token, and headers that are wrong. Handlers are this test's, so that what is refused is refused by the
// server itself.

const token = 'a-token-of-this-test'
let server: FastifyInstance | undefined
const failures: unknown[] = []

async function begin(): Promise<() => Promise<void>> {
  const refuse = async (): Promise<never> => {
    throw new InvalidError(foreignCode('test.handler'), 'this came through')
  }
  const started = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    token,
    origins: [],
    version: '0.0.0',
    handlers: Object.fromEntries(Object.keys(routes).map(name => [name, refuse])) as unknown as Handlers,
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
    extend(fastify, callerOf) {
      server = fastify
      openAiEndpoints({
        models: refuse,
        model: async name => {
          throw new NotFoundError('model.unknown', `no model ${name}`)
        },
        async *ask() {
          yield* []
        }
      })(fastify, callerOf)
    },
    onError: error => failures.push(error)
  })
  return () => started.stop()
}

interface Call {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly params: unknown
  readonly body?: Uint8Array | undefined
  readonly headers?: Record<string, string>
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))

/** The address with its parameters: those that stand in the path, the others behind it. */
function addressOf({ path, params }: Call): string {
  const given = typeof params === 'object' && params !== null && !Array.isArray(params) ? Object.entries(params) : []
  const query = given.filter(([name]) => !path.includes(`:${name}`))
  const named = path.replaceAll(/:([a-z]+)/gi, (_, name: string) =>
    encodeURIComponent(textOf(given.find(([key]) => key === name)?.[1] ?? 'x').toWellFormed())
  )
  const rest = query.map(([name, value]) =>
    [name, textOf(value)].map(text => encodeURIComponent(text.toWellFormed())).join('=')
  )
  return rest.length === 0 ? named : `${named}?${rest.join('&')}`
}

/** A call as the server sees it. @throws what came back that should not */
async function called(call: Call): Promise<void> {
  failures.length = 0
  const reply = await server?.inject({
    method: call.method,
    url: addressOf(call),
    headers: {
      host: '127.0.0.1',
      authorization: `Bearer ${token}`,
      ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...call.headers
    },
    ...(call.body === undefined ? {} : { payload: Buffer.from(call.body) })
  })
  if (reply === undefined) throw new Error('no server')
  if (failures.length > 0 || reply.statusCode >= 500) {
    const why = failures.map(error => (error instanceof Error ? error.stack : String(error))).join('\n')
    throw new Error(`it answered ${reply.statusCode}: ${reply.body.slice(0, 300)}\n${why}`)
  }
  if (reply.statusCode >= 400 && !/"code":"[a-z0-9_.-]+"/.test(reply.body))
    throw new Error(`it answered ${reply.statusCode} without a code: ${reply.body.slice(0, 300)}`)
}

const calling = (name: string, method: 'GET' | 'POST', path: string, cases: fc.Arbitrary<Call>): Target =>
  target({
    name: `${name} (${method} ${path})`,
    cases: cases.map(input => ({ isGood: true, input })),
    begin,
    read: called,
    weight: 8
  })

/** Parameters that a person could type, and such as nobody would. */
const callsOf = ({ method, path, params, body }: Pick<Route, 'method' | 'path' | 'params' | 'body'>) => {
  const [asked, given] = [validOf(params), method === 'POST' ? validOf(body) : undefined]
  const whole = given?.map(bytesOf)
  const sent =
    given === undefined || whole === undefined
      ? fc.constant(undefined)
      : fc.oneof({ arbitrary: wrongJson(given).map(bytesOf), weight: 4 }, { arbitrary: wrongBytes(whole), weight: 1 })
  return fc.oneof(
    fc.record({ method: fc.constant(method), path: fc.constant(path), params: wrongJson(asked), body: whole ?? sent }),
    fc.record({ method: fc.constant(method), path: fc.constant(path), params: asked, body: sent })
  )
}

/** Streams answer before their handler has said anything; they are tried by the routes that ask (`/v1`). */
const plain = (Object.entries(routes) as [string, Route][]).filter(([, { stream }]) => stream !== true)

const headers = fc.dictionary(
  fc.constantFrom('host', 'origin', 'authorization', 'cookie', 'content-type', 'content-length', 'last-event-id'),
  fc.oneof(
    fc.string({ maxLength: 60 }).map(text => text.replaceAll(/[^\t\x20-\x7e]/g, '')),
    fc.constantFrom('127.0.0.1', 'null', 'http://127.0.0.1', `Bearer ${token}`, 'Bearer ', 'text/plain', '-1', '1e9')
  ),
  { maxKeys: 3 }
)

export const httpTargets: readonly Target[] = [
  ...plain.map(([name, route]) => calling(name, route.method, route.path, callsOf(route))),
  ...(
    [
      ['/v1/chat/completions', completionRequest],
      ['/v1/completions', textCompletionRequest]
    ] as const
  ).map(([path, body]) =>
    calling('asking', 'POST', path, callsOf({ method: 'POST', path, params: routes.health.params, body }))
  ),
  calling(
    'any headers',
    'POST',
    '/api/models',
    headers.map(some => ({
      method: 'POST' as const,
      path: '/api/models',
      params: {},
      body: new TextEncoder().encode('{}'),
      headers: some
    }))
  )
]

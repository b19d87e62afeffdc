import {
  InvalidError,
  NotFoundError,
  RefusedError,
  TilthError,
  anySignal,
  everyItem,
  foreignCode,
  readAs,
  refusalsOf
} from '../../../protocol/primitives/index.ts'
import type { PageRequest } from '../../../protocol/primitives/index.ts'
import { patience as usualPatience, watchAnswering } from './answering.ts'
import type { Patience } from './answering.ts'
import { routes } from './routes.ts'
import type { RouteName, Routes } from './routes.ts'
import { pathParameters } from './route.ts'
import type { BodyOf, ItemOf, ParamsOf, ReplyOf, Route } from './route.ts'

/** `keepalive`: what a page says as it goes arrives after it has gone (64 KiB at most). */
type Argument<R> = { params?: ParamsOf<R>; body?: BodyOf<R>; signal?: AbortSignal; keepalive?: boolean }

/** Routes whose reply is a page of a list. */
export type ListName = { [N in RouteName]: ItemOf<Routes[N]> extends never ? never : N }[RouteName]

export interface ApiClient {
  call<N extends RouteName>(name: N, argument?: Argument<Routes[N]>): Promise<ReplyOf<Routes[N]>>
  /** Every item of a list, page after page. */
  all<N extends ListName>(
    name: N,
    argument?: Omit<Argument<Routes[N]>, 'params'> & { params?: Omit<ParamsOf<Routes[N]>, keyof PageRequest> }
  ): AsyncGenerator<ItemOf<Routes[N]>>
  stream<N extends RouteName>(name: N, argument?: Argument<Routes[N]>): AsyncGenerator<ReplyOf<Routes[N]>>
  /** The bytes of a file, as they come. */
  download<N extends RouteName>(name: N, argument?: Argument<Routes[N]>): AsyncGenerator<Uint8Array>
}

async function failure(response: Response): Promise<TilthError> {
  const text = await response.text()
  let code = `http.${response.status}`
  let message = text.slice(0, 200)
  let help: string | undefined
  try {
    const parsed = JSON.parse(text) as { error?: { code?: string; message?: string; help?: string } }
    code = parsed.error?.code ?? code
    message = parsed.error?.message ?? message
    help = parsed.error?.help
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause // not our server's form: keep the text
  }
  const options = help === undefined ? {} : { help }
  return response.status === 404
    ? new NotFoundError(foreignCode(code), message, options)
    : response.status < 500
      ? new InvalidError(foreignCode(code), message, options)
      : new TilthError(foreignCode(code), message, options)
}

/** Why no answer came, in words: nobody is there, or somebody was. */
function unanswered(base: string, cause: unknown): TilthError {
  const codes: string[] = []
  for (let at = cause, depth = 0; at instanceof Error && depth < 6; at = at.cause, depth++)
    if ('code' in at && typeof at.code === 'string') codes.push(at.code)
  if (codes.some(code => code === 'ECONNRESET' || code === 'EPIPE' || code === 'UND_ERR_SOCKET'))
    return new TilthError('api.broken', `the daemon at ${base} ended the connection before it answered`, {
      help: 'It may be stopping, or what was sent is more than it takes; its log says which.',
      cause
    })
  return new TilthError('api.unreachable', `no daemon answers at ${base}`, {
    help: 'Start one with `tilth daemon` or `tilth up`, or name another with --api.',
    cause
  })
}

/** Undefined for what is no JSON: whoever reads it refuses that by its schema. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

/** [reject] What a daemon answers is what its contract says; one of another version may know another. */
function replyOf(entry: Route, base: string, text: string): unknown {
  const value = jsonOf(text)
  const reply = entry.reply.safeParse(value)
  if (reply.success) return reply.data
  throw new TilthError('api.reply', `what the daemon at ${base} answers is not what this version of tilth reads`, {
    help: 'Use the command line that came with the daemon: `tilth status` and `tilth --version` say which is which.',
    cause: new RefusedError('api.reply', refusalsOf(entry.reply, value, reply.error))
  })
}

type Asked = { params?: unknown; body?: unknown; signal?: AbortSignal; keepalive?: boolean }

/**
 * A typed client of the daemon's API, for the command line, the console and tests. What is asked is checked before it
 * is sent, so that a mistake is told by its field; replies are checked against the contract. Without a token it is a
 * page that the daemon itself served: its session's cookie says who asks.
 */
export function createApiClient(
  base: string,
  token: string | undefined,
  patience: Patience = usualPatience
): ApiClient {
  /** Sends, and reads the answer, for as long as the daemon shows that it lives. */
  async function answered<T>(entry: Route, argument: Asked, read: (response: Response) => Promise<T>): Promise<T> {
    const watch = watchAnswering(base, entry.method === 'GET', patience)
    const signal = anySignal([watch.signal, ...(argument.signal === undefined ? [] : [argument.signal])])
    try {
      return await read(await send(entry, argument, signal))
    } catch (error) {
      if (watch.signal.aborted) throw watch.signal.reason
      throw error
    } finally {
      watch.end()
    }
  }
  /** An answer that comes in pieces, for as long as the daemon shows that it lives. */
  async function* piecewise<T>(
    entry: Route,
    argument: Asked,
    read: (response: Response) => AsyncGenerator<T>
  ): AsyncGenerator<T> {
    const watch = watchAnswering(base, false, patience)
    const signal = anySignal([watch.signal, ...(argument.signal === undefined ? [] : [argument.signal])])
    try {
      yield* read(await send(entry, argument, signal))
    } catch (error) {
      if (watch.signal.aborted) throw watch.signal.reason
      throw error
    } finally {
      watch.end()
    }
  }
  async function send(entry: Route, argument: Asked, signal: AbortSignal): Promise<Response> {
    readAs(entry.params, argument.params ?? {}, 'request.invalid')
    readAs(entry.body, argument.body, 'request.invalid')
    const values = (argument.params ?? {}) as Record<string, string | number | undefined>
    const inPath = pathParameters(entry.path)
    const text = (name: string): string => String(values[name] ?? '')
    const url = new URL(
      entry.path.replace(/:([a-z]+)/gi, (_, name: string) => encodeURIComponent(text(name))),
      base
    )
    for (const name of Object.keys(values))
      if (!inPath.includes(name) && values[name] !== undefined) url.searchParams.set(name, text(name))
    let response: Response
    try {
      response = await fetch(url, {
        method: entry.method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(entry.method === 'POST' ? { 'content-type': 'application/json' } : {})
        },
        ...(entry.method === 'POST' ? { body: JSON.stringify(argument.body ?? {}) } : {}),
        keepalive: argument.keepalive === true,
        signal
      })
    } catch (cause) {
      if (signal.aborted) throw cause
      throw unanswered(base, cause)
    }
    if (!response.ok) throw await failure(response)
    return response
  }
  async function call(name: RouteName, argument: Asked = {}) {
    const entry = routes[name] as Route
    return answered(entry, argument, async response => replyOf(entry, base, await response.text()) as never)
  }
  return {
    call,
    all: (name, argument = {}) =>
      everyItem(page => call(name, { ...argument, params: { ...(argument.params as object | undefined), ...page } })),
    async *stream(name, argument = {}) {
      const entry = routes[name] as Route
      yield* piecewise(entry, argument, async function* read(response) {
        for await (const data of eventsOf(response)) yield replyOf(entry, base, data) as never
      })
    },
    async *download(name, argument = {}) {
      yield* piecewise(routes[name] as Route, argument, async function* read(response) {
        yield* response.body ?? []
      })
    }
  }
}

/** The data of each event of a stream. */
async function* eventsOf(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    rest += chunk
    const events = rest.split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = event
        .split('\n')
        .filter(line => line.startsWith('data: '))
        .map(line => line.slice(6))
        .join('\n')
      if (data !== '') yield data
    }
  }
}

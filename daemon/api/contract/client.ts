import { InvalidError, NotFoundError, TilthError, everyItem, foreignCode } from '../../../protocol/primitives/index.ts'
import type { PageRequest } from '../../../protocol/primitives/index.ts'
import { routes } from './routes.ts'
import type { RouteName, Routes } from './routes.ts'
import { pathParameters } from './route.ts'
import type { BodyOf, ItemOf, ParamsOf, ReplyOf, Route } from './route.ts'

type Argument<R> = { params?: ParamsOf<R>; body?: BodyOf<R>; signal?: AbortSignal }

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

/**
 * A typed client of the daemon's API, for the command line, the console and tests. Replies are checked against the
 * contract.
 */
export function createApiClient(base: string, token: string): ApiClient {
  async function send(
    entry: Route,
    argument: { params?: unknown; body?: unknown; signal?: AbortSignal }
  ): Promise<Response> {
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
          authorization: `Bearer ${token}`,
          ...(entry.method === 'POST' ? { 'content-type': 'application/json' } : {})
        },
        ...(entry.method === 'POST' ? { body: JSON.stringify(argument.body ?? {}) } : {}),
        ...(argument.signal === undefined ? {} : { signal: argument.signal })
      })
    } catch (cause) {
      if (argument.signal?.aborted === true) throw cause
      throw new TilthError('api.unreachable', `no daemon answers at ${base}`, {
        help: 'Start one with `tilth daemon` or `tilth up`, or name another with --api.',
        cause
      })
    }
    if (!response.ok) throw await failure(response)
    return response
  }
  async function call(name: RouteName, argument: { params?: unknown; body?: unknown; signal?: AbortSignal } = {}) {
    const entry = routes[name] as Route
    const response = await send(entry, argument)
    return entry.reply.parse(await response.json()) as never
  }
  return {
    call,
    all: (name, argument = {}) =>
      everyItem(page => call(name, { ...argument, params: { ...(argument.params as object | undefined), ...page } })),
    async *stream(name, argument = {}) {
      const entry = routes[name] as Route
      const response = await send(entry, argument)
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
          if (data !== '') yield entry.reply.parse(JSON.parse(data)) as never
        }
      }
    }
  }
}

import { routes } from '../../../daemon/api/contract/index.ts'
import type { RouteName } from '../../../daemon/api/contract/index.ts'
import { eventHandlers } from '../../../daemon/api/handlers/events.ts'
import { startApiServer } from '../../../daemon/api/server/index.ts'
import type { Handlers } from '../../../daemon/api/server/index.ts'
import type { NodeEvents } from '../../../node/node.ts'
import { createEvents, silentLog } from '../../../node/runtime/index.ts'
import type { Events } from '../../../node/runtime/index.ts'
import { createApiClient } from '../../../daemon/api/contract/index.ts'
import { world } from './world.ts'

const token = 'a-token-of-this-test'

/** A daemon of the test's own making, with more of something than a network has in a minute. */
export interface Imitation {
  readonly url: string
  readonly events: Events<NodeEvents>
  /** Calls that pages made. */
  readonly calls: RouteName[]
  signIn(): Promise<string>
  stop(): Promise<void>
}

/** The console and the API as they are; what is not answered here, the host's real daemon answers. */
export async function imitate(
  answers: Partial<Handlers>,
  { consoleRpc }: { consoleRpc?: string } = {}
): Promise<Imitation> {
  const { api } = world().network.daemon('host')
  const events = createEvents<NodeEvents>(silentLog)
  const calls: RouteName[] = []
  // What was read once is answered at once: it is the page that is looked at, not the daemon behind.
  const read = new Map<string, Promise<unknown>>()
  const handlers = Object.fromEntries(
    (Object.keys(routes) as RouteName[]).map(name => [
      name,
      (input: { params: never; body: never }): unknown => {
        calls.push(name)
        const own = (answers as Record<string, ((input: unknown) => unknown) | undefined>)[name]
        if (own !== undefined) return own(input)
        const { params, body } = input
        if (routes[name].method === 'POST') return api.call(name, { params, body })
        const key = `${name} ${JSON.stringify(params)}`
        const known = read.get(key) ?? api.call(name, { params })
        read.set(key, known)
        return known
      }
    ])
  ) as unknown as Handlers
  const server = await startApiServer({
    host: '127.0.0.1',
    port: 0,
    token,
    origins: [],
    consoleRpc,
    version: '0.0.0',
    handlers: { ...handlers, ...eventHandlers({ events }) },
    metrics: async () => ({ contentType: 'text/plain', text: '' })
  })
  return {
    url: server.url,
    events,
    calls,
    signIn: async () => (await createApiClient(server.url, token).call('createSession', { body: {} })).url,
    stop: () => server.stop()
  }
}

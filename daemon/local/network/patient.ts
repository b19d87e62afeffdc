import { setTimeout as sleep } from 'node:timers/promises'
import { TilthError, everyItem } from '../../../protocol/primitives/index.ts'
import { createApiClient, routes } from '../../api/contract/index.ts'
import type { ApiClient, Route, RouteName } from '../../api/contract/index.ts'

/** How long a daemon of the local network that is being started again is waited for. */
const waitMs = 90_000
const everyMs = 250

/** Whether a call can be made again: one that only asks, or that never arrived since nobody listened. */
function again(name: RouteName, error: unknown): boolean {
  const asksOnly = (routes[name] as Route).method === 'GET'
  // The body of an answer that broke off.
  if (!(error instanceof TilthError)) return asksOnly && error instanceof TypeError
  // A busy machine may leave a daemon without a turn for a while.
  return error.code === 'api.unreachable' || (asksOnly && (error.code === 'api.broken' || error.code === 'api.hung'))
}

/** A client that outlives its daemon's end: it asks again until the next one answers. */
export function patientClient(url: string, token: string): ApiClient {
  const client = createApiClient(url, token)
  const call: ApiClient['call'] = async (name, argument) => {
    const deadline = Date.now() + waitMs
    for (;;) {
      try {
        return await client.call(name, argument)
      } catch (error) {
        if (!again(name, error) || Date.now() > deadline) throw error
        await sleep(everyMs)
      }
    }
  }
  return {
    ...client,
    call,
    all: (name, argument = {}) =>
      everyItem(page => {
        const params = { ...(argument.params as object | undefined), ...page }
        return call(name, { ...argument, params } as never) as Promise<never>
      })
  }
}

import { NotFoundError, anySignal } from '../../../protocol/primitives/index.ts'
import type { Clock } from '../../runtime/types.ts'
import { createBackend } from './backend.ts'
import type { BackendDeps } from './backend.ts'
import type { BackendOptions, Backends } from './types.ts'

export type * from './types.ts'
export { backendKinds } from './types.ts'

/** How often a server is looked at while nobody asks it. */
const lookMs = 15_000

/** The servers of a node's owner, each for a base model. */
export function createBackends(
  servers: readonly BackendOptions[],
  deps: BackendDeps & { readonly clock: Clock }
): Backends {
  const all = servers.map(options => createBackend(options, deps))
  const life = new AbortController()
  const stops = all.map(backend =>
    deps.clock.every(
      lookMs,
      () => backend.look(life.signal),
      error => deps.log.debug('a server is away', { backend: backend.options.name, error })
    )
  )
  const holds = (base: string) => all.find(({ options }) => options.base === base)
  return {
    has: base => holds(base) !== undefined,
    async open(model, signal) {
      const backend = holds(model.base.cid)
      if (backend === undefined) throw new NotFoundError('backend-model', 'no server is named for this base')
      return backend.open(model, signal === undefined ? life.signal : anySignal([signal, life.signal]))
    },
    status: () => all.map(backend => backend.status()),
    async check(name) {
      const backend = all.find(({ options }) => options.name === name)
      if (backend === undefined)
        throw new NotFoundError('backend-model', `there is no server ${name.slice(0, 80)}`, {
          help: 'See `tilth backend list`.'
        })
      await backend.check(life.signal)
      return backend.status()
    },
    stop() {
      life.abort(new NotFoundError('engine-closed', 'the node is stopping'))
      for (const stop of stops) stop()
    }
  }
}

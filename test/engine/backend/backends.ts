import { createBackends } from '../../../node/engine/backend/index.ts'
import type { BackendOptions, Backends } from '../../../node/engine/backend/index.ts'
import type { Engine } from '../../../node/engine/types.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { logOf } from '../../harness/log.ts'

/** A node's servers: one of them, as its owner has named it. */
export function backendsAt(
  url: string,
  engine: Engine,
  options: Partial<BackendOptions> = {},
  log = logOf('rack')
): Backends {
  return createBackends(
    [
      {
        name: 'rack',
        url,
        kind: 'auto',
        base: 'bafy-base',
        names: {},
        concurrency: 8,
        silenceMs: 20_000,
        tolerance: 0.2,
        key: async () => undefined,
        ...options
      }
    ],
    { own: engine, clock: systemClock, log }
  )
}

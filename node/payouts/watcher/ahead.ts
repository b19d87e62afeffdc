import type { Hex } from '../../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import type { Models } from '../models.ts'
import type { Weigher } from '../scorer/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Models that may wait, and that are remembered as measured or tried. */
const mostModels = 256
/** One that could not be measured is tried again with a receipt that comes so much later. */
const againMs = 600_000

/**
 * A window is too short to begin measuring in it: a validator measures a model on held-out questions once somebody has
 * paid for its answers. One at a time; whatever goes wrong is met again in the check.
 */
export function createAhead(
  { log, clock, metrics, roles }: Pick<PayoutsDeps, 'log' | 'clock' | 'metrics' | 'roles'>,
  models: Pick<Models, 'poolOf'>,
  weigher: Pick<Weigher, 'heldOut' | 'sample'>,
  hasVoice: (pool: Hex) => Promise<boolean>
): { heard(model: Hex): void; stop(): void } {
  const tried = createCache<Hex, true>({ max: mostModels, forMs: againMs, clock })
  const queue = createQueue({ name: 'held-out values', bound: mostModels, concurrency: 1, metrics })

  let stopped = false

  async function measure(model: Hex): Promise<void> {
    if (stopped) return
    const pool = await models.poolOf(model)
    if (pool === undefined || !(await hasVoice(pool))) return
    const began = clock.now()
    await (roles.scorer ? weigher.heldOut(model) : weigher.sample(model))
    const seconds = Math.round((clock.now() - began) / 1000)
    log.info("a model's held-out values are measured", { model, seconds })
  }

  return {
    heard(model) {
      if (tried.get(model) !== undefined) return
      tried.set(model, true)
      queue
        .run('all', () => measure(model))
        .catch((error: unknown) => {
          if (stopped) return
          log.info("a model's held-out values could not be measured ahead", { model, error })
        })
    },
    stop() {
      stopped = true // what waits is let go; what is being measured is kept if it ends in time
    }
  }
}

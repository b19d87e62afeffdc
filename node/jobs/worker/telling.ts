import type { DeclineReport } from '../../../protocol/jobs/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { anySignal } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { DeclinedError } from './declines.ts'

/** Jobs of which is remembered what their builder was told. */
const remembered = 1024
const patienceMs = 10_000

/** Tells a job's builder why this worker does not bid, once for each reason: so it need not guess. */
export function createTelling(
  { streams, log }: Pick<JobsDeps, 'streams' | 'log'>,
  stopping: AbortSignal
): (job: Hex, builder: Address, declined: DeclinedError) => void {
  const told = createCache<Hex, string>({ max: remembered })

  async function tell(builder: Address, report: DeclineReport): Promise<void> {
    const signal = anySignal([stopping, AbortSignal.timeout(patienceMs)])
    const stream = await streams.open(builder, '/tilth/jobs/decline/1', { signal })
    try {
      const { price, ...rest } = report
      await stream.send(price === undefined ? rest : { ...rest, price: price.toString() })
      await stream.end()
    } catch (error) {
      await stream.fail(error)
      throw error
    }
  }

  return (job, builder, { why: code, estimate }) => {
    if (told.get(job) === code) return
    told.set(job, code)
    tell(builder, { job, code, ...estimate }).catch((error: unknown) => {
      log.debug('a builder was not told why its job is not bid for', { job, error })
    })
  }
}

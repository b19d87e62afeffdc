import type { DeliveryContent } from '../../../protocol/jobs/index.ts'
import { InvalidError, LimitError } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept, keptStates } from '../kept.ts'
import { maxStateBytes, mostStateBytes } from '../limits.ts'

/** The builder's copies of what its workers have committed to: it answers for a model whose states are gone. */
export interface BuilderStates {
  /**
   * Fetches all of a delivery's, which stay for its auditors. What was fetched before costs nothing.
   * @param name of the lot, in the order in which lots end
   * @throws InvalidError `delivery.states` where no auditor could take them · NotFoundError `files.unavailable`
   */
  fetch(
    name: string,
    content: Pick<DeliveryContent, 'states'>,
    from: { readonly worker: Address; readonly signal: AbortSignal }
  ): Promise<void>
}

export function createBuilderStates(deps: Pick<JobsDeps, 'files' | 'store' | 'clock'>): BuilderStates {
  const kept = createKept(deps, deps.store.collection('jobs/builder/states', keptStates))
  return {
    async fetch(name, { states = [] }, { worker, signal }) {
      const cids = [...new Set(states.flat())]
      if (cids.length === 0) return
      await kept.sweep()
      await kept.keep(name, cids)
      let left = mostStateBytes
      for (const cid of cids) {
        const ask = { maxBytes: Math.min(maxStateBytes, left), providers: [worker], signal }
        try {
          left -= (await deps.files.fetchBytes(cid, ask)).byteLength
        } catch (error) {
          // [reject] They are no larger than an auditor takes, and together than a worker writes.
          const isOver = error instanceof LimitError && error.code === 'files.too-large'
          const isNone = error instanceof InvalidError && error.code.startsWith('files.')
          if (!isOver && !isNone) throw error
          throw new InvalidError('delivery.states', `a committed state is none that can be taken: ${error.message}`)
        }
      }
    }
  }
}

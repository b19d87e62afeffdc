import type { DeliveryContent } from '../../../protocol/jobs/index.ts'
import { InvalidError, LimitError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept, keptStates } from '../kept.ts'
import type { Kept } from '../kept.ts'
import { maxStateBytes, mostStateBytes } from '../limits.ts'

/** The builder's copies of what its workers have committed to: it answers for a model whose states are gone. */
export interface BuilderStates extends Pick<Kept, 'sweep' | 'hasRoom'> {
  /**
   * Fetches all of a delivery's, which stay for its auditors. What was fetched before costs nothing.
   * @param name of the lot, in the order in which lots end
   * @throws InvalidError `delivery.states` where no auditor could take them · NotFoundError `files.unavailable`
   */
  fetch(
    name: string,
    content: Pick<DeliveryContent, 'states'>,
    from: { readonly worker: Address; readonly audit: Hex; readonly signal: AbortSignal }
  ): Promise<void>
}

export function createBuilderStates(
  deps: Pick<JobsDeps, 'store' | 'statesBytes'> & {
    readonly clock: Pick<JobsDeps['clock'], 'now'>
    readonly files: Pick<JobsDeps['files'], 'fetchBytes' | 'unpin'>
    readonly chain: { readonly ledger: Pick<JobsDeps['chain']['ledger'], 'audit'> }
  }
): BuilderStates {
  const kept = createKept(deps, deps.store.collection('jobs/builder/states', keptStates))
  return {
    sweep: () => kept.sweep(),
    hasRoom: () => kept.hasRoom(),
    async fetch(name, { states = [] }, { worker, audit, signal }) {
      const cids = [...new Set(states.flat())]
      if (cids.length === 0) return
      await kept.keep(name, { cids, bytes: 0, audit })
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
      await kept.keep(name, { cids, bytes: mostStateBytes - left, audit })
      await kept.sweep()
    }
  }
}

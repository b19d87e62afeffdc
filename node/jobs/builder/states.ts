import type { DeliveryContent } from '../../../protocol/jobs/index.ts'
import { InvalidError, LimitError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { JobsDeps } from '../deps.ts'
import { createKept, keptStates } from '../kept.ts'
import type { Kept } from '../kept.ts'
import { maxStateBytes, mostStateBytes } from '../limits.ts'

/** What was fetched is counted, while more comes, each time that it has grown by so much. */
const notedBytes = 2 ** 26
/**
 * States that are fetched at the same time where the first one shows that they are small, as those of one lot are all
 * alike: most of it is waiting.
 */
const together = { atOnce: 4, mostBytes: 2 ** 25 } as const

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
    from: { readonly worker: Address; readonly audit: Hex; readonly deadline: bigint; readonly signal: AbortSignal }
  ): Promise<void>
}

export function createBuilderStates(
  deps: Pick<JobsDeps, 'store' | 'statesBytes'> & {
    readonly clock: Pick<JobsDeps['clock'], 'now'>
    readonly files: Pick<JobsDeps['files'], 'fetchBytes' | 'unpin'>
    readonly chain: { readonly ledger: Pick<JobsDeps['chain']['ledger'], 'audit' | 'head'> }
  }
): BuilderStates {
  const kept = createKept(deps, deps.store.collection('jobs/builder/states', keptStates))
  return {
    sweep: () => kept.sweep(),
    hasRoom: coming => kept.hasRoom(coming),
    async fetch(name, { states = [] }, { worker, audit, deadline, signal }) {
      const cids = [...new Set(states.flat())]
      if (cids.length === 0) return
      const note = (bytes: number): Promise<void> => kept.keep(name, { cids, bytes, audit, deadline })
      await note(0)
      let [left, noted, first] = [mostStateBytes, mostStateBytes, maxStateBytes]
      for (let at = 0; at < cids.length;) {
        const some = cids.slice(at, at + (first <= together.mostBytes ? together.atOnce : 1))
        at += some.length
        // [reject] None of a lot is more than twice as large as its first.
        const maxBytes = Math.min(maxStateBytes, Math.floor(left / some.length), 2 * first)
        const ask = { maxBytes, providers: [worker], signal }
        const came = await Promise.allSettled(some.map(async cid => (await deps.files.fetchBytes(cid, ask)).byteLength))
        for (const one of came) {
          if (one.status === 'fulfilled') {
            left -= one.value
            if (at === 1) first = one.value
            continue
          }
          const error: unknown = one.reason
          // [reject] They are no larger than an auditor takes, and together than a worker writes.
          const isOver = error instanceof LimitError && error.code === 'files.too-large'
          const isNone = error instanceof InvalidError && error.code.startsWith('files.')
          if (!isOver && !isNone) throw error
          await kept.drop(name)
          throw new InvalidError('delivery.states', `a committed state is none that can be taken: ${error.message}`)
        }
        // What is here already takes room while the rest comes.
        if (noted - left < notedBytes) continue
        noted = left
        await note(mostStateBytes - left)
      }
      await note(mostStateBytes - left)
      await kept.sweep()
    }
  }
}

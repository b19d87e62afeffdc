import { LimitError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { DatanetOnChain } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import { createBuckets } from '../../transport/limits/quota.ts'
import type { DataDeps } from '../deps.ts'

/** A Datanet that is not on chain may be there a few blocks later: so long "no" is believed. */
const unknownForMs = 15_000
const unknownsKept = 4096
/** Lookups that one peer's messages may cause: a busy day brings a few Datanets, an inventor of them thousands. */
const perPeer = { perSecond: 0.5, burst: 32 }
/** Lookups under way for all peers. */
const atOnce = 16

/**
 * Finds a Datanet on chain for a message about it, before anything is locked. One call for each Datanet however many
 * bring it; "no" is remembered for a while.
 */
export function createLookup({ chain, clock }: Pick<DataDeps, 'chain' | 'clock'>): {
  /**
   * @param from the peer that brought it, whose quota it costs; undefined for this node's own
   * @throws NotFoundError `datanet.unknown` · LimitError `datanet.lookups` · ChainError
   */
  find(id: Hex, from?: string): Promise<DatanetOnChain>
} {
  const unknown = createCache<Hex, true>({ max: unknownsKept, forMs: unknownForMs, clock })
  const underWay = new Map<Hex, Promise<DatanetOnChain | undefined>>()
  const quota = createBuckets(perPeer, clock)

  async function lookUp(id: Hex, from: string | undefined): Promise<DatanetOnChain | undefined> {
    const running = underWay.get(id)
    if (running !== undefined) return running
    // [ignore] A peer may have so many looked up: what it makes up costs it what it brings later.
    if (from !== undefined && (underWay.size >= atOnce || !quota(from).take()))
      throw new LimitError('datanet.lookups', 'too many Datanets are to be looked up on chain', {
        consequence: 'ignore'
      })
    const asking = chain.datanets.datanet(id).finally(() => {
      underWay.delete(id)
    })
    underWay.set(id, asking)
    return asking
  }

  return {
    async find(id, from) {
      const known = await chain.ledger.datanet(id)
      if (known !== undefined) return known
      const found = from !== undefined && unknown.get(id) === true ? undefined : await lookUp(id, from)
      // [ignore] It counts once it is on chain.
      if (found === undefined) {
        unknown.set(id, true)
        throw new NotFoundError('datanet.unknown', 'this Datanet is not on chain')
      }
      unknown.delete(id)
      return found
    }
  }
}

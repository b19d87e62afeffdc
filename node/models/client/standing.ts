import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { FoundOutRecord, StandingRecord } from '../../chain/types.ts'
import type { Parts } from '../deps.ts'
import type { FoundOutAt, Stands } from './workers.ts'

/**
 * Whether a worker has put stake behind its answers by a model, and has enough of it still for what can be taken: of a
 * model of no Datanet nobody is drawn who could take anything.
 */
export function createStands({ ledger, serving }: Pick<Parts['chain'], 'ledger' | 'serving'>): Stands {
  return async ({ datanet }, worker) => {
    if (datanet === zeroHash || (await ledger.standing(datanet, worker))?.until !== null) return false
    return (await ledger.node(worker)).staked >= (await serving.penalty())
  }
}

/** By which answers a worker was found out last; it stays told once it stands there again. */
export const lastFoundOut = ({ foundOut, lostBefore }: StandingRecord): FoundOutRecord | null => foundOut ?? lostBefore

/** By which answers drawn scorers of a pool have found a worker out last, whether it stood there or not. */
export async function foundOutBy(
  ledger: Pick<Parts['chain']['ledger'], 'standing'>,
  pool: Hex,
  worker: Address
): Promise<FoundOutRecord | null> {
  const known = pool === zeroHash ? undefined : await ledger.standing(pool, worker)
  return known === undefined ? null : lastFoundOut(known)
}

/** When that was. */
export const createFoundOutAt =
  ({ ledger }: Pick<Parts['chain'], 'ledger'>): FoundOutAt =>
  async ({ datanet }, worker) =>
    (await foundOutBy(ledger, datanet, worker))?.time

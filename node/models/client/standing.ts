import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Parts } from '../deps.ts'
import type { Stands } from './workers.ts'

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

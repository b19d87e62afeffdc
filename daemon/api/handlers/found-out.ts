import { foundOutBy } from '../../../node/models/index.ts'
import { foundOutSeconds } from '../../../protocol/models/index.ts'
import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Node } from '../../../node/node.ts'
import type { OfferView } from '../contract/index.ts'

/** Milliseconds since 1970: when scorers found it out, and until when clients pass it over. */
export const timesOf = ({ time }: { readonly time: bigint }): { at: number; passedOverUntil: number } => ({
  at: Number(time) * 1000,
  passedOverUntil: Number(time + foundOutSeconds) * 1000
})

/** Offers of a model with what drawn scorers of its Datanet's pool have found of their workers, while it counts. */
export async function withFoundOut<T extends { readonly worker: string }>(
  { ledger }: Pick<Node['chain'], 'ledger'>,
  datanet: string,
  offers: readonly T[]
): Promise<(T & Pick<OfferView, 'foundOut'>)[]> {
  if (datanet === zeroHash) return [...offers]
  return Promise.all(
    offers.map(async offer => {
      const found = await foundOutBy(ledger, datanet as Hex, offer.worker as Address)
      if (found === null || timesOf(found).passedOverUntil <= Date.now()) return offer
      return { ...offer, foundOut: { model: found.model, epoch: found.epoch, ...timesOf(found) } }
    })
  )
}

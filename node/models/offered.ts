import { everyModelOver } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import type { OfferBoard, SignedOffer } from './offers.ts'
import type { OfferView } from './types.ts'

/** What is offered for a model: by its name, and by workers that serve every model over its base. */
export function createOffered(
  board: Pick<OfferBoard, 'list'>,
  offerView: (offer: SignedOffer) => OfferView
): {
  of(model: Pick<ModelRecord, 'id' | 'base'>): OfferView[]
} {
  return {
    of({ id, base }) {
      const own = board.list(id).map(offerView)
      const by = new Set(own.map(({ worker }) => worker))
      const whole = board.list(everyModelOver(base)).map(offer => ({ ...offerView(offer), model: id }))
      return [...own, ...whole.filter(({ worker }) => !by.has(worker))]
    }
  }
}

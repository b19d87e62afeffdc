import { everyModelOver } from '../../protocol/models/index.ts'
import type { ModelRecord } from '../../protocol/models/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { createCache } from '../runtime/index.ts'
import type { OfferBoard, SignedOffer } from './offers.ts'
import type { OfferView } from './types.ts'

/** Bases whose names are remembered. */
const mostNames = 64

/** What is offered for a model: by its name, and by workers that serve every model over its base. */
export function createOffered(
  board: Pick<OfferBoard, 'list'>,
  offerView: (offer: SignedOffer) => OfferView
): {
  of(model: Pick<ModelRecord, 'id' | 'base'>): OfferView[]
} {
  /** Lists of models ask for one base thousands of times. */
  const names = createCache<string, Hex>({ max: mostNames })
  function nameOf(base: string): Hex {
    const name = names.get(base) ?? everyModelOver(base)
    names.set(base, name)
    return name
  }
  return {
    of({ id, base }) {
      const own = board.list(id).map(offerView)
      const by = new Set(own.map(({ worker }) => worker))
      const whole = board.list(nameOf(base)).map(offer => ({ ...offerView(offer), model: id, all: true as const }))
      return [...own, ...whole.filter(({ worker }) => !by.has(worker))]
    }
  }
}

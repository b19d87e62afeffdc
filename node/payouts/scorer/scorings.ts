import { z } from 'zod'
import { requireSigner } from '../../../protocol/crypto/index.ts'
import { attributionHash, entitled, keptScorings, scoringDocument } from '../../../protocol/payouts/index.ts'
import type { Scored, ScoringDocument } from '../../../protocol/payouts/index.ts'
import { amount, InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Stakes } from '../stakes.ts'

const entrySchema = z.strictObject({ stake: amount, document: scoringDocument })

interface Place {
  readonly scorer: Address
  readonly stake: bigint
}
const better = (a: Place, b: Place): number =>
  a.stake > b.stake ? -1 : a.stake < b.stake ? 1 : a.scorer < b.scorer ? -1 : 1

/** What scorers said of receipts that are known here: of each the few with most at stake. On disk before it counts. */
export interface Scorings {
  start(): Promise<void>
  /**
   * Checks and keeps one.
   * @returns whether it was new
   * @throws InvalidError `scoring.*`, `signature.mismatch` · NotFoundError `scoring.receipt`
   */
  take(document: ScoringDocument): Promise<boolean>
  count(receipt: Hex): number
  has(receipt: Hex, scorer: Address): boolean
  /** Best first. */
  of(receipt: Hex): Promise<ScoringDocument[]>
  /** The receipt is settled: its epoch's bundle has what counted. */
  forget(receipt: Hex): Promise<void>
}

/** What a bundle keeps of a scoring. */
export const scoredBy = ({ statement, attribution }: ScoringDocument): Scored => ({
  scorer: statement.message.scorer,
  signature: statement.signature,
  utilities: attribution.utilities
})

export function createScorings(
  { store, network }: Pick<PayoutsDeps, 'store' | 'network'>,
  receipts: { get(id: Hex): CosignedReceipt | undefined; settled(id: Hex): boolean },
  models: Models,
  stakes: Stakes
): Scorings {
  const table = store.collection('payouts/scorings', entrySchema)
  /** Who has scored, best first: as many receipts as wait for their epoch, of each at most `keptScorings`. */
  const places = new Map<Hex, Place[]>()
  const key = (receipt: Hex, scorer: Address): string => `${receipt}/${scorer}`
  const put = (receipt: Hex, place: Place): Place | undefined => {
    const all = [...(places.get(receipt) ?? []), place].sort(better)
    places.set(receipt, all.slice(0, keptScorings))
    return all[keptScorings]
  }

  return {
    async start() {
      places.clear()
      for await (const [, { stake, document }] of table.entries()) {
        const { receipt, scorer } = document.statement.message
        put(receipt, { scorer, stake })
      }
    },
    async take(document) {
      const { receipt: id, scorer, attribution: hash } = document.statement.message
      // [reject] It is signed by its scorer, and encloses what it signed for.
      requireSigner(network, document.statement, scorer)
      if (attributionHash(document.attribution) !== hash)
        throw new InvalidError('scoring.attribution', 'the scoring encloses other weights than it is signed for')
      // [ignore] It is about a receipt that is known here, and in no epoch yet.
      const receipt = receipts.get(id)
      if (receipt === undefined || receipts.settled(id))
        throw new NotFoundError('scoring.receipt', `the receipt ${id} that was scored is not known here, or settled`)
      const ignore = (code: 'scoring.model' | 'scoring.scorer' | 'scoring.many', message: string): never => {
        throw new InvalidError(code, message, { consequence: 'ignore' })
      }
      // [ignore] It weighs the receipt's model.
      const { model } = receipt.receipt.message
      if (document.attribution.model !== model) ignore('scoring.model', 'the scoring is by another model')
      if (places.get(id)?.some(place => place.scorer === scorer)) return false
      // [ignore] Its scorer may weigh it: has something at stake, and no part in it.
      const { builder } = await models.registered(model)
      const stake = await stakes.of(scorer)
      const why = entitled(receipt, scorer, { bonded: await stakes.bonded(scorer), builder })
      if (why !== undefined) ignore('scoring.scorer', `the scorer may not weigh this answer: ${why}`)
      // [ignore] Of many those count who have most to lose.
      const last = places.get(id)?.[keptScorings - 1]
      if (last !== undefined && better(last, { scorer, stake }) < 0)
        ignore('scoring.many', 'enough scorers with more at stake have weighed this answer')
      await table.put(key(id, scorer), { stake, document })
      const gone = put(id, { scorer, stake })
      if (gone !== undefined) await table.delete(key(id, gone.scorer))
      return true
    },
    count: id => places.get(id)?.length ?? 0,
    has: (id, scorer) => places.get(id)?.some(place => place.scorer === scorer) ?? false,
    async of(id) {
      const found = await Promise.all((places.get(id) ?? []).map(({ scorer }) => table.get(key(id, scorer))))
      return found.flatMap(entry => entry?.document ?? [])
    },
    async forget(id) {
      for (const { scorer } of places.get(id) ?? []) await table.delete(key(id, scorer))
      places.delete(id)
    }
  }
}

import { requireSigner } from '../../../protocol/crypto/index.ts'
import { attributionHash, entitled, foundBy, keptScorings } from '../../../protocol/payouts/index.ts'
import type { Scored, ScoringDocument } from '../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Stakes } from '../stakes.ts'

/** Scorings that wait to be looked at: as many as handlers bring at once. */
const maxTaking = 4096

interface Place {
  readonly scorer: Address
  readonly stake: bigint
}
const better = (a: Place, b: Place): number =>
  a.stake > b.stake ? -1 : a.stake < b.stake ? 1 : a.scorer < b.scorer ? -1 : 1

/** What scorers said of receipts that are known here: of each the few with most at stake. On disk before it counts. */
export interface Scorings {
  /**
   * Checks and keeps one.
   * @returns whether it was new
   * @throws InvalidError `scoring.*`, `signature.mismatch` · NotFoundError `scoring.receipt`
   */
  take(document: ScoringDocument): Promise<boolean>
  count(receipt: Hex): Promise<number>
  has(receipt: Hex, scorer: Address): Promise<boolean>
  /** Best first. */
  of(receipt: Hex): Promise<readonly ScoringDocument[]>
}

/** What a bundle keeps of a scoring. */
export const scoredBy = ({ statement, attribution }: ScoringDocument): Scored => ({
  scorer: statement.message.scorer,
  signature: statement.signature,
  utilities: attribution.utilities,
  candidates: attribution.candidates
})

export function createScorings(
  { network, metrics }: Pick<PayoutsDeps, 'network' | 'metrics'>,
  receipts: Pick<ReceiptStore, 'get' | 'scorers' | 'scorings' | 'putScoring'>,
  models: Models,
  stakes: Stakes
): Scorings {
  /** Of one receipt one after another: each looks at who has scored before. */
  const taking = createQueue({ name: 'scorings', bound: maxTaking, concurrency: 16, metrics })

  async function take(document: ScoringDocument): Promise<boolean> {
    const { receipt: id, scorer } = document.statement.message
    const entry = await receipts.get(id)
    // [ignore] It is about a receipt that is known here, and in no epoch yet.
    if (entry === undefined || entry.state.name === 'settled' || entry.state.name === 'over')
      throw new NotFoundError('scoring.receipt', `the receipt ${id} that was scored is not known here, or settled`)
    const ignore = (code: 'scoring.model' | 'scoring.scorer' | 'scoring.many', message: string): never => {
      throw new InvalidError(code, message, { consequence: 'ignore' })
    }
    // [ignore] It weighs the receipt's model.
    const { model } = entry.receipt.receipt.message
    if (document.attribution.model !== model) ignore('scoring.model', 'the scoring is by another model')
    const before = (await receipts.scorers(id)).toSorted(better)
    if (before.some(place => place.scorer === scorer)) return false
    // [ignore] Its scorer may weigh it: has something at stake, and no part in it.
    const { builder } = await models.registered(model)
    const stake = await stakes.of(scorer)
    const why = entitled(entry.receipt, scorer, { bonded: await stakes.bonded(scorer), builder })
    if (why !== undefined) ignore('scoring.scorer', `the scorer may not weigh this answer: ${why}`)
    // [ignore] Of many those count who have most to lose.
    const last = before[keptScorings - 1]
    if (last !== undefined && better(last, { scorer, stake }) < 0)
      ignore('scoring.many', 'enough scorers with more at stake have weighed this answer')
    const others = (await receipts.scorings(id)).filter(one => one.statement.message.scorer !== last?.scorer)
    const agreed = foundBy([...others, document].map(({ attribution }) => attribution))?.settled === true
    return receipts.putScoring(id, { stake, document }, { agreed, gone: last?.scorer })
  }

  return {
    async take(document) {
      const { receipt, scorer, attribution: hash } = document.statement.message
      // [reject] It is signed by its scorer, and encloses what it signed for.
      requireSigner(network, document.statement, scorer)
      if (attributionHash(document.attribution) !== hash)
        throw new InvalidError('scoring.attribution', 'the scoring encloses other weights than it is signed for')
      return taking.run(receipt, () => take(document))
    },
    count: async id => (await receipts.scorers(id)).length,
    has: async (id, scorer) => (await receipts.scorers(id)).some(place => place.scorer === scorer),
    of: id => receipts.scorings(id)
  }
}

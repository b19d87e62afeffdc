import { requireSigner } from '../../../protocol/crypto/index.ts'
import { attributionHash, foundBy, isCommitted, isDrawn, measuredIn, placeIn } from '../../../protocol/payouts/index.ts'
import type { Scored, ScoringDocument } from '../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import type { ReceiptStore } from '../receipts/index.ts'
import type { OpenRound, Rounds } from '../rounds/index.ts'
import type { PayoutsDeps } from '../types.ts'

/** Scorings that wait to be looked at: as many as handlers bring at once. */
const maxTaking = 4096

/** Words whose coming is remembered. */
const mostRemembered = 16_384

/**
 * What scorers said of receipts that are known here: those whom chance has drawn for them, once all have committed. On
 * disk before it counts.
 */
export interface Scorings {
  /**
   * Checks and keeps one.
   * @returns whether it was new
   * @throws InvalidError `scoring.*`, `signature.mismatch` · NotFoundError `scoring.receipt`
   */
  take(document: ScoringDocument): Promise<boolean>
  /** Whether a word is still to come on the answer at a place: of one that was drawn for it and has committed. */
  lacks(open: OpenRound, at: number): Promise<boolean>
  /** Who of a receipt's scorers was heard before a moment (chain seconds) while this process runs. */
  heardBefore(receipt: Hex, scorer: Address, moment: bigint): boolean
  of(receipt: Hex): Promise<readonly ScoringDocument[]>
}

/** What a bundle keeps of a scoring. */
export const scoredBy = ({ statement, attribution, path }: ScoringDocument): Scored => ({
  scorer: statement.message.scorer,
  signature: statement.signature,
  path,
  ...measuredIn(attribution)
})

export function createScorings(
  { network, metrics }: Pick<PayoutsDeps, 'network' | 'metrics'>,
  receipts: Pick<ReceiptStore, 'get' | 'scorings' | 'putScoring'>,
  rounds: Pick<Rounds, 'recent'>,
  now: () => bigint
): Scorings {
  /** Of one receipt one after another: each looks at who has scored before. */
  const heard = createCache<string, bigint>({ max: mostRemembered })
  const taking = createQueue({ name: 'scorings', bound: maxTaking, concurrency: 16, metrics })

  /** Whether a word is one on this draw: an earlier one came to nothing, and so did what was said on it. */
  const isOn = (
    { assigned, round: { drawn } }: Pick<OpenRound, 'assigned' | 'round'>,
    at: number,
    { statement: { message }, path }: ScoringDocument
  ): boolean =>
    isDrawn(assigned, at, message.scorer) &&
    isCommitted({ ...message, path }, placeIn(assigned, at, message.scorer, drawn.commitments))

  async function take(document: ScoringDocument): Promise<boolean> {
    const { receipt: id, scorer } = document.statement.message
    const entry = await receipts.get(id)
    // [ignore] It is about a receipt that is known here, and in no epoch yet.
    if (entry === undefined || entry.state.name === 'settled' || entry.state.name === 'over')
      throw new NotFoundError('scoring.receipt', `the receipt ${id} that was scored is not known here, or settled`)
    const ignore = (
      code: 'scoring.model' | 'scoring.scorer' | 'scoring.early' | 'scoring.uncommitted',
      message: string
    ): never => {
      throw new InvalidError(code, message, { consequence: 'ignore' })
    }
    // [ignore] It weighs the receipt's model.
    const { model } = entry.receipt.receipt.message
    if (document.attribution.model !== model) ignore('scoring.model', 'the scoring is by another model')
    if (entry.pool === null) throw new NotFoundError('scoring.receipt', 'the receipt is of no pool')
    // [ignore] Chance has drawn its scorer for it, of the epoch that counts it …
    const drawn = await rounds.recent(
      entry.pool,
      // Of who was not drawn nothing changes by asking again.
      ({ round: { drawn: known } }) =>
        !known.panel.includes(scorer) || (known.commitments.has(scorer) && known.commitEnds <= now())
    )
    const at = drawn?.places.get(id)
    if (drawn === undefined || at === undefined || !isDrawn(drawn.assigned, at, scorer))
      return ignore('scoring.scorer', 'chance has not drawn this scorer for this answer')
    // [ignore] … nobody can commit any more …
    if (now() < drawn.round.drawn.commitEnds)
      ignore('scoring.early', 'there is still time to commit: nobody shows a word before')
    // [ignore] … and it is what its scorer has committed to.
    if (!isOn(drawn, at, document))
      ignore('scoring.uncommitted', 'the scorer has committed to something else, or to nothing')
    const before = await receipts.scorings(id)
    const standing = before.filter(one => isOn(drawn, at, one))
    if (standing.some(one => one.statement.message.scorer === scorer)) return false
    const agreed = foundBy([...standing, document].map(one => one.attribution))?.settled === true
    heard.set(`${id}/${scorer}`, now())
    // Words on a draw that came to nothing make room for those on the next.
    const gone = before.filter(one => !standing.includes(one)).map(one => one.statement.message.scorer)
    return receipts.putScoring(id, document, { agreed, gone })
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
    async lacks({ assigned, ids, round }, at) {
      const { commitments } = round.drawn
      const awaited = (assigned.scorers[at] ?? []).filter(scorer => (commitments.get(scorer) ?? zeroHash) !== zeroHash)
      const id = ids[at]
      if (awaited.length === 0 || id === undefined) return false
      const said = (await receipts.scorings(id)).filter(one => isOn({ assigned, round }, at, one))
      return awaited.some(scorer => !said.some(one => one.statement.message.scorer === scorer))
    },
    heardBefore(receipt, scorer, moment) {
      const at = heard.get(`${receipt}/${scorer}`)
      return at !== undefined && at < moment
    },
    of: id => receipts.scorings(id)
  }
}

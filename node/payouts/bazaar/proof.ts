import { divisionOf } from '../../../protocol/payouts/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import type { Hex, SumProof } from '../../../protocol/primitives/index.ts'
import type { Models, Weighed } from '../models.ts'
import type { createReceiptPlaces } from '../places.ts'
import type { Proposal, Proposals } from '../proposals.ts'
import type { Entry, ReceiptStore } from '../receipts/index.ts'
import type { Scorings } from '../scorer/index.ts'
import type { Bundles } from '../settler/index.ts'
import type { EpochPlace, PayoutsDeps, ReceiptProof } from '../types.ts'

/** Epochs of a pool that may hold a receipt which is in none that is followed here. */
const newestLookedAt = 2

/** What an answer pays to whom, with all that it follows from. */
export interface Proofs {
  of(id: Hex): Promise<ReceiptProof | undefined>
}

export function createProofs(
  { log }: Pick<PayoutsDeps, 'log'>,
  {
    receipts,
    models,
    scorings,
    proposals,
    bundles,
    placesOf
  }: {
    receipts: Pick<ReceiptStore, 'get'>
    models: Models
    scorings: Pick<Scorings, 'of'>
    proposals: Pick<Proposals, 'of' | 'page'>
    bundles: Pick<Bundles, 'load'>
    placesOf: ReturnType<typeof createReceiptPlaces>
  }
): Proofs {
  /** Its place in an epoch; null where the bundle is not to be had now, or does not hold it. */
  async function proofIn({ event }: Proposal, id: Hex): Promise<SumProof | null> {
    try {
      const { tree, places } = placesOf(event.bundle, await bundles.load(event))
      const at = places.get(id)
      return at === undefined ? null : tree.proof(at)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      log.debug("an epoch's bundle cannot be had", { epoch: event.epoch, error })
      return null
    }
  }

  /**
   * The epoch that has counted it, or the newest one that would: one just made final may not be followed here yet, and
   * of one that is open to challenge nobody knows.
   */
  async function placeOf({ id, pool, state }: Entry): Promise<EpochPlace | null> {
    if (pool === null) return null
    const settled = state.name === 'settled'
    const candidates = settled
      ? await proposals.of(pool, state.epoch)
      : (await proposals.page({ pool, limit: newestLookedAt })).items
    for (const proposal of candidates) {
      if (proposal.state === 'voided' || (settled && proposal.state !== 'final')) continue
      const proof = await proofIn(proposal, id)
      if (proof === null && !settled) continue
      const { epoch, transaction, challengeEnds, receiptsRoot, receiptsTotal } = proposal.event
      return {
        pool,
        epoch,
        state: proposal.state,
        transaction,
        challengeEnds,
        root: { hash: receiptsRoot, sum: receiptsTotal },
        proof
      }
    }
    return null
  }

  async function weighedBy(model: Hex): Promise<Weighed | null> {
    try {
      return await models.weighed(model)
    } catch (error) {
      if (!(error instanceof TilthError)) throw error
      log.debug("a model's measure cannot be had", { model, error })
      return null
    }
  }

  return {
    async of(id) {
      const entry = await receipts.get(id)
      if (entry === undefined) return undefined
      const { receipt } = entry
      const weighed = await weighedBy(receipt.receipt.message.model)
      const measure = weighed?.measure
      return {
        receipt,
        division: entry.pool === null ? 'none' : divisionOf(receipt, weighed),
        measure:
          measure === undefined
            ? null
            : {
                model: measure.model,
                players: measure.players,
                coalitions: measure.coalitions,
                dataPoints: measure.dataPoints
              },
        scorings: await scorings.of(id),
        place: await placeOf(entry)
      }
    }
  }
}

import { z } from 'zod'
import { bytes32, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { heldOutDocument, heldOutValues, measureOf, modelMeasure } from '../../../protocol/payouts/index.ts'
import type { EpochBundle, HeldOutDocument, ModelMeasure } from '../../../protocol/payouts/index.ts'
import { remember } from '../../runtime/index.ts'
import type { Proposals } from '../proposals.ts'
import type { Weigher } from '../scorer/index.ts'
import type { Bundles } from '../settler/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps, QualityView } from '../types.ts'

/** A model's held-out values as an epoch's bundle states them. */
export const statedHeldOut = z.strictObject({
  pool: bytes32,
  epoch: z.int().min(1),
  bundle: z.string().max(100),
  measure: modelMeasure,
  document: heldOutDocument
})

/** Models for which an epoch was looked through and does not name them. */
const mostMissing = 10_000

/**
 * How well models do on the held-out questions of their Datanets: as this node has measured it, or as the last epoch
 * says that it knows, which everybody who watched has found right.
 */
export interface Quality {
  /** Keeps what a bundle says of its models. */
  note(cid: string, bundle: EpochBundle): Promise<void>
  /** null where nobody has measured it, as far as is known here. Measures nothing. */
  of(model: Hex): Promise<QualityView | null>
}

/** Means over the questions, of all that `sum` has in units of `scale`, in 1e-6, rounded to nearest. */
const meanOf = (sum: bigint, questions: number, scale: bigint): bigint => {
  const asked = BigInt(questions || 1)
  const scaled = 2n * sum * scale
  return (scaled + (sum < 0n ? -asked : asked)) / (2n * asked)
}

export function qualityOf(named: ModelMeasure, document: HeldOutDocument, epoch: number | null): QualityView {
  const { players, coalitions } = named
  const { questions, truth } = heldOutValues(document, measureOf(named))
  const everybody = ((1n << BigInt(players.length)) - 1n).toString()
  const mean = (coalition: string): bigint => {
    const at = coalitions.indexOf(coalition)
    const sum = document.questions.reduce((total, { truth: { utilities } }) => total + (utilities[at] ?? 0), 0)
    return meanOf(BigInt(sum), questions, 100n)
  }
  return {
    model: document.model,
    questions,
    base: mean('0'),
    tuned: mean(everybody),
    values: Object.fromEntries(players.map((player, i) => [player, meanOf(truth[i] ?? 0n, questions, 1n)])) as Readonly<
      Record<Address, bigint>
    >,
    epoch
  }
}

export function createQuality(
  { store, log, chain }: Pick<PayoutsDeps, 'store' | 'log' | 'chain'>,
  { models, weigher, proposals }: { models: Models; weigher: Weigher; proposals: Pick<Proposals, 'of'> },
  bundles: () => Pick<Bundles, 'latest'>
): Quality {
  const stated = store.collection('payouts/stated-held-out', statedHeldOut)
  const missing = new Map<string, true>()

  /** What the pool's last final epoch says; its bundle is read once. */
  async function fromEpoch(model: Hex): Promise<QualityView | null> {
    const pool = await models.poolOf(model)
    if (pool === undefined) return null
    const last = (await chain.ledger.pool(pool)).epoch
    const known = await stated.get(model)
    if (known === undefined && last > 0 && !missing.has(`${model}/${last}`)) {
      remember(missing, `${model}/${last}`, true, mostMissing)
      await bundles().latest(pool)
    }
    const found = known ?? (await stated.get(model))
    if (found === undefined) return null
    const final = (await proposals.of(found.pool, found.epoch)).some(
      ({ event, state }) => state === 'final' && event.bundle === found.bundle
    )
    return final ? qualityOf(found.measure, found.document, found.epoch) : null
  }

  return {
    async note(cid, { pool, epoch, models: measures, heldOut }) {
      for (const document of heldOut) {
        const measure = measures.find(({ model }) => model === document.model)
        if (measure !== undefined) await stated.put(document.model, { pool, epoch, bundle: cid, measure, document })
      }
    },
    async of(model) {
      try {
        const known = await weigher.knownHeldOut(model)
        const weighed = known === undefined ? null : await models.weighed(model)
        if (known !== undefined && weighed !== null) return qualityOf(weighed.measure, known, null)
        return await fromEpoch(model)
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        log.debug('what a model is worth on held-out questions is not to be had', { model, error })
        return null
      }
    }
  }
}

import { usualAuditedSegments } from '../../../protocol/data/index.ts'
import { feeFor } from '../../../protocol/jobs/index.ts'
import { TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { AuditTerms } from '../../chain/types.ts'
import { deliveredLots } from '../../jobs/index.ts'
import type { Models } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Certificates } from './certificates.ts'

/**
 * What a builder opens the audit of a model with: as many segments as its Datanet asks for, and for one run of one what
 * training it has cost.
 */
export type Terms = (model: Hex) => Promise<AuditTerms>

export function createTerms(
  { chain, files }: Pick<PayoutsDeps, 'chain' | 'files'>,
  {
    certificates,
    models
  }: { readonly certificates: Pick<Certificates, 'asked'>; readonly models: Pick<Models, 'weighed'> }
): Terms {
  return async model => {
    const datanet = (await chain.ledger.model(model))?.registration.datanet ?? zeroHash
    const segments = (await certificates.asked({ id: model, datanet })) || usualAuditedSegments
    const [least, bond] = [await chain.audits.leastFee(), await chain.audits.bond()]
    try {
      const weighed = await models.weighed(model)
      if (weighed === null) return { segments, fee: least }
      const lots = await deliveredLots({ files }, weighed.result, { brief: true })
      return { segments, fee: feeFor(lots, { least, most: bond / BigInt(segments) }) }
    } catch (error) {
      // Auditors find out for themselves what is wrong with its papers.
      if (!(error instanceof TilthError)) throw error
      return { segments, fee: least }
    }
  }
}

import type { Provenance } from '../../../../node/payouts/index.ts'
import { NotFoundError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { TraceStep, TraceView } from '../../contract/index.ts'
import type { Handlers } from '../../server/index.ts'
import { receiptMeant } from '../payouts.ts'
import type { Which } from '../which.ts'
import { answerStep, weightsStep } from './answer.ts'
import { auditedEpoch, auditedModel, auditedReceipt, servedAsOffered } from './audit.ts'
import { open, viewOf } from './checks.ts'
import type { TraceParts } from './checks.ts'
import { epochSteps } from './epoch.ts'
import { certificateStep, registrationStep, trainingSteps, versionStep } from './model.ts'

/** From an answer to the rows it owes to, and to the transaction that paid for them. */
export async function traceOf(parts: TraceParts, id: Hex): Promise<TraceStep[]> {
  const proof = await parts.payouts.receiptProof(id)
  if (proof === undefined) throw new NotFoundError('receipt.unknown', `no receipt ${id} is known here`)
  const { model } = proof.receipt.receipt.message
  const training = await trainingSteps(parts, model)
  const of: Provenance | null = training.of
  // Found to have no siblings; where that could not be looked at, an epoch may still count it.
  const isNobodys = of === null && training.steps.every(({ checks }) => checks.every(({ holds }) => holds === true))
  const { place } = proof
  return [
    await answerStep(parts, id, proof),
    await weightsStep(parts, proof),
    await registrationStep(parts, model),
    ...training.steps,
    ...(of === null ? [] : [await certificateStep(parts, model)]),
    ...(of === null ? [] : [await versionStep(parts, of)]),
    ...(place === null
      ? [
          {
            stage: 'settlement',
            title: 'The epoch that counts it',
            facts: [],
            checks: [
              open(
                'The epoch',
                isNobodys
                  ? 'none will: nothing of the fees of its model is divided among contributors'
                  : 'no epoch counts it yet'
              )
            ]
          }
        ]
      : await epochSteps(parts, place.pool, place.epoch, id))
  ]
}

export function traceHandlers(node: TraceParts, which: Which): Pick<Handlers, 'trace' | 'audit'> {
  const network = { chainId: node.network.chainId, registry: node.network.registry }
  const about = (kind: TraceView['kind'], id: Hex, epoch: number | null = null) => ({ kind, id, epoch, network })
  return {
    async trace({ params }) {
      const { id } = await receiptMeant(node.payouts, which, params.id)
      return viewOf(about('receipt', id), await traceOf(node, id))
    },
    async audit({ body, signal }) {
      switch (body.kind) {
        case 'receipt': {
          const { id } = await receiptMeant(node.payouts, which, body.id)
          return viewOf(about('receipt', id), [
            ...(await traceOf(node, id)),
            await servedAsOffered(node, id, signal),
            await auditedReceipt(node, id)
          ])
        }
        case 'epoch': {
          const pool = await which.datanet(body.id)
          return viewOf(about('epoch', pool, body.epoch), [
            ...(await epochSteps(node, pool, body.epoch, null)),
            await auditedEpoch(node, pool, body.epoch)
          ])
        }
        case 'model': {
          const { id } = await which.model(body.id)
          const training = await trainingSteps(node, id)
          return viewOf(about('model', id), [
            await registrationStep(node, id),
            ...training.steps,
            ...(training.of === null ? [] : [await certificateStep(node, id)]),
            ...(training.of === null ? [] : [await versionStep(node, training.of)]),
            ...(await auditedModel(node, id, training.of, body, signal))
          ])
        }
      }
    }
  }
}

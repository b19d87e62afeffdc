import { lastQuestion } from '../../../../protocol/data/index.ts'
import { foundBy } from '../../../../protocol/payouts/index.ts'
import { InvalidError, NotFoundError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { Node } from '../../../../node/node.ts'
import { plain } from '../../contract/index.ts'
import type { ReceiptProofView } from '../../contract/index.ts'
import type { Handlers } from '../../server/index.ts'
import { explanationView } from '../models.ts'
import { receiptMeant, receiptUnknown, receiptView } from '../payouts.ts'
import { upstreamOf } from '../upstream.ts'
import type { Which } from '../which.ts'
import { qualityView } from './models.ts'

type Names = 'receiptProof' | 'explainReceipt' | 'nearestRows'

/** From an answer to the money. */
export function answerHandlers(
  { payouts, models, data, network }: Pick<Node, 'payouts' | 'models' | 'data' | 'network'>,
  which: Which
): Pick<Handlers, Names> {
  /** What was asked, in words, as far as it is kept here. @throws NotFoundError `receipt.forgotten` */
  async function askedOf(id: Hex): Promise<string> {
    const opening = await models.opening(id)
    const asked = opening && lastQuestion(opening.content)
    if (asked === undefined)
      throw new NotFoundError('receipt.forgotten', 'what was asked and answered is not kept here', {
        help: 'Client and worker keep it until the epoch is final; say the text to compare rows with it.'
      })
    return asked
  }

  return {
    async receiptProof({ params }) {
      const view = await receiptMeant(payouts, which, params.id)
      const proof = await payouts.receiptProof(view.id)
      if (proof === undefined) throw receiptUnknown(params.id)
      const { receipt, division, measure, scorings, place } = proof
      const model = models.model(view.model)
      const quality = await payouts.quality(view.model)
      const net = view.pool === undefined ? undefined : await data.datanet(view.pool)
      const agrees = foundBy(scorings.map(({ attribution }) => attribution))?.agrees
      return {
        network: { chainId: network.chainId, registry: network.registry },
        view: receiptView(view),
        modelName: model?.name ?? '',
        datanetName: net?.rules.name ?? null,
        datanetVersion: model?.version ?? 0,
        receipt: plain(receipt) as ReceiptProofView['receipt'],
        division,
        dataFee: ((view.fee * BigInt(measure?.dataPoints ?? model?.split.data ?? 0)) / 10_000n).toString(),
        upstream: model === undefined ? [] : upstreamOf(models, model, view.fee),
        measure,
        scorings: scorings.map((scoring, i) => ({
          ...(plain(scoring) as Omit<ReceiptProofView['scorings'][number], 'agrees'>),
          agrees: agrees?.[i] ?? false
        })),
        quality: quality === null ? null : qualityView(quality),
        place: place && {
          pool: place.pool,
          epoch: place.epoch,
          state: place.state,
          transaction: place.transaction,
          challengeEnds: Number(place.challengeEnds) * 1000,
          root: { hash: place.root.hash, sum: place.root.sum.toString() },
          proof: place.proof && {
            index: place.proof.index.toString(),
            siblings: place.proof.siblings.map(({ hash, sum }) => ({ hash, sum: sum.toString() }))
          }
        }
      }
    },
    explainReceipt: async ({ params }) => explanationView(await payouts.explain(await which.receipt(params.id))),
    async nearestRows({ params, body: { text, contributor, limit } }) {
      const receipt = await receiptMeant(payouts, which, params.id)
      const model = models.model(receipt.model)
      // [reject] The model learnt from a Datanet's rows.
      if (model === undefined || receipt.pool === undefined)
        throw new InvalidError('receipt.no-rows', 'the model that answered was not made from a Datanet')
      const { rows, compared, all } = await data.nearest({
        datanet: receipt.pool,
        version: model.version,
        text: text ?? (await askedOf(receipt.id)),
        ...(contributor === undefined ? {} : { contributor }),
        limit
      })
      const validators = (await data.datanet(receipt.pool))?.rules.validators.length ?? 0
      return { rows: rows.map(row => ({ ...row, validators })), compared, all }
    }
  }
}

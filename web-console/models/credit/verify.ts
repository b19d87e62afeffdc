import type { ReceiptProofView } from '../../../daemon/api/contract/bazaar.ts'
import { requireSigner } from '../../../protocol/crypto/index.ts'
import { checkCosigned, cosignedReceipt } from '../../../protocol/models/index.ts'
import {
  attributionHash,
  attributionOf,
  measureOf,
  receiptId,
  receiptLeaf,
  scoringDocument
} from '../../../protocol/payouts/index.ts'
import { TilthError, inSumTree, leafNode } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

// What a daemon shows is checked here, by the network's own rules, before the page says that it is so.

/** `good`, `wrong`, or not to be said: nothing is there yet. */
export type Finding = 'good' | 'wrong' | 'open'

/** What a scorer signs of its word; where the word stands among its others the contract and the watchers look at. */
const signedWord = scoringDocument.omit({ path: true })

export interface Findings {
  /** Both signatures over the receipt, and that its id is theirs. */
  readonly receipt: Finding
  /** By scorer: its signature, and that it signed these weights. */
  readonly scorings: Readonly<Record<string, Finding>>
  /** That the weights follow from what was measured. */
  readonly arithmetic: Finding
  /** That the receipt stands under the root that is on chain. */
  readonly place: Finding
}

function holds(check: () => boolean): Finding {
  try {
    return check() ? 'good' : 'wrong'
  } catch (error) {
    // What a rule refuses, and what does not even have the form, is wrong alike.
    if (error instanceof TilthError || (error as { name?: string }).name === 'ZodError') return 'wrong'
    throw error
  }
}

export function verify({ network: on, view, receipt, scorings, measure, place }: ReceiptProofView): Findings {
  const network = { chainId: on.chainId, registry: on.registry as Hex }
  return {
    receipt: holds(() => {
      const cosigned = cosignedReceipt.parse(receipt)
      checkCosigned(cosigned, network)
      return receiptId(network, cosigned) === view.id
    }),
    scorings: Object.fromEntries(
      scorings.map(({ statement, attribution }) => [
        String(statement.message['scorer']),
        holds(() => {
          const document = signedWord.parse({ statement, attribution })
          const { scorer, receipt: of, attribution: hash } = document.statement.message
          requireSigner(network, document.statement, scorer)
          return of === view.id && attributionHash(document.attribution) === hash
        })
      ])
    ),
    arithmetic:
      measure !== null && scorings.length > 0
        ? holds(() => {
            const known = measureOf({
              ...measure,
              model: measure.model as Hex,
              players: measure.players as Hex[],
              coalitions: [...measure.coalitions]
            })
            return scorings.every(({ attribution: { utilities, candidates, counterfactual, weights, others } }) => {
              const again = attributionOf(known, {
                utilities: [...utilities],
                candidates: [...candidates],
                ...(counterfactual === undefined ? {} : { counterfactual: [...counterfactual] })
              })
              return again.weights.map(String).join() === weights.join() && String(again.others) === others
            })
          })
        : 'open',
    place:
      place === null || place.proof === null
        ? 'open'
        : holds(() => {
            const { root, proof } = place
            return (
              proof !== null &&
              inSumTree(
                { hash: root.hash as Hex, sum: BigInt(root.sum) },
                leafNode(receiptLeaf(network, cosignedReceipt.parse(receipt))),
                {
                  index: BigInt(proof.index),
                  siblings: proof.siblings.map(({ hash, sum }) => ({ hash: hash as Hex, sum: BigInt(sum) }))
                }
              )
            )
          })
  }
}

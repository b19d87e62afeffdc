import { useQuery } from '@tanstack/react-query'
import { api, useCall } from '../../api/index.ts'
import type { ReceiptProofView } from '../../../daemon/api/contract/bazaar.ts'
import type { TilthError } from '../../../protocol/primitives/errors.ts'
import { creditsOf } from './shares.ts'
import type { Credits } from './shares.ts'

/** Whose word the weights are: scorers', which pay; the worker's alone, which pay nobody; held-out values. */
export type Word = 'scorers' | 'worker' | 'held-out'

export interface AnswerCredit {
  readonly proof: ReceiptProofView
  /** Undefined where the answer owes to nobody's rows, or nobody has said yet to whose. */
  readonly credits: Credits | undefined
  readonly word: Word | undefined
  /** The utilities that the weights follow from. */
  readonly utilities: readonly number[] | undefined
}

/** What a scorer found who agrees with the others, while most of them agree. */
function found({ view, scorings }: ReceiptProofView): readonly number[] | undefined {
  if (Object.keys(view.weights).length === 0) return undefined
  return scorings.find(({ agrees }) => agrees)?.attribution.utilities
}

/**
 * What an answer owes to whom, as it stands now: by its worker's word at first, which scorers' takes the place of once
 * they have weighed it. It is read again with the news.
 * @param isOwn whether this node asked: nobody else is told by the worker
 */
export function useCredit(receipt: string, isOwn: boolean) {
  const proof = useCall('receiptProof', { id: receipt })
  const { data } = proof
  const official = data === undefined ? undefined : found(data)
  const waits = data !== undefined && isOwn && official === undefined && data.measure !== null
  const told = useQuery({
    // Not a call that news touch: what the worker said stays said.
    queryKey: ['told by the worker', receipt],
    queryFn: ({ signal }) => api.call('explainReceipt', { params: { id: receipt }, signal }),
    enabled: waits && data.division === 'weighed',
    retry: false
  })
  return { ...proof, error: proof.error as TilthError | null, data: data && creditOf(data, official, told.data) }
}

function creditOf(
  proof: ReceiptProofView,
  official: readonly number[] | undefined,
  told: { readonly weights: Readonly<Record<string, string>>; readonly utilities: readonly number[] } | undefined
): AnswerCredit {
  const { measure, view, quality } = proof
  if (measure === null || proof.division === 'none')
    return { proof, credits: undefined, word: undefined, utilities: undefined }
  if (official !== undefined)
    return {
      proof,
      credits: creditsOf({ ...measure, utilities: official, weights: view.weights }),
      word: 'scorers',
      utilities: official
    }
  if (told !== undefined)
    return { proof, credits: creditsOf({ ...measure, ...told }), word: 'worker', utilities: told.utilities }
  if (proof.division === 'held-out' && quality !== null) {
    const { empty, full } = { empty: Number(quality.base) / 100, full: Number(quality.tuned) / 100 }
    const everybody = ((1n << BigInt(measure.players.length)) - 1n).toString()
    const input = { players: measure.players, coalitions: ['0', everybody], utilities: [empty, full] }
    return {
      proof,
      credits: creditsOf({ ...input, weights: quality.values }),
      word: 'held-out',
      utilities: undefined
    }
  }
  return { proof, credits: undefined, word: undefined, utilities: undefined }
}

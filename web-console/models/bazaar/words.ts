import type { BazaarView, MatchesView } from '../../../daemon/api/contract/bazaar.ts'
import { amountText, countText, numberText } from '../../formats/index.ts'

/** The lowest of some amounts; undefined of none. */
export const lowest = (amounts: readonly string[]): bigint | undefined =>
  amounts.map(BigInt).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[0]

/** What an answer costs, as people reckon: so much for a thousand tokens of it. */
export function priceText({ offers }: Pick<BazaarView, 'offers'>): string {
  const price = lowest(offers.map(({ outputPrice }) => outputPrice))
  return price === undefined ? 'nobody serves it now' : `${amountText(price * 1000n)} for 1,000 tokens`
}

/** Whether it is offered with every model over its base: such a one is fetched when it is first asked. */
export function offeredText(offers: BazaarView['offers']): string | undefined {
  const all = offers.filter(one => one.all === true).length
  if (all === 0) return undefined
  return all === offers.length ? 'with all over its base' : `${all} of them with all over its base`
}

/** How likely the known answers to held-out questions are, of one. */
export const likelyOf = (millionths: string): number => Number(millionths) / 1e6

/** Exact match: how many held-out answers are the very ones of their authors, beside those of its base alone. */
export const exactText = ({ questions, base, tuned }: MatchesView): string =>
  `${countText(tuned)} of ${countText(questions)} exact, its base ${base === 0 ? 'none' : countText(base)}`

/** In a sentence, how well it does. */
export function qualityText({ quality, heldOutLoss }: Pick<BazaarView, 'quality' | 'heldOutLoss'>): string {
  if (quality !== null) {
    const [tuned, base] = [quality.tuned, quality.base].map(one => numberText(likelyOf(one), 2))
    return (
      `Gives the known answers to ${quality.questions} held-out questions with probability ${tuned}; ` +
      `its base model alone with ${base}.`
    )
  }
  if (heldOutLoss !== null) {
    const [tuned, base] = [numberText(heldOutLoss.tuned), numberText(heldOutLoss.base)]
    return `By its builder's word its loss on held-out questions is ${tuned}, where the base model's is ${base}.`
  }
  return 'Nobody whom this node knows has measured it on held-out questions.'
}

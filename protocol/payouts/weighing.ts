import { digest, recoverDigest } from '../crypto/index.ts'
import type { Network } from '../crypto/index.ts'
import { TilthError } from '../primitives/index.ts'
import type { Address, Hex } from '../primitives/index.ts'
import type { CosignedReceipt } from '../models/index.ts'
import { attributionHash, attributionOf } from './attribution.ts'
import type { Measure } from './attribution.ts'
import type { MeasuredAnswer, Scored } from './types.ts'

// What an answer's weights are: scorers weigh it, each for itself, and the median of what they found counts.

/** Scorers that are drawn for one answer, where so many may weigh it. */
export const keptScorings = 3

/**
 * How an answer's data fee is divided: by its own weights (`weighed`); by the model's held-out values (`held-out`: its
 * client lets nobody see it, or it has no tokens and was paid for its prompt); or by neither, since nothing is measured
 * of its model (`none`).
 */
export type Division = 'weighed' | 'held-out' | 'none'

/** @param measure null for a model without siblings */
export function divisionOf({ receipt: { message } }: Pick<CosignedReceipt, 'receipt'>, measure: unknown): Division {
  if (measure === null) return 'none'
  return message.confidential || message.outputTokens === 0 ? 'held-out' : 'weighed'
}

/** Lower median: for an even number of values the lower one of the two in the middle, so that it is one of them. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0
/** Of each coalition, as many as the first one names. */
const medians = (words: readonly (readonly number[])[]): number[] =>
  (words[0] ?? []).map((_, k) => median(words.map(one => one[k] ?? 0)))

/** How far the utilities of two machines may be apart: a value between two digits is rounded up here and down there. */
const tolerance = 1
export const isNear = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, k) => Math.abs(value - (b[k] ?? 0)) <= tolerance)

/** What several scorers found, and which of them agree with it. */
export interface Found {
  /**
   * The median for each coalition, and the candidates that most have named; of what would have been answered without
   * some, only what most of all have found alike.
   */
  readonly measured: MeasuredAnswer
  /**
   * In the scorers' order: the same candidates, and no utility differs by more than one unit of its rounding; none
   * differs at all.
   */
  readonly agrees: readonly boolean[]
  /** Who of them has, of what would have been answered without some, what counts, where something does. */
  readonly counts: readonly boolean[]
  readonly exact: readonly boolean[]
  /** More than half agree with the median; else nobody knows what the answer's weights are. */
  readonly settled: boolean
}

/** What is said by most; of several, what comes first as text. */
function mostSaid(words: readonly (readonly number[])[]): readonly number[] {
  const counts = new Map<string, { list: readonly number[]; count: number }>()
  for (const list of words) counts.set(list.join(), { list, count: (counts.get(list.join())?.count ?? 0) + 1 })
  const [first] = [...counts].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
  return first?.[1].list ?? []
}

/** Undefined where nobody has scored. */
export function foundBy(scorings: readonly MeasuredAnswer[]): Found | undefined {
  const [first] = scorings
  if (first === undefined) return undefined
  const utilities = medians(scorings.map(one => one.utilities))
  const candidates = mostSaid(scorings.map(one => one.candidates))
  const named = (one: MeasuredAnswer): boolean => one.candidates.join() === candidates.join()
  const agrees = scorings.map(one => named(one) && isNear(one.utilities, utilities))
  const counterfactual = counterfactualBy(scorings)
  return {
    measured: { utilities, candidates: [...candidates], ...(counterfactual === undefined ? {} : { counterfactual }) },
    agrees,
    counts: scorings.map(
      (one, i) =>
        agrees[i] === true && (counterfactual === undefined || isNear(one.counterfactual ?? [], counterfactual))
    ),
    exact: scorings.map(one => named(one) && one.utilities.join() === utilities.join()),
    settled: agrees.filter(Boolean).length * 2 > scorings.length
  }
}

/**
 * The median of what was found where something would have been answered without some, if more than half of all agree
 * with it to one unit. Who says nothing of it, since rounding has brought it to the other side of a bound, is not
 * wrong.
 */
function counterfactualBy(scorings: readonly MeasuredAnswer[]): number[] | undefined {
  const said = scorings.flatMap(({ counterfactual }) => (counterfactual === undefined ? [] : [counterfactual]))
  if (said.length === 0) return undefined
  const found = medians(said)
  return said.filter(one => isNear(one, found)).length * 2 > scorings.length ? found : undefined
}

/** Whether this node's own word finds what is stated, but for what only one of them has measured. */
export const isFound = (mine: MeasuredAnswer, stated: MeasuredAnswer): boolean =>
  foundBy([mine, stated])?.settled === true &&
  (mine.counterfactual === undefined ||
    stated.counterfactual === undefined ||
    isNear(mine.counterfactual, stated.counterfactual))

/** Scorers whose words on some answer are further from what most have found than rounding takes them. */
export function wrongScorers(scorings: readonly (Scored & { readonly receipt: number })[]): Address[] {
  const wrong = new Set<Address>()
  for (const words of Map.groupBy(scorings, ({ receipt }) => receipt).values()) {
    const found = foundBy(words)
    if (found?.settled !== true) continue
    for (const [i, { scorer }] of words.entries()) if (found.agrees[i] === false) wrong.add(scorer)
  }
  return [...wrong]
}

/**
 * Whether a scoring is what its scorer has signed: the weights that follow from its utilities by the model's measure.
 */
export function isSigned(
  network: Network,
  receipt: Hex,
  { scorer, signature, ...measured }: Omit<Scored, 'path'>,
  measure: Measure
): boolean {
  try {
    const attribution = attributionHash(attributionOf(measure, measured))
    return recoverDigest(digest(network, 'Scoring', { receipt, scorer, attribution }), signature) === scorer
  } catch (error) {
    if (error instanceof TilthError) return false
    throw error
  }
}

import { InvalidError } from '../primitives/errors.ts'
import { countedOf, joined, productsOfToken } from './products.ts'
import type { Products } from './products.ts'
import { utilityUnit } from './shapley.ts'

// What a coalition's sibling would have said of an answer, as one number: u_S. Probabilities of tokens become whole
// numbers first, and from there only operations are used that IEEE 754 rounds alike everywhere (+ − × ÷ √): who has the
// same whole numbers finds the same utilities to the last bit, and who is one unit off is next to them.
//
// What every sibling knows is form; what some know is fact. So only the tokens count about which siblings disagree, and
// tokens of one fact count together. In an answer, at a threshold θ:
//   informative tokens   deviation of p_t over the siblings at least θ of the largest in the answer
//   spans                informative tokens at most two apart stand in one
//   u_S(θ)               Σ_spans w·c_S / Σ_spans w, w being the span's largest deviation and c_S the product of p_S(t)
//                        over its tokens, of which four at most count whole (products.ts)
// One threshold would make a token that stands on it count fully here and not at all there. So u_S is the mean of
// u_S(θ) over the thresholds from `least` to `most`, which changes no faster than the probabilities do.

/** Probabilities are whole numbers of 1e-6: what machines differ by is less, or about that. */
export const probabilityUnit = 1_000_000
const least = 0.1
const most = 0.2
/** Informative tokens so far apart stand in one span. */
const reach = 2
/**
 * Deviations are measured by the largest one of the answer, or by this where all are smaller: a tenth of it counts
 * nothing, a fifth fully. So an answer about which nobody disagrees owes to nobody in particular, and where siblings
 * hardly differ their last bits do not decide.
 */
const smallest = 0.2

/**
 * A probability as a whole number. Machines differ in the last bits of a float, so this rounding comes before anything
 * else. @throws InvalidError `utility.range` for what is no probability
 */
export function roundProbability(probability: number): number {
  if (!(probability >= -1e-6 && probability <= 1 + 1e-6))
    throw new InvalidError('utility.range', `${probability} is no probability`)
  return Math.min(probabilityUnit, Math.max(0, Math.round(probability * probabilityUnit)))
}

/** Tokens that stand together at a threshold. */
interface Span {
  /** Largest deviation in it. */
  weight: number
  products: Products
  /** What it counts, by coalition. */
  counted: Float64Array
  /** The span it became part of. */
  into: Span | undefined
}

const root = (span: Span): Span => {
  let at = span
  while (at.into !== undefined) at = at.into
  return at
}

/**
 * Utilities of an answer in 1e-4, in the coalitions' order. Of an answer about which siblings do not disagree, and of
 * one without tokens, they are all 0.
 * @param probabilities [coalition][token]
 * @param siblings places of the coalitions that deviations are taken over
 * @throws InvalidError `utility.range` · `utilities.count` where coalitions have not equally many tokens
 */
export function spanUtilities(probabilities: readonly (readonly number[])[], siblings: readonly number[]): number[] {
  const coalitions = probabilities.length
  const tokens = probabilities[0]?.length ?? 0
  // [reject] Every coalition gives each token of the answer a probability.
  if (probabilities.some(own => own.length !== tokens))
    throw new InvalidError('utilities.count', 'the coalitions have not one probability for each token')
  const rounded = probabilities.map(own => own.map(roundProbability))
  const deviations = Array.from({ length: tokens }, (_, t) =>
    deviationOf(siblings.map(sibling => rounded[sibling]?.[t] ?? 0))
  )
  const scale = Math.max(smallest, ...deviations)
  const ratios = deviations.map(deviation => deviation / scale)
  const informative = ratios
    .map((ratio, token) => ({ ratio: Math.min(ratio, most), token }))
    .filter(({ ratio }) => ratio > least)
    .sort((a, b) => b.ratio - a.ratio || a.token - b.token)

  const spans: (Span | undefined)[] = deviations.map(() => undefined)
  const sums = new Float64Array(coalitions)
  const means = new Float64Array(coalitions)
  let weights = 0
  let threshold = most
  /** The thresholds from the last one down to this one have the spans that there are now. */
  const downTo = (next: number): void => {
    if (weights > 0)
      for (let k = 0; k < coalitions; k++) means[k] = (means[k] ?? 0) + ((threshold - next) * (sums[k] ?? 0)) / weights
    threshold = next
  }
  const count = ({ weight, counted }: Span, sign: number): void => {
    weights += sign * weight
    for (let k = 0; k < coalitions; k++) sums[k] = (sums[k] ?? 0) + sign * weight * (counted[k] ?? 0)
  }
  for (const { ratio, token } of informative) {
    downTo(ratio)
    const products = productsOfToken(Float64Array.from(rounded, own => (own[token] ?? 0) / probabilityUnit))
    const span: Span = { weight: deviations[token] ?? 0, products, counted: products.exact, into: undefined }
    for (const near of nearOf(spans, token)) {
      count(near, -1)
      span.weight = Math.max(span.weight, near.weight)
      span.products = joined(span.products, near.products)
      near.into = span
    }
    span.counted = countedOf(span.products)
    count(span, 1)
    spans[token] = span
  }
  downTo(least)
  return Array.from(means, mean =>
    Math.min(utilityUnit, Math.max(0, Math.round((mean / (most - least)) * utilityUnit)))
  )
}

/** The spans within reach of a token, each once: one on its left, one on its right, or one that is on both. */
function nearOf(spans: readonly (Span | undefined)[], token: number): Set<Span> {
  const near = new Set<Span>()
  for (let away = 1; away <= reach; away++)
    for (const span of [spans[token - away], spans[token + away]]) if (span !== undefined) near.add(root(span))
  return near
}

/** Standard deviation, of one. Up to 64 values: their squares add up to whole numbers that a float holds exactly. */
function deviationOf(values: readonly number[]): number {
  let sum = 0
  let squares = 0
  for (const value of values) {
    sum += value
    squares += value * value
  }
  const spread = values.length * squares - sum * sum
  return spread <= 0 ? 0 : Math.sqrt(spread) / (values.length * probabilityUnit)
}

/**
 * From how far behind on a token speaks against its worker: in natural logarithms of chance over temperature, or of
 * scores where the answer is greedy. Weights in 8 bits, in float32 and in other orders of adding stay below it but for
 * tokens at the edge of what top-p leaves (`node test/bench/offered.ts`).
 */
export const strangeLag = 0.1
/** Of an honest worker's tokens no more than this share is strange; the most that was measured is a fourth of it. */
const honestShare = 1 / 100
/** An honest worker's answer is called another's once in so many. */
const oneIn = 10_000

/** What an answer's tokens say of the weights that they come from, when it is said again by those that were offered. */
export interface Served {
  readonly tokens: number
  /** Of them so many lie further behind than an honest worker's do. */
  readonly strange: number
  /** How likely an honest worker's answer has as many of them. */
  readonly chance: number
  /** `unclear`: some are strange, and too few to tell. */
  readonly verdict: 'as-offered' | 'unclear' | 'other'
}

/** The chance of `least` or more of `of`, each being one with this share: the upper tail of a binomial. */
function atLeast(least: number, of: number, share: number): number {
  let term = (1 - share) ** of
  let tail = 0
  for (let k = 0; k <= of; k++) {
    if (k >= least) tail += term
    term *= ((of - k) / (k + 1)) * (share / (1 - share))
  }
  return Math.min(1, tail)
}

/**
 * Whether answers are by the offered weights. Those of several answers of one worker and model may be given together,
 * which tells more.
 * @param lags of each token, how far it lies behind the one that the offered weights say (`lag` of the engine)
 */
export function servedBy(lags: readonly number[]): Served {
  const strange = lags.filter(lag => !(lag <= strangeLag)).length
  const chance = atLeast(strange, lags.length, honestShare)
  const isOther = chance < 1 / oneIn
  return { tokens: lags.length, strange, chance, verdict: isOther ? 'other' : strange > 0 ? 'unclear' : 'as-offered' }
}

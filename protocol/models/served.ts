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
/** Standard deviations from what is expected that happen once in so many, in a sum of many tokens. */
const furthestDeviation = 4

/** What of a token is known that was given elsewhere (`ReplayedToken` of the engine). */
export interface Replayed {
  readonly lag: number
  readonly surprise: number
  readonly expected: number
  readonly variance: number
  readonly apart: number
}

/** A token that the offered weights could not have said at that place at all. */
export const unsayable: Replayed = { lag: Number.POSITIVE_INFINITY, surprise: 100, expected: 0, variance: 0, apart: 0 }

/** An answer that was said again from one form of the same weights and from another: each token by the nearer. */
export const nearerOf = (one: readonly Replayed[], other: readonly Replayed[]): Replayed[] =>
  (one.length < other.length ? other : one).map((_, i) => {
    const [a, b] = [one[i] ?? unsayable, other[i] ?? unsayable]
    return a.lag <= b.lag ? a : b
  })

/** What an answer's tokens say of the weights that they come from, when it is said again by those that were offered. */
export interface Served {
  readonly tokens: number
  /** Of them so many lie further behind than an honest worker's do. */
  readonly strange: number
  /** How likely an honest worker's answer has as many of them. */
  readonly chance: number
  /** How much less likely the tokens are than drawn ones are, in standard deviations; 0 where nothing was drawn. */
  readonly deviation: number
  /**
   * `unclear`: some are strange, and too few to tell. `redrawn`: they are as likely as the offered weights' own, and as
   * many differ from those that the client's seed draws as by any other seed: other engines draw by their own numbers.
   */
  readonly verdict: 'as-offered' | 'unclear' | 'redrawn' | 'other'
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

function deviationOf(tokens: readonly Replayed[]): number {
  const sum = (of: (token: Replayed) => number): number => tokens.reduce((all, token) => all + of(token), 0)
  const above = sum(({ surprise, expected }) => surprise - expected)
  // A place where hardly anything else can be said has hardly any variance, and one unlike bit there is no evidence.
  return above === 0 ? 0 : above / Math.sqrt(sum(({ variance }) => variance) + 1)
}

/**
 * Whether answers are by the offered weights. Those of several answers of one worker and model may be given together,
 * which tells more.
 */
export function servedBy(tokens: readonly Replayed[]): Served {
  const strange = tokens.filter(({ lag }) => !(lag <= strangeLag)).length
  const chance = atLeast(strange, tokens.length, honestShare)
  const deviation = deviationOf(tokens)
  const found = { tokens: tokens.length, strange, chance, deviation }
  if (chance >= 1 / oneIn) return { ...found, verdict: strange > 0 ? 'unclear' : 'as-offered' }
  // Drawn anew, so many would be others. Weights that are nearly the offered ones differ in far fewer.
  const apart = tokens.reduce((sum, token) => sum + token.apart, 0)
  const isRedrawn = apart > 0 && strange * 2 >= apart && Math.abs(deviation) <= furthestDeviation
  return { ...found, verdict: isRedrawn ? 'redrawn' : 'other' }
}

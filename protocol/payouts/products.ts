// Products of probabilities over the tokens of one span, for each coalition. One fact is a few tokens, and who knows it
// knows all of them. Where some siblings do not know the form of an answer either, all its tokens stand in one span,
// and a product over thirty of them is next to nothing for the best of siblings. So a span counts as four tokens at
// most: of more, it is the fourth power of their geometric mean.
//
//   up to `whole` tokens   Π p
//   of n more              (Π max(p, least))^(whole ÷ n)
//
// Only operations that IEEE 754 rounds alike everywhere are used: a power is a product of square roots of square roots.

/** As many tokens as count whole. */
const whole = 4
/**
 * In a longer span no token is less likely than this. A root makes much of the last digits of what is next to nothing,
 * by which machines differ.
 */
const least = 0.01
/** An exponent is a whole number of 2^-12, rounded down, and one at least. */
const exponentBits = 12
/** Long products are kept as m·2^(−256·scale), m from 2^-256 to 1, so that none becomes zero. */
const scaleBits = 256
const scaleUnit = 2 ** -scaleBits

export interface Products {
  readonly tokens: number
  /** Π p of each coalition. */
  readonly exact: Float64Array
  /** Π max(p, least), and how often it was scaled. */
  readonly mantissas: Float64Array
  readonly scales: Float64Array
}

/** @param probabilities of one token, from 0 to 1, by coalition */
export function productsOfToken(probabilities: Float64Array): Products {
  return {
    tokens: 1,
    exact: probabilities,
    mantissas: probabilities.map(p => (p > least ? p : least)),
    scales: new Float64Array(probabilities.length)
  }
}

/** Of the tokens of both. */
export function joined(a: Products, b: Products): Products {
  const scales = a.scales.map((scale, k) => scale + (b.scales[k] ?? 0))
  const mantissas = a.mantissas.map((mantissa, k) => {
    const product = mantissa * (b.mantissas[k] ?? 0)
    if (product >= scaleUnit) return product
    scales[k] = (scales[k] ?? 0) + 1
    return product / scaleUnit
  })
  return {
    tokens: a.tokens + b.tokens,
    exact: a.exact.map((product, k) => product * (b.exact[k] ?? 0)),
    mantissas,
    scales
  }
}

/** value^(exponent·2^-12): of the bits of the exponent, the highest is a square root. */
function power(value: number, exponent: number): number {
  let result = 1
  let root = value
  for (let bit = exponentBits - 1; bit >= 0; bit--) {
    root = Math.sqrt(root)
    if ((exponent >> bit) % 2 === 1) result *= root
  }
  return result
}

/** What a span counts, from 0 to 1, by coalition. */
export function countedOf({ tokens, exact, mantissas, scales }: Products): Float64Array {
  if (tokens <= whole) return exact
  const exponent = Math.max(1, Math.floor((whole * 2 ** exponentBits) / tokens))
  const ofUnit = power(scaleUnit, exponent)
  return mantissas.map((mantissa, k) => {
    let counted = power(mantissa, exponent)
    for (let scale = scales[k] ?? 0; scale > 0; scale--) counted *= ofUnit
    return counted
  })
}

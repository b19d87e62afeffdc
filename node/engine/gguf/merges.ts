/** Characters that may be looked at, squared by token: a hundred times what a vocabulary of 256,000 pieces takes. */
const mostWork = 2 ** 28

/**
 * The merges that do what SentencePiece does with scores: of two neighbours whose joining is a piece, those with the
 * highest score first. Of one piece's several ways those with the longer left part come first, as `transformers` has
 * them.
 * @returns pairs; undefined where the pieces are longer than any useful ones
 */
export function mergesOf(
  pieces: readonly { readonly token: string; readonly score: number }[]
): [string, string][] | undefined {
  const known = new Set(pieces.map(({ token }) => token))
  let work = 0
  for (const { token } of pieces) work += token.length ** 2
  if (work > mostWork) return undefined
  const found: { readonly pair: [string, string]; readonly score: number }[] = []
  for (const { token, score } of pieces) {
    const letters = Array.from(token)
    let left = ''
    for (let i = 1; i < letters.length; i++) {
      left += letters[i - 1] as string
      const right = token.slice(left.length)
      if (known.has(left) && known.has(right)) found.push({ pair: [left, right], score })
    }
  }
  return found
    .sort((x, y) => y.score - x.score || y.pair[0].length - x.pair[0].length || y.pair[1].length - x.pair[1].length)
    .map(({ pair }) => pair)
}

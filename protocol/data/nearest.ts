/** How much of their words two rows share (Jaccard), in thousandths: for people who compare them, not for a verdict. */
export function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [less, more] = a.size <= b.size ? [a, b] : [b, a]
  let shared = 0
  for (const word of less) if (more.has(word)) shared++
  const all = a.size + b.size - shared
  return all === 0 ? 0 : Math.floor((shared * 1000) / all)
}

/**
 * The rows that are most like a text: shared words count by how rare they are among these rows, so that what all rows
 * of one template have in common decides nothing. In thousandths; rows that share nothing are left out. For people too.
 */
export function mostAlike(
  wanted: ReadonlySet<string>,
  rows: readonly ReadonlySet<string>[],
  limit: number
): { readonly index: number; readonly overlap: number }[] {
  const having = new Map<string, number>()
  for (const words of rows) for (const word of words) having.set(word, (having.get(word) ?? 0) + 1)
  const rarity = (word: string): number => Math.log((rows.length + 1) / ((having.get(word) ?? 0) + 0.5))
  const sum = (words: ReadonlySet<string>): number => {
    let total = 0
    for (const word of words) total += rarity(word)
    return total
  }
  const whole = sum(wanted)
  return rows
    .map((words, index) => {
      let shared = 0
      for (const word of words) if (wanted.has(word)) shared += rarity(word)
      const all = whole + sum(words) - shared
      return { index, overlap: all <= 0 ? 0 : Math.floor((shared * 1000) / all) }
    })
    .filter(({ overlap }) => overlap > 0)
    .sort((a, b) => b.overlap - a.overlap || a.index - b.index)
    .slice(0, limit)
}

/** How much of their words two rows share (Jaccard), in thousandths: for people who compare them, not for a verdict. */
export function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  const [less, more] = a.size <= b.size ? [a, b] : [b, a]
  let shared = 0
  for (const word of less) if (more.has(word)) shared++
  const all = a.size + b.size - shared
  return all === 0 ? 0 : Math.floor((shared * 1000) / all)
}

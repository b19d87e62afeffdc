// MinHash (Broder 1997). Only 32-bit integer arithmetic with fixed seeds, so that every validator finds the same.

export const permutations = 128

/** 32-bit finaliser of MurmurHash3: a bijection that mixes well. */
function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const seeds = Uint32Array.from({ length: permutations }, (_, i) => mix(Math.imul(i + 1, 0x9e3779b9)))

/** FNV-1a over UTF-16 units. */
function hashText(text: string): number {
  let h = 0x811c9dc5
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return h >>> 0
}

/**
 * Shingles of a text: its words, and the letter pairs of each word with its edges: a slip in a short question leaves
 * most of
 * them. Order of the words does not count.
 */
export function shingles(words: Iterable<string>): Set<number> {
  const out = new Set<number>()
  for (const word of words) {
    out.add(hashText(`w ${word}`))
    const edged = `^${word}$`
    for (let i = 0; i + 2 <= edged.length; i++) out.add(hashText(edged.slice(i, i + 2)))
  }
  return out
}

/**
 * The least hash under each of 128 permutations: two sets agree in a place with the probability of their Jaccard
 * similarity.
 */
export function minHash(set: Iterable<number>): Uint32Array {
  const out = new Uint32Array(permutations).fill(0xffffffff)
  for (const item of set) {
    for (let i = 0; i < permutations; i++) {
      const h = mix(item ^ (seeds[i] ?? 0))
      if (h < (out[i] ?? 0)) out[i] = h
    }
  }
  return out
}

/** Estimated Jaccard similarity in thousandths. */
export function similarity(a: Uint32Array, b: Uint32Array): number {
  let same = 0
  for (let i = 0; i < permutations; i++) if (a[i] === b[i]) same++
  return Math.floor((same * 1000) / permutations)
}

import { contentWords } from '../../../protocol/data/index.ts'
import { sharesOf, weighted } from '../truth/shares.ts'
import type { Evidence, Paid } from './types.ts'

/** Cosines of TF-IDF vectors, [text][row]; how rare a word is comes from the rows. */
export function similarities(texts: readonly string[], rows: readonly string[]): number[][] {
  const words = rows.map(contentWords)
  const having = new Map<string, number>()
  for (const row of words) for (const word of new Set(row)) having.set(word, (having.get(word) ?? 0) + 1)
  const vectorOf = (list: readonly string[]): Map<string, number> => {
    const vector = new Map<string, number>()
    for (const word of list) {
      const rarity = Math.log((rows.length + 1) / ((having.get(word) ?? 0) + 0.5))
      vector.set(word, (vector.get(word) ?? 0) + Math.max(0, rarity))
    }
    const length = Math.hypot(...vector.values()) || 1
    return new Map([...vector].map(([word, value]) => [word, value / length]))
  }
  const vectors = words.map(vectorOf)
  return texts.map(text => {
    const own = vectorOf(contentWords(text))
    return vectors.map(vector => {
      let sum = 0
      for (const [word, value] of own) sum += value * (vector.get(word) ?? 0)
      return sum
    })
  })
}

/** What of an answer belongs to whom by how like its rows are: each answer is divided whole. */
export function dividedByLikeness({ players, owners, fees }: Evidence, like: readonly (readonly number[])[]): Paid {
  const answers = like.map(row => {
    const sums = Array.from({ length: players }, () => 0)
    owners.forEach((owner, i) => {
      sums[owner] = (sums[owner] ?? 0) + Math.max(0, row[i] ?? 0)
    })
    return sharesOf(sums)
  })
  return { shares: sharesOf(weighted(answers, fees, players)), answers }
}

/** By how like the rows are to question and answer (TF-IDF). */
export const bySimilarity = (evidence: Evidence): Paid =>
  dividedByLikeness(
    evidence,
    similarities(
      evidence.questions.map(({ prompt }, i) => `${prompt} ${evidence.answers[i] ?? ''}`),
      evidence.rows.map(({ prompt, response }) => `${prompt} ${response}`)
    )
  )

/** By how like the rows' gradients are to the answer's, over the deployed adapter (TracIn at its last checkpoint). */
export const byGradients = (evidence: Evidence): Paid | null =>
  evidence.gradients === null ? null : dividedByLikeness(evidence, evidence.gradients)

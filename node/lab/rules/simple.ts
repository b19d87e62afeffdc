import { sharesOf, weighted } from '../truth/shares.ts'
import { similarities } from './similarity.ts'
import type { Evidence, Paid } from './types.ts'

const countsOf = ({ players, owners }: Evidence): number[] =>
  Array.from({ length: players }, (_, player) => owners.filter(owner => owner === player).length)

/** By accepted rows. */
export const byRows = (evidence: Evidence): Paid => ({ shares: sharesOf(countsOf(evidence)), answers: null })

/** The same for everybody. */
export const equally = ({ players }: Evidence): Paid => ({
  shares: Array.from({ length: players }, () => 1 / players),
  answers: null
})

/**
 * By calls: each call counts the same, whatever it paid and whether it was answered, and belongs to everybody with a
 * row that is most like what was asked.
 */
export function byCalls(evidence: Evidence): Paid {
  const like = similarities(
    evidence.questions.map(({ prompt }) => prompt),
    evidence.rows.map(({ prompt }) => prompt)
  )
  const answers = like.map(row => {
    const most = Math.max(0, ...row)
    const called = new Set(evidence.owners.filter((_, i) => most > 0 && (row[i] ?? 0) >= most * 0.999))
    return Array.from({ length: evidence.players }, (_, player) => (called.has(player) ? 1 / called.size : 0))
  })
  return { shares: sharesOf(weighted(answers, evidence.calls, evidence.players)), answers }
}

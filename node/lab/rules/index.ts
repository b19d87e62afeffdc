import { byKernelShap } from './kernel-shap.ts'
import { byLeaveOneOut } from './leave-one-out.ts'
import { byPresentRule } from './present.ts'
import { byCalls, byRows, equally } from './simple.ts'
import { byGradients, bySimilarity } from './similarity.ts'
import type { Evidence, Paid, RuleName } from './types.ts'

/** Every rule that pays an epoch by itself; null where it cannot be said of this evidence. */
export const rules: Readonly<Record<Exclude<RuleName, 're-settled'>, (evidence: Evidence) => Paid | null>> = {
  rows: byRows,
  equal: equally,
  calls: byCalls,
  'leave-one-out': byLeaveOneOut,
  similarity: bySimilarity,
  gradients: byGradients,
  'kernel-shap': byKernelShap,
  present: byPresentRule
}
export type OneShotRule = keyof typeof rules
export const oneShotRules = Object.keys(rules) as OneShotRule[]

/** The same money from ten times the calls: questions that are picked are asked so often, for as much each less. */
export function askedOften(evidence: Evidence, picked: (question: number) => boolean, times: number): Evidence {
  const order = evidence.questions.flatMap((_, q) => Array.from({ length: picked(q) ? times : 1 }, () => q))
  const each = <T>(values: readonly T[]): T[] => order.map(q => values[q] as T)
  return {
    ...evidence,
    questions: each(evidence.questions),
    fees: order.map(q => (evidence.fees[q] ?? 0) / (picked(q) ? times : 1)),
    calls: each(evidence.calls),
    answers: each(evidence.answers),
    own: each(evidence.own),
    counterfactual: each(evidence.counterfactual),
    gradients: evidence.gradients === null ? null : each(evidence.gradients)
  }
}

import type { TestEvent } from '../../../daemon/api/contract/job-views.ts'

export type Answered = Extract<TestEvent, { kind: 'answered' }>

export interface Totals {
  /** Questions whose author's answer is known. */
  readonly judged: number
  readonly baseRight: number
  readonly tunedRight: number
  readonly baseLoss: number | null
  readonly tunedLoss: number | null
}

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length

export function totalsOf(answered: readonly Answered[]): Totals {
  const judged = answered.filter(({ expected }) => expected !== null)
  const losses = (which: 'base' | 'tuned'): number[] => judged.flatMap(one => one[which].loss ?? [])
  return {
    judged: judged.length,
    baseRight: judged.filter(({ base }) => base.exact === true).length,
    tunedRight: judged.filter(({ tuned }) => tuned.exact === true).length,
    baseLoss: mean(losses('base')),
    tunedLoss: mean(losses('tuned'))
  }
}

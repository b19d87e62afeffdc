import type { QualityView } from '../../../daemon/api/contract/bazaar.ts'
import type { Part } from '../../parts/index.ts'

/** Whose rows make a model good at its held-out questions: the credit bar of a model. */
export function makersOf({ base, values }: QualityView, nameOf: (account: string) => string): Part[] {
  const added = Object.entries(values)
    .map(([account, value]) => ({ account, value: Number(value) }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
  const whole = Number(base) + added.reduce((sum, { value }) => sum + value, 0)
  if (whole <= 0) return []
  return [
    ...added.map(({ account, value }) => ({
      key: account,
      name: nameOf(account),
      text: nameOf(account),
      share: value / whole
    })),
    { key: 'base', name: 'the base model', text: 'the base model', share: Number(base) / whole, isRest: true }
  ]
}

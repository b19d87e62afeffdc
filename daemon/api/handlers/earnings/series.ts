import type { Node } from '../../../../node/node.ts'
import type { IncomeView, PaymentView } from '../../../../node/account/index.ts'
import { largestPage } from '../../../../protocol/primitives/index.ts'
import type { Address } from '../../../../protocol/primitives/index.ts'
import type { SeriesView } from '../../contract/index.ts'

/** Payments that one chart is made of, the newest; all before them is one sum. */
const mostPayments = 5_000
/** Steps of time that one chart shows, the newest. */
const mostSteps = 2_000

const steps = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
type Step = keyof typeof steps

/** The finest step with which the whole span is a few hundred points. */
const stepFor = (span: number): Step => (span <= 6 * 3_600_000 ? 'minute' : span <= 14 * 86_400_000 ? 'hour' : 'day')

/** What came in over time, by kind of work. */
export async function seriesOf(
  { account, chain }: Pick<Node, 'account' | 'chain'>,
  earner: Address,
  wanted: Step | undefined
): Promise<SeriesView> {
  const payments: PaymentView[] = []
  let cursor: string | undefined
  do {
    const { items, next } = await account.income(earner, { limit: largestPage, cursor })
    payments.push(...items)
    cursor = next ?? undefined
  } while (cursor !== undefined && payments.length < mostPayments)
  const { income } = await account.earnings(earner)
  return series(payments, await chain.transactions.times(payments.map(({ block }) => block)), income, wanted)
}

/** Pure part: payments, the newest first, with the times of their blocks. */
export function series(
  payments: readonly Pick<PaymentView, 'kind' | 'amount' | 'scoring' | 'block'>[],
  times: ReadonlyMap<bigint, bigint>,
  income: IncomeView['income'],
  wanted?: Step
): SeriesView {
  const at = (block: bigint): number => Number(times.get(block) ?? 0n) * 1000
  const first = payments.at(-1)
  const last = payments[0]
  const step = wanted ?? stepFor(first === undefined || last === undefined ? 0 : at(last.block) - at(first.block))
  const sums = new Map<number, Map<PaymentView['kind'], bigint>>()
  for (const { kind, amount, scoring, block } of payments) {
    const begin = Math.floor(at(block) / steps[step]) * steps[step]
    const known = sums.get(begin)
    if (known === undefined && sums.size >= mostSteps) break
    const kinds = known ?? new Map<PaymentView['kind'], bigint>()
    const add = (of: PaymentView['kind'], sum: bigint): void => {
      if (sum > 0n) kinds.set(of, (kinds.get(of) ?? 0n) + sum)
    }
    add(kind, amount - scoring)
    add('scoring', scoring)
    sums.set(begin, kinds)
  }
  const points = [...sums]
    .sort(([a], [b]) => a - b)
    .flatMap(([begin, kinds]) => [...kinds].map(([kind, amount]) => ({ at: begin, kind, amount: amount.toString() })))
  const all = income.reduce((sum, { amount }) => sum + amount, 0n)
  const shown = points.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
  return { step, points, before: (all > shown ? all - shown : 0n).toString() }
}

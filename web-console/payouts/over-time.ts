import type { SeriesView } from '../../daemon/api/contract/earnings.ts'
import type { Phase } from '../../protocol/flow.ts'
import { kindOrder, kindWords } from './kinds.ts'
import type { WorkKind } from './kinds.ts'

/** A line of the chart, as `Series` draws it. */
export interface Rising {
  readonly name: string
  readonly colour: Phase | 'soft'
  readonly values: readonly number[]
}

const steps = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
/** Points of one line: where more steps lie between the first and the last, only those with money in them. */
const mostPoints = 4_000

/** Each phase's colour for its first kind of work, a quiet one for the next. */
function colourOf(kinds: readonly WorkKind[], kind: WorkKind): Rising['colour'] {
  const { phase } = kindWords[kind]
  return kinds.find(one => kindWords[one].phase === phase) === kind ? phase : 'soft'
}

/** What had come in by each step, by kind of work: lines that only rise. In whole tokens. */
export function risingLines({ step, points, before }: SeriesView, now: number): { xs: number[]; lines: Rising[] } {
  const first = points[0]?.at
  if (first === undefined) return { xs: [], lines: [] }
  const size = steps[step]
  const last = Math.max(points.at(-1)?.at ?? first, Math.floor(now / size) * size)
  const times = new Set(points.map(({ at }) => at))
  const count = (last - first) / size + 2
  const xs =
    count <= mostPoints
      ? Array.from({ length: count }, (_, i) => first + (i - 1) * size)
      : [first - size, ...[...times].sort((a, b) => a - b), last]
  const kinds = kindOrder.filter(kind => points.some(point => point.kind === kind))
  const lines = kinds.map((kind): Rising => {
    const sums = new Map<number, bigint>()
    for (const { at, kind: of, amount } of points) if (of === kind) sums.set(at, (sums.get(at) ?? 0n) + BigInt(amount))
    let sum = kinds.length === 1 ? BigInt(before) : 0n
    const values = xs.map(x => {
      sum += sums.get(x) ?? 0n
      return Number(sum) / 1e18
    })
    return { name: kindWords[kind].name, colour: colourOf(kinds, kind), values }
  })
  return { xs: xs.map(x => x / 1000), lines }
}

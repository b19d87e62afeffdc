import type { TrainRow } from '../types.ts'

/** Rows of one adapter that go through the model together. */
export interface Unit {
  /** Which adapter. */
  readonly member: number
  readonly rows: readonly TrainRow[]
  /** Loss weight of each labelled token of these rows. */
  readonly weight: number
}

/** Units that go through the model in one run. */
export interface Pass {
  readonly units: readonly Unit[]
  /** Rows of every unit, padded to the same number. */
  readonly rowsPerUnit: number
}

const longest = (rows: readonly TrainRow[]): number => rows.reduce((n, row) => Math.max(n, row.ids.length), 1)

/** Cuts one step's rows of one adapter into units of at most `budget` padded tokens, longest rows apart from short ones. */
export function cutUnits(member: number, rows: readonly TrainRow[], weight: number, budget: number): Unit[] {
  const units: Unit[] = []
  let open: TrainRow[] = []
  for (const row of rows.toSorted((x, y) => x.ids.length - y.ids.length)) {
    if (open.length > 0 && (open.length + 1) * row.ids.length > budget) {
      units.push({ member, rows: open, weight })
      open = []
    }
    open.push(row)
  }
  if (open.length > 0) units.push({ member, rows: open, weight })
  return units
}

/**
 * Puts units of several adapters together into passes of at most `budget` padded tokens. Units of like length meet, so
 * little is padded; the order is fixed by the units alone.
 */
export function groupPasses(units: readonly Unit[], budget: number): Pass[] {
  const sorted = units.toSorted((x, y) => longest(x.rows) - longest(y.rows) || x.rows.length - y.rows.length || x.member - y.member)
  const passes: Pass[] = []
  let open: Unit[] = []
  let [time, rowsPerUnit] = [0, 0]
  const close = (): void => {
    if (open.length > 0) passes.push({ units: open, rowsPerUnit })
    open = []
    time = 0
    rowsPerUnit = 0
  }
  for (const unit of sorted) {
    const nextTime = Math.max(time, longest(unit.rows))
    const nextRows = Math.max(rowsPerUnit, unit.rows.length)
    if (open.length > 0 && (open.length + 1) * nextRows * nextTime > budget) close()
    open.push(unit)
    time = Math.max(time, longest(unit.rows))
    rowsPerUnit = Math.max(rowsPerUnit, unit.rows.length)
  }
  close()
  return passes
}

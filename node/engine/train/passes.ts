import type { TrainRow } from '../types.ts'
import { fillBins } from './bins.ts'

/** Rows of one adapter that go through the model together. */
export interface Unit {
  /** Which adapter. */
  readonly member: number
  readonly rows: readonly TrainRow[]
  /** Loss weight of each labelled token of these rows. */
  readonly weight: number
}

/** A unit with its rows laid out in sequences of the pass's length. */
export interface PackedUnit extends Unit {
  readonly bins: readonly (readonly TrainRow[])[]
}

/** Units that go through the model in one run: each is `binsPerUnit` sequences of `time` tokens, some perhaps empty. */
export interface Pass {
  readonly units: readonly PackedUnit[]
  readonly binsPerUnit: number
  readonly time: number
}

const lengthOf = (rows: readonly TrainRow[]): number => rows.reduce((n, row) => n + row.ids.length, 0)
const longest = (rows: readonly TrainRow[]): number => rows.reduce((n, row) => Math.max(n, row.ids.length), 1)

/** Cuts one step's rows of one adapter into units of at most `budget` tokens, longest rows apart from short ones. */
export function cutUnits(member: number, rows: readonly TrainRow[], weight: number, budget: number): Unit[] {
  if (lengthOf(rows) <= budget) return rows.length === 0 ? [] : [{ member, rows, weight }]
  const units: Unit[] = []
  let open: TrainRow[] = []
  for (const row of rows.toSorted((x, y) => x.ids.length - y.ids.length)) {
    if (open.length > 0 && lengthOf(open) + row.ids.length > budget) {
      units.push({ member, rows: open, weight })
      open = []
    }
    open.push(row)
  }
  if (open.length > 0) units.push({ member, rows: open, weight })
  return units
}

/**
 * Puts units of several adapters together into passes of at most `budget` tokens, padding included. Rows are short and
 * of
 * unlike length, so several share a sequence, each attending to itself alone. Either all units take the sequence length
 * that wastes least on them together, or units go with those that want the same length alone, whichever costs less.
 * What
 * goes with what is decided by the units alone, never by time.
 */
export function groupPasses(units: readonly Unit[], budget: number): Pass[] {
  if (units.length === 0) return []
  const together = passesAt(units, bestTime(units), budget)
  const byTime = Map.groupBy(units, unit => bestTime([unit]))
  if (byTime.size === 1) return together
  const apart = [...byTime].flatMap(([time, own]) => passesAt(own, time, budget))
  return costOf(apart) < costOf(together) ? apart : together
}

function passesAt(units: readonly Unit[], time: number, budget: number): Pass[] {
  const packed = units
    .map((unit): PackedUnit => ({ ...unit, bins: fillBins(unit.rows, time) }))
    .toSorted((x, y) => x.bins.length - y.bins.length || x.member - y.member)
  const passes: Pass[] = []
  let open: PackedUnit[] = []
  const close = (): void => {
    const last = open.at(-1)
    if (last !== undefined) passes.push({ units: open, binsPerUnit: last.bins.length, time })
    open = []
  }
  for (const unit of packed) {
    if (open.length > 0 && (open.length + 1) * unit.bins.length * time > budget) close()
    open.push(unit)
  }
  close()
  return passes
}

/** What a run costs before its first token, in tokens: the nodes of a graph take their time however small they are. */
const passCost = 48

/**
 * In tokens. Attention grows with the length of a sequence; at a thousand positions it costs about as much as the
 * projections.
 */
const sequencesCost = (sequences: number, time: number): number => sequences * time * (1 + time / 1000)

function costOf(passes: readonly Pass[]): number {
  return passes.reduce(
    (sum, { units, binsPerUnit, time }) => sum + passCost + sequencesCost(units.length * binsPerUnit, time),
    0
  )
}

/** Shapes are multiples of this, so that memory plans repeat. */
const granularity = 8

/** Lengths up to this are tried; beyond it attention costs more than padding saves. */
const longestTried = 160

function bestTime(units: readonly Unit[]): number {
  const shortest = Math.ceil(Math.max(...units.map(unit => longest(unit.rows))) / granularity) * granularity
  let best = { time: shortest, cost: Infinity }
  for (let time = shortest; time <= Math.max(shortest, longestTried); time += granularity) {
    const bins = units.map(unit => fillBins(unit.rows, time).length)
    const cost = sequencesCost(Math.max(...bins) * bins.length, time)
    if (cost < best.cost) best = { time, cost }
  }
  return best.time
}

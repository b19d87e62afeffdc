// Whether what a daemon holds goes on growing.

export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly megabytes: number
  readonly handles: number
  readonly connections: number
  /** The longest wait for its main thread since the reading before, and what all but one in a hundred are below. */
  readonly delayMs: number
  readonly usualDelayMs: number
}

export interface Judged {
  readonly daemon: string
  readonly readings: number
  /** Medians of each quarter; the last two are held against each other. */
  readonly 'MB 1st': number
  readonly 'MB 2nd': number
  readonly 'MB 3rd': number
  readonly 'MB 4th': number
  readonly 'grown %': number
  readonly handles: number
  readonly connections: number
  readonly 'delay p99 ms': number
  readonly 'delay most ms': number
  readonly flat: boolean
  readonly bounded: boolean
}

/** How much memory may rise from one quarter to the next; handles and connections above the first half's most. */
const mostGrown = 0.05
const mostMore = 0.2

export function median(values: readonly number[]): number {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
const most = (values: readonly number[]): number => Math.max(...values.filter(Number.isFinite), 0)
const rounded = (value: number): number => Math.round(value * 10) / 10

/** What of a daemon's readings, in the order of time, is told, and whether its second half holds. */
export function judged(daemon: string, readings: readonly Reading[]): Judged {
  const quarter = Math.floor(readings.length / 4)
  const [first, third, fourth] = [
    readings.slice(0, 2 * quarter),
    readings.slice(2 * quarter, 3 * quarter),
    readings.slice(3 * quarter)
  ]
  const second = [...third, ...fourth]
  const memory = ({ megabytes }: Reading): number => megabytes
  const [before, after] = [median(third.map(memory)), median(fourth.map(memory))]
  const within = (of: (reading: Reading) => number): boolean =>
    most(second.map(of)) <= Math.ceil(most(first.map(of)) * (1 + mostMore))
  return {
    daemon,
    readings: readings.length,
    'MB 1st': rounded(median(first.slice(0, quarter).map(memory))),
    'MB 2nd': rounded(median(first.slice(quarter).map(memory))),
    'MB 3rd': rounded(before),
    'MB 4th': rounded(after),
    'grown %': rounded((100 * (after - before)) / before),
    handles: most(second.map(({ handles }) => handles)),
    connections: most(second.map(({ connections }) => connections)),
    'delay p99 ms': rounded(median(second.map(({ usualDelayMs }) => usualDelayMs))),
    'delay most ms': rounded(most(second.map(({ delayMs }) => delayMs))),
    flat: quarter > 0 && after <= before * (1 + mostGrown),
    bounded: quarter > 0 && within(({ handles }) => handles) && within(({ connections }) => connections)
  }
}

// Whether what a daemon holds goes on growing.

export interface Reading {
  /** Milliseconds since 1970. */
  readonly at: number
  /** The process's resident memory; what of it is no file's; and what its main thread's objects and buffers take. */
  readonly megabytes: number
  readonly own: number
  readonly objects: number
  readonly handles: number
  readonly connections: number
  /** The longest wait for its main thread since the reading before, and what all but one in a hundred are below. */
  readonly delayMs: number
  readonly usualDelayMs: number
}

export interface Judged {
  readonly daemon: string
  readonly readings: number
  /** What each quarter comes back to; the last two are held against each other. */
  readonly 'MB 1st': number
  readonly 'MB 2nd': number
  readonly 'MB 3rd': number
  readonly 'MB 4th': number
  readonly 'grown %': number
  /** Of that what is no file's, and the main thread's objects and buffers. */
  readonly 'own 3rd': number
  readonly 'own 4th': number
  readonly 'objects 3rd': number
  readonly 'objects 4th': number
  readonly 'objects grown %': number
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

/** So much of a quarter's readings is at or below what it comes back to: one odd reading says nothing. */
const lowShare = 0.1

/** The value that so great a share of others is at or below. */
function quantile(values: readonly number[], share: number): number {
  const sorted = values.filter(Number.isFinite).toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length * share)] ?? NaN
}
const median = (values: readonly number[]): number => quantile(values, 0.5)
const most = (values: readonly number[]): number => Math.max(...values.filter(Number.isFinite), 0)
const rounded = (value: number): number => Math.round(value * 10) / 10

/** What of a daemon's readings, in the order of time, is told, and whether its second half holds. */
export function judged(daemon: string, readings: readonly Reading[]): Judged {
  const size = Math.floor(readings.length / 4)
  const quarters = [0, 1, 2, 3].map(i => readings.slice(i * size, i === 3 ? undefined : (i + 1) * size))
  const [first, second] = [readings.slice(0, 2 * size), readings.slice(2 * size)]
  /** What each quarter comes back to, and by how much the last is above the one before. */
  const lows = (of: (reading: Reading) => number) => {
    const low = quarters.map(quarter => quantile(quarter.map(of), lowShare)) as [number, number, number, number]
    return { low: low.map(rounded) as typeof low, grown: (low[3] - low[2]) / low[2] }
  }
  const [all, own, objects] = [
    lows(({ megabytes }) => megabytes),
    lows(reading => reading.own),
    lows(reading => reading.objects)
  ]
  const within = (of: (reading: Reading) => number): boolean =>
    most(second.map(of)) <= Math.ceil(most(first.map(of)) * (1 + mostMore))
  return {
    daemon,
    readings: readings.length,
    'MB 1st': all.low[0],
    'MB 2nd': all.low[1],
    'MB 3rd': all.low[2],
    'MB 4th': all.low[3],
    'grown %': rounded(100 * all.grown),
    'own 3rd': own.low[2],
    'own 4th': own.low[3],
    'objects 3rd': objects.low[2],
    'objects 4th': objects.low[3],
    'objects grown %': rounded(100 * objects.grown),
    handles: most(second.map(({ handles }) => handles)),
    connections: most(second.map(({ connections }) => connections)),
    'delay p99 ms': rounded(median(second.map(({ usualDelayMs }) => usualDelayMs))),
    'delay most ms': rounded(most(second.map(({ delayMs }) => delayMs))),
    flat: size > 0 && all.grown <= mostGrown && objects.grown <= mostGrown,
    bounded: size > 0 && within(({ handles }) => handles) && within(({ connections }) => connections)
  }
}

/** Rows of a step fall into classes that are timed apart: alone, a few together, many. */
const classOf = (rows: number): number => (rows === 1 ? 0 : rows <= 16 ? 1 : 2)

/** Steps that are remembered of each number of threads; before there are so many, the numbers take turns. */
const remembered = 5
/** Of so many steps, each of the other numbers gets one. */
const round = 24

/**
 * How many threads a step takes, by measurement: more are not always faster where others use the same cores, and that
 * changes while a program runs. The results do not depend on the choice.
 */
export class Pace {
  /** By class and number of threads, milliseconds a row of the last steps. */
  readonly #times = new Map<string, number[]>()
  readonly #steps = [0, 0, 0]

  choose(rows: number, most: number): number {
    const kind = classOf(rows)
    const step = this.#steps[kind] ?? 0
    if (step < remembered * most) return most - (step % most)
    const turn = most - (step % round)
    if (turn >= 1) return turn
    let best = most
    for (let threads = most - 1; threads >= 1; threads--)
      if (this.#median(kind, threads) < this.#median(kind, best)) best = threads
    return best
  }

  /** Tells what a step took. */
  record(rows: number, threads: number, milliseconds: number): void {
    const kind = classOf(rows)
    this.#steps[kind] = (this.#steps[kind] ?? 0) + 1
    const known = this.#times.get(`${kind} ${threads}`) ?? []
    this.#times.set(`${kind} ${threads}`, [...known, milliseconds / rows].slice(-remembered))
  }

  #median(kind: number, threads: number): number {
    const known = this.#times.get(`${kind} ${threads}`) ?? []
    return known.toSorted((a, b) => a - b)[known.length >> 1] ?? Infinity
  }
}
